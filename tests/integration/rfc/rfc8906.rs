//! RFC 8906: what servers get wrong when they are asked something unusual.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::dns::{Section, Transport};

use super::options::{append_options, with_options};
use crate::support::answers::{Answers, assert_denied, query};

#[tokio::test]
async fn every_type_gets_an_answer() {
    // §3.1.2: unknown types too.
    let answers = Answers::usual();
    for number in (1..=300).chain([1000, 32_768, 32_769, 65_280, 65_535]) {
        let record_type = RecordType::from(number);
        if matches!(number, 1 | 16 | 33 | 41 | 251 | 252 | 255) {
            continue;
        }
        let message = answers.ask("redis.default.nomad", record_type);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
}

#[tokio::test]
async fn header_bits_that_mean_nothing_are_not_given_back() {
    // §3.1.3: AD, and the Z bit.
    let answers = Answers::usual();
    for bits in [0x20, 0x40, 0x60] {
        let mut message = query("nomad", RecordType::SOA).to_vec().unwrap();
        message[3] |= bits;
        let out = answers.octets(&message, Transport::Udp);
        assert_eq!(out[3], 0, "bits {bits:x}");
    }
}

#[tokio::test]
async fn recursion_desired_comes_back_and_is_not_offered() {
    let answers = Answers::usual();
    for asked in [0, 1] {
        let mut message = query("nomad", RecordType::SOA).to_vec().unwrap();
        message[2] = message[2] & !1 | asked;
        let out = answers.octets(&message, Transport::Udp);
        assert_eq!((out[2] & 1, out[3] & 0x80), (asked, 0));
    }
}

#[tokio::test]
async fn flags_of_edns_that_mean_nothing_are_not_given_back() {
    // §3.2.3.
    let mut message = with_options(&[]);
    let flags = message.len() - 4;
    message[flags..flags + 2].copy_from_slice(&[0x7f, 0xff]);
    let out = Answers::usual().octets(&message, Transport::Udp);
    assert_eq!(out[out.len() - 4..out.len() - 2], [0, 0]);
}

#[tokio::test]
async fn another_version_of_edns_is_badvers_whatever_else_it_has() {
    // §3.2.1, §3.2.4, §3.2.5: with an unknown option and with unknown flags.
    let answers = Answers::usual();
    for version in [1, 2, 255] {
        let mut message = query("nomad", RecordType::SOA).to_vec().unwrap();
        let at = message.len() - 11 + 6;
        message[at] = version;
        message[at + 2] = 0x40;
        append_options(&mut message, &[(100, b"x")]);
        let out = answers.octets(&message, Transport::Udp);
        let opt = &out[out.len() - 11..];
        assert_eq!(
            (out[3] & 0xf, opt[5], opt[6]),
            (0, 1, 0),
            "version {version}"
        );
        assert_eq!(out[6..8], [0, 0], "no answer");
    }
}

#[tokio::test]
async fn an_answer_over_tcp_is_never_truncated_to_what_udp_takes() {
    // §3.2.6.
    let message = Answers::usual().ask("redis.default.nomad", RecordType::SRV);
    assert!(!message.metadata.truncation);
}

#[tokio::test]
async fn bits_of_the_header_mean_nothing_with_another_opcode() {
    // §3.1.4: neither RD nor CD come back, nor anything that was set for a query.
    let answers = Answers::usual();
    for opcode in 1..16_u8 {
        for transport in [Transport::Udp, Transport::Tcp, Transport::Doh] {
            let mut message = [0_u8; 12];
            (message[2], message[3]) = (0x07 | opcode << 3, 0xf0);
            let out = answers.octets(&message, transport);
            assert_eq!((out[2], out[3]), (0x80 | opcode << 3, 4), "opcode {opcode}");
            assert_eq!(out[4..], [0; 8], "opcode {opcode}");
        }
    }
}

/// One query as ISC's genreport asks it: the two octets of bits, the type, the OPT and its options.
struct Case {
    name: &'static str,
    bits: [u8; 2],
    record_type: u16,
    /// The payload, the version and the flags.
    edns: Option<(u16, u8, u16)>,
    options: &'static [(u16, &'static [u8])],
}

const SOA: u16 = 6;
const DNSKEY: u16 = 48;
const NSID: (u16, &[u8]) = (3, b"");
const SUBNET: (u16, &[u8]) = (8, &[0, 1, 0, 0]);
const EXPIRE: (u16, &[u8]) = (9, b"");
const COOKIE: (u16, &[u8]) = (10, &[1, 2, 3, 4, 5, 6, 7, 8]);
const UNKNOWN: (u16, &[u8]) = (100, b"");

/// Those of its tests that are queries; each is asked over UDP and over TCP.
#[rustfmt::skip]
const CASES: &[Case] = &[
    case("dns",         [0, 0],    SOA,    None,                    &[]),
    case("aa",          [4, 0],    SOA,    None,                    &[]),
    case("ad",          [0, 0x20], SOA,    None,                    &[]),
    case("cd",          [0, 0x10], SOA,    None,                    &[]),
    case("ra",          [0, 0x80], SOA,    None,                    &[]),
    case("rd",          [1, 0],    SOA,    None,                    &[]),
    case("tc",          [2, 0],    SOA,    None,                    &[]),
    case("zflag",       [0, 0x40], SOA,    None,                    &[]),
    case("type666",     [0, 0],    666,    None,                    &[]),
    case("edns",        [0, 0],    SOA,    Some((4096, 0, 0)),      &[]),
    case("edns1",       [0, 0],    SOA,    Some((4096, 1, 0)),      &[]),
    case("edns@512",    [0, 0],    DNSKEY, Some((512, 0, 0)),       &[]),
    case("ednsopt",     [0, 0],    SOA,    Some((4096, 0, 0)),      &[UNKNOWN]),
    case("edns1opt",    [0, 0],    SOA,    Some((4096, 1, 0)),      &[UNKNOWN]),
    case("do",          [0, 0],    SOA,    Some((4096, 0, 0x8000)), &[]),
    case("docd",        [0, 0x10], SOA,    Some((4096, 0, 0x8000)), &[]),
    case("edns1do",     [0, 0],    SOA,    Some((4096, 1, 0x8000)), &[]),
    case("ednsflags",   [0, 0],    SOA,    Some((4096, 0, 0x0080)), &[]),
    case("optlist",     [0, 0],    SOA,    Some((4096, 0, 0)),      &[NSID, SUBNET, EXPIRE, COOKIE]),
    case("ednsnsid",    [0, 0],    SOA,    Some((4096, 0, 0)),      &[NSID]),
    case("ednscookie",  [0, 0],    SOA,    Some((4096, 0, 0)),      &[COOKIE]),
    case("ednsexpire",  [0, 0],    SOA,    Some((4096, 0, 0)),      &[EXPIRE]),
    case("ednssubnet",  [0, 0],    SOA,    Some((4096, 0, 0)),      &[SUBNET]),
    case("edns1nsid",   [0, 0],    SOA,    Some((4096, 1, 0)),      &[NSID]),
    case("edns1cookie", [0, 0],    SOA,    Some((4096, 1, 0)),      &[COOKIE]),
    case("edns1expire", [0, 0],    SOA,    Some((4096, 1, 0)),      &[EXPIRE]),
    case("edns1subnet", [0, 0],    SOA,    Some((4096, 1, 0)),      &[SUBNET]),
    case("ednstcp",     [0, 0],    DNSKEY, Some((512, 0, 0x8000)),  &[]),
    case("bind11",      [0, 0],    SOA,    Some((4096, 0, 0x8000)), &[COOKIE]),
    case("dig11",       [1, 0x20], SOA,    Some((4096, 0, 0)),      &[COOKIE]),
];

const fn case(
    name: &'static str,
    bits: [u8; 2],
    record_type: u16,
    edns: Option<(u16, u8, u16)>,
    options: &'static [(u16, &'static [u8])],
) -> Case {
    Case {
        name,
        bits,
        record_type,
        edns,
        options,
    }
}

impl Case {
    fn message(&self) -> Vec<u8> {
        let mut message = vec![
            0x12,
            0x34,
            self.bits[0],
            self.bits[1],
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        message.extend_from_slice(b"\x05nomad\0");
        message.extend_from_slice(&self.record_type.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        if let Some((payload, version, flags)) = self.edns {
            message[11] = 1;
            message.extend_from_slice(&[0, 0, 41]);
            message.extend_from_slice(&payload.to_be_bytes());
            message.extend_from_slice(&[0, version]);
            message.extend_from_slice(&flags.to_be_bytes());
            message.extend_from_slice(&[0, 0]);
            append_options(&mut message, self.options);
        }
        message
    }

    fn check(&self, out: &[u8], transport: Transport) {
        let what = format!("{} over {transport:?}", self.name);
        let answer = nomadns::dns::wire::Message::read(out).unwrap();
        let is_other_version = self.edns.is_some_and(|(_, version, _)| version != 0);
        let code = if is_other_version { 16 } else { 0 };
        assert_eq!(answer.rcode().0, code, "{what}");
        // RD and CD come back; AA is ours; TC, RA, AD and Z are nobody's.
        let authoritative = if is_other_version { 0 } else { 4 };
        let bits = (0x80 | authoritative | self.bits[0] & 1, self.bits[1] & 0x10);
        assert_eq!((out[2], out[3] & 0xf0), bits, "{what}");
        let soas = |section| {
            let records = answer.records(section);
            records.filter(|record| record.record_type.0 == SOA).count()
        };
        let (asked, denied) = (self.record_type == SOA, self.record_type != SOA);
        let expected = (
            usize::from(asked && code == 0),
            usize::from(denied && code == 0),
        );
        let found = (soas(Section::Answer), soas(Section::Authority));
        assert_eq!(found, expected, "{what}");
        let opt = answer.opt();
        assert_eq!(opt.is_some(), self.edns.is_some(), "{what}");
        let Some((opt, (_, _, flags))) = opt.zip(self.edns) else {
            return;
        };
        assert_eq!((opt.version, opt.flags), (0, flags & 0x8000), "{what}");
        let options: Vec<u16> = opt.options().map(|(option, _)| option).collect();
        // Neither NSID, which has no value here, nor EXPIRE, which is of secondaries, nor the unknown.
        let mut may = self
            .options
            .iter()
            .map(|(option, _)| *option)
            .collect::<Vec<_>>();
        may.retain(|option| matches!(option, 8 | 10));
        assert_eq!(options, may, "{what}");
    }
}

#[tokio::test]
async fn every_query_of_iscs_suite_gets_what_it_has_to_get() {
    let answers = Answers::usual();
    for case in CASES {
        for transport in [Transport::Udp, Transport::Tcp] {
            let out = answers.octets(&case.message(), transport);
            case.check(&out, transport);
        }
    }
}
