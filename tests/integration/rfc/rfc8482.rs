//! RFC 8482: ANY gets something small.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::support::answers::{Answers, assert_denied};

#[tokio::test]
async fn any_gets_one_small_record() {
    let answers = Answers::usual();
    for name in [
        "redis.default.nomad",
        "hostname.default.nomad",
        "nomad",
        "0a000001.addr.nomad",
    ] {
        let message = answers.ask(name, RecordType::ANY);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!(message.answers.len(), 1, "{name}");
    }
    let message = answers.ask("redis.default.nomad", RecordType::ANY);
    assert_eq!(message.answers[0].record_type(), RecordType::HINFO);
}

#[tokio::test]
async fn any_of_what_does_not_exist_is_denied() {
    let answers = Answers::usual();
    let message = answers.ask("nope.default.nomad", RecordType::ANY);
    assert_denied(&message, ResponseCode::NXDomain, "nomad");
    assert_denied(
        &answers.ask("default.nomad", RecordType::ANY),
        ResponseCode::NoError,
        "nomad",
    );
}
