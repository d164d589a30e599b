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
        let out = answers.octets(&message, Transport::Udp);
        assert_eq!(out.get(3).map(|octet| octet & 0xf), Some(1), "{what}");
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
