//! RFC 1035: messages, and the gate before them.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::dns::Transport;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof};
use proptest::test_runner::TestRunner;

use crate::support::answers::{Answers, addresses, query};

#[tokio::test]
async fn the_answer_repeats_id_question_and_letter_case() {
    let answers = Answers::usual();
    for name in [
        "rEdIs.DeFaUlT.nOmAd",
        "redis.default.nomad",
        "REDIS.DEFAULT.NOMAD",
    ] {
        let asked = query(name, RecordType::A).to_vec().unwrap();
        let out = answers.octets(&asked, Transport::Udp);
        let question = 12..12 + name.len() + 2 + 4;
        assert_eq!(out[..2], asked[..2]);
        assert_eq!(
            out[question.clone()],
            asked[question],
            "the letter case of {name}"
        );
        let message = answers.exchange(&asked, Transport::Udp);
        assert_eq!(message.answers[0].name.to_ascii(), format!("{name}."));
    }
}

#[tokio::test]
async fn the_answer_is_authoritative_and_offers_no_recursion() {
    let message = Answers::usual().ask("redis.default.nomad", RecordType::A);
    let metadata = message.metadata;
    assert!(metadata.authoritative && metadata.recursion_desired);
    assert!(!metadata.recursion_available && !metadata.truncation && !metadata.authentic_data);
}

#[tokio::test]
async fn a_response_or_a_scrap_gets_no_answer() {
    let answers = Answers::usual();
    let mut response = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    response[2] |= 0x80;
    for message in [&response[..], &response[..11], &[]] {
        assert!(answers.octets(message, Transport::Udp).is_empty());
    }
}

#[tokio::test]
async fn other_opcodes_are_not_implemented() {
    let answers = Answers::usual();
    for opcode in 1..16_u8 {
        let mut message = query("redis.default.nomad", RecordType::A)
            .to_vec()
            .unwrap();
        message[2] = message[2] & 0x87 | opcode << 3;
        let out = answers.octets(&message, Transport::Udp);
        assert_eq!(out.len(), 12 + 11, "a bare header and an OPT");
        assert_eq!((out[2] >> 3 & 0xf, out[3] & 0xf), (opcode, 4));
        assert_eq!(out[..2], message[..2]);
    }
}

#[tokio::test]
async fn a_malformed_query_is_a_format_error() {
    let answers = Answers::usual();
    let good = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    let with = |at: usize, value: u8| {
        let mut message = good.clone();
        message[at] = value;
        message
    };
    let cases = [
        ("no question", with(5, 0)),
        ("two questions", with(5, 2)),
        (
            "65,535 questions",
            [&good[..4], &[0xff, 0xff], &good[6..]].concat(),
        ),
        (
            "65,535 answers",
            [&good[..6], &[0xff, 0xff], &good[8..]].concat(),
        ),
        ("a pointer in the question", with(12, 0xc0)),
        ("a name cut short", good[..20].to_vec()),
        ("an answer that is not there", with(7, 1)),
    ];
    for (what, message) in cases {
        let out = answers.octets(&message, Transport::Udp);
        assert_eq!(out.len(), 12, "{what}: a bare header");
        assert_eq!(out[3] & 0xf, 1, "{what}");
    }
}

#[tokio::test]
async fn another_class_is_refused() {
    let answers = Answers::usual();
    let mut message = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    message[12 + 21 + 2 + 1] = 3;
    let answer = answers.exchange(&message, Transport::Udp);
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    assert_eq!(answer.queries.len(), 1);
}

#[tokio::test]
async fn what_is_too_long_for_udp_is_truncated_and_whole_over_tcp() {
    let mut answers = Answers::usual();
    let instances = (0..200_u8)
        .map(|last| crate::support::answers::instance(&format!("10.1.0.{last}"), 80, &[]));
    answers.set("default", "many", instances.collect());
    let cut = answers.ask_udp("many.default.nomad", RecordType::A, Some(4096));
    assert!(cut.metadata.truncation && !cut.answers.is_empty());
    assert!(cut.edns.is_some(), "the OPT stays");
    let whole = answers.ask("many.default.nomad", RecordType::A);
    assert!(!whole.metadata.truncation);
    assert_eq!(addresses(&whole.answers).len(), 200);
}

#[tokio::test]
async fn records_that_fill_no_message_come_in_turns_over_tcp() {
    let mut answers = Answers::usual();
    let instances = (0..5000_u16).map(|number| {
        let [high, low] = number.to_be_bytes();
        crate::support::answers::instance(&format!("10.1.{high}.{low}"), 80, &[])
    });
    answers.set("default", "many", instances.collect());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let message = answers.ask("many.default.nomad", RecordType::A);
        assert!(message.metadata.truncation, "they are not all");
        // As many as there may be once somebody writes them without compression, each 34 octets.
        let records = message.answers.len();
        assert!((1900..1928).contains(&records), "{records} records");
        seen.extend(addresses(&message.answers));
    }
    assert_eq!(seen.len(), 5000);
}

#[tokio::test]
async fn any_octets_get_an_answer_or_silence() {
    let answers = Answers::usual();
    let good = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    let octets = prop::collection::vec(any::<u8>(), 0..600);
    let damaged = (0..good.len(), any::<u8>()).prop_map(move |(at, value)| {
        let mut octets = good.clone();
        octets[at] = value;
        octets
    });
    let mut runner = TestRunner::new(ProptestConfig::with_cases(4000));
    let result = runner.run(&prop_oneof![octets, damaged], |octets| {
        let out = answers.octets(&octets, Transport::Udp);
        prop_assert!(out.is_empty() || (out.len() >= 12 && out[..2] == octets[..2]));
        prop_assert!(out.is_empty() || out[2] & 0x80 != 0);
        Ok(())
    });
    result.unwrap();
}
