//! RFC 6891: EDNS.

use hickory_proto::op::Edns;
use hickory_proto::rr::RecordType;
use nomadns::dns::Transport;

use crate::support::answers::{Answers, instance, query};

#[tokio::test]
async fn an_opt_answers_an_opt_and_nothing_else() {
    let answers = Answers::usual();
    for name in ["redis.default.nomad", "nope.default.nomad", "example.com"] {
        let message = answers.ask_udp(name, RecordType::A, Some(4096));
        let edns = message.edns.as_ref().expect("an OPT");
        assert_eq!((edns.version(), edns.max_payload()), (0, 1232));
        let message = answers.ask_udp(name, RecordType::A, None);
        assert!(message.edns.is_none(), "{name}");
    }
}

#[tokio::test]
async fn the_do_bit_comes_back() {
    let answers = Answers::usual();
    for asked in [true, false] {
        let mut message = query("redis.default.nomad", RecordType::A);
        let mut edns = Edns::new();
        edns.set_dnssec_ok(asked);
        message.edns = Some(edns);
        let answer = answers.exchange(&message.to_vec().unwrap(), Transport::Udp);
        assert_eq!(answer.edns.unwrap().flags().dnssec_ok, asked);
    }
}

#[tokio::test]
async fn another_version_is_badvers() {
    let answers = Answers::usual();
    let mut message = query("redis.default.nomad", RecordType::A);
    message.edns.as_mut().unwrap().set_version(1);
    let answer = answers.exchange(&message.to_vec().unwrap(), Transport::Udp);
    // By number: hickory has two names for it.
    assert_eq!(u16::from(answer.metadata.response_code), 16);
    assert_eq!(answer.edns.unwrap().version(), 0);
    assert!(answer.answers.is_empty());
}

#[tokio::test]
async fn two_opts_or_a_broken_one_are_a_format_error() {
    let answers = Answers::usual();
    let good = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    let opt = &good[good.len() - 11..];
    let mut two = [&good[..], opt].concat();
    two[11] = 2;
    let mut owner = good.clone();
    owner.splice(good.len() - 11..good.len() - 10, [1, b'x', 0]);
    let mut length = good.clone();
    *length.last_mut().unwrap() = 9;
    let option = [&good[..good.len() - 1], &[4, 0, 10, 0, 9]].concat();
    for (what, message) in [
        ("two", two),
        ("an owner", owner),
        ("a length", length),
        ("an option", option),
    ] {
        for transport in [Transport::Udp, Transport::Tcp, Transport::Doh] {
            let out = answers.octets(&message, transport);
            assert_eq!(out.get(3).map(|octet| octet & 0xf), Some(1), "{what}");
            assert_bare_with_opt(&out);
        }
    }
}

/// No question, no record but an OPT of version 0 without options.
fn assert_bare_with_opt(out: &[u8]) {
    assert_eq!(out[4..12], [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(out[12..], [0, 0, 41, 4, 208, out[17], 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn what_is_no_query_with_an_opt_gets_an_opt() {
    // §6.1.1: in every answer to a query with one.
    let answers = Answers::usual();
    let query = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    let with = |at: usize, value: u8| {
        let mut message = query.clone();
        message[at] = value;
        message
    };
    let other_opcodes = (1..16).map(|opcode| (with(2, opcode << 3), 4));
    let question = query[12..query.len() - 11].to_vec();
    let two_questions = [&with(5, 2)[..12], &question, &query[12..]].concat();
    let records = with(11, 17);
    let pointer = [
        &query[..12],
        b"\xc0\x0c\0\x01\0\x01",
        &query[query.len() - 11..],
    ]
    .concat();
    let all = other_opcodes.chain([(two_questions, 1), (records, 1), (pointer, 1)]);
    for (message, rcode) in all {
        let out = answers.octets(&message, Transport::Udp);
        assert_eq!(out[3] & 0xf, rcode, "{message:?}");
        assert_bare_with_opt(&out);
        let mut without = message[..message.len() - 11].to_vec();
        without[11] = 0;
        let out = answers.octets(&without, Transport::Udp);
        assert!(
            out.len() == 12 || out[11] == 0,
            "an OPT that was not asked for"
        );
    }
}

#[tokio::test]
async fn another_version_is_badvers_before_its_options_are_looked_at() {
    // §6.1.3: what they are in it is not known.
    let answers = Answers::usual();
    for data in [
        &[0, 10, 0, 1, 9][..],
        &[0, 8, 0, 2, 0, 1],
        &[0, 3, 0, 9],
        &[7],
    ] {
        let mut message = query("redis.default.nomad", RecordType::A)
            .to_vec()
            .unwrap();
        let end = message.len();
        message[end - 5] = 1;
        message[end - 1] = u8::try_from(data.len()).unwrap();
        message.extend_from_slice(data);
        let answer = answers.exchange(&message, Transport::Udp);
        assert_eq!(u16::from(answer.metadata.response_code), 16, "{data:?}");
        assert_eq!(
            (answer.queries.len(), answer.edns.unwrap().version()),
            (1, 0)
        );
        // As well with a record beside it, and as the answer to another opcode.
        let mut beside = message.clone();
        beside[11] = 2;
        beside.extend_from_slice(b"\0\0\x01\0\x01\0\0\0\0\0\x01?");
        message[2] = 2 << 3;
        for message in [beside, message] {
            let answer = answers.exchange(&message, Transport::Udp);
            assert_eq!(u16::from(answer.metadata.response_code), 16, "{data:?}");
        }
    }
}

#[tokio::test]
async fn unknown_options_are_ignored() {
    let answers = Answers::usual();
    let good = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    let message = [&good[..good.len() - 1], &[7, 0xfd, 0xe9, 0, 3, 1, 2, 3]].concat();
    let answer = answers.exchange(&message, Transport::Udp);
    assert_eq!(answer.answers.len(), 3);
}

#[tokio::test]
async fn a_payload_below_512_counts_as_512() {
    let mut answers = Answers::usual();
    let instances = (0..25_u8).map(|last| instance(&format!("10.1.0.{last}"), 80, &[]));
    answers.set("default", "some", instances.collect());
    for (payload, whole) in [(Some(0), true), (Some(512), true), (None, true)] {
        let message = answers.ask_udp("some.default.nomad", RecordType::A, payload);
        assert_eq!(!message.metadata.truncation, whole, "{payload:?}");
    }
}
