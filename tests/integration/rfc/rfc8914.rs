//! RFC 8914: what is told beside the code.

use std::sync::atomic::Ordering;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::support::answers::{Answers, extended_error};

#[tokio::test]
async fn before_the_first_snapshot_it_is_not_ready() {
    let answers = Answers::not_ready();
    let message = answers.ask("redis.default.nomad", RecordType::A);
    assert_eq!(message.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&message), Some(14));
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let mut answers = Answers::not_ready();
    answers.ask("redis.default.nomad", RecordType::A);
    answers.publish();
    let message = answers.ask("redis.default.nomad", RecordType::A);
    assert_eq!(message.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(extended_error(&message), None);
}

#[tokio::test]
async fn outside_the_zones_it_is_not_authoritative() {
    let answers = Answers::usual();
    for name in ["example.com", "nomad.example", "xnomad", "."] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::Refused,
            "{name}"
        );
        assert_eq!(extended_error(&message), Some(20), "{name}");
        assert!(!message.metadata.authoritative);
        assert_eq!(message.queries.len(), 1, "the question is repeated");
    }
}

#[tokio::test]
async fn a_transfer_is_not_supported() {
    let answers = Answers::usual();
    for record_type in [RecordType::AXFR, RecordType::IXFR] {
        let message = answers.ask("nomad", record_type);
        assert_eq!(message.metadata.response_code, ResponseCode::Refused);
        assert_eq!(extended_error(&message), Some(21));
    }
}

#[tokio::test]
async fn what_was_withdrawn_is_not_said_again() {
    let mut answers = Answers::usual();
    for name in [
        "redis.default.nomad",
        "nope.default.nomad",
        "0a000001.addr.nomad",
        "nomad",
    ] {
        answers.ask(name, RecordType::A);
    }
    answers.writer.withdraw();
    for name in [
        "redis.default.nomad",
        "nope.default.nomad",
        "0a000001.addr.nomad",
        "nomad",
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::ServFail,
            "{name}"
        );
    }
    answers.publish();
    let message = answers.ask("redis.default.nomad", RecordType::A);
    assert_eq!(message.answers.len(), 3);
}

#[tokio::test]
async fn a_stale_answer_is_marked_and_only_what_is_of_the_cluster_can_be_stale() {
    let answers = Answers::usual();
    let expected = [
        ("redis.default.nomad", RecordType::A, None, Some(3)),
        ("redis.default.nomad", RecordType::MX, None, Some(3)),
        ("nope.default.nomad", RecordType::A, None, Some(19)),
        ("example.com", RecordType::A, Some(20), Some(20)),
        ("nomad", RecordType::AXFR, Some(21), Some(21)),
    ];
    // Twice, so that the second time all of them are in the cache.
    for _ in 0..2 {
        for (name, record_type, current, stale) in expected {
            answers.server.stale.store(false, Ordering::Relaxed);
            let before = answers.ask(name, record_type);
            assert_eq!(extended_error(&before), current, "{name} {record_type}");
            answers.server.stale.store(true, Ordering::Relaxed);
            let marked = answers.ask(name, record_type);
            assert_eq!(extended_error(&marked), stale, "{name} {record_type}");
            assert_eq!(marked.metadata.response_code, before.metadata.response_code);
            assert_eq!(marked.answers.len(), before.answers.len());
        }
    }
}

#[tokio::test]
async fn before_the_first_snapshot_nothing_is_stale() {
    let answers = Answers::not_ready();
    answers.server.stale.store(true, Ordering::Relaxed);
    let message = answers.ask("redis.default.nomad", RecordType::A);
    assert_eq!(extended_error(&message), Some(14));
}
