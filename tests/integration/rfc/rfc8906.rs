//! RFC 8906: what servers get wrong when they are asked something unusual.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::dns::Transport;

use super::options::{append_options, with_options};
use crate::support::answers::{Answers, assert_denied, query};

#[tokio::test]
async fn the_code_is_the_same_for_each_opcode_on_each_transport() {
    let answers = Answers::usual();
    for opcode in 0..16_u8 {
        for transport in Transport::ALL {
            let mut message = query("nomad", RecordType::SOA).to_vec().unwrap();
            message[2] = message[2] & 0x87 | opcode << 3;
            let out = answers.octets(&message, transport);
            let expected = if opcode == 0 { 0 } else { 4 };
            assert_eq!(out[3] & 0xf, expected, "opcode {opcode} over {transport:?}");
            assert_eq!((out[2] & 0x80, out[2] >> 3 & 0xf), (0x80, opcode));
        }
    }
}

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
