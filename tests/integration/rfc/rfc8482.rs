//! RFC 8482: ANY gets a part of what there is, or something small.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::support::answers::{Answers, addresses, assert_denied, instance};

#[tokio::test]
async fn any_of_a_service_is_its_addresses() {
    let mut answers = Answers::usual();
    let both = ["10.0.0.7", "fd00::7"].map(|address| instance(address, 80, &[]));
    answers.set("default", "both", both.to_vec());
    for (name, expected) in [
        (
            "redis.default.nomad",
            &["10.0.0.1", "10.0.0.2", "10.0.0.3"][..],
        ),
        ("primary.redis.default.nomad", &["10.0.0.1"]),
        ("six.default.nomad", &["fd00::1"]),
        ("both.default.nomad", &["10.0.0.7", "fd00::7"]),
        ("noport.default.nomad", &["10.9.9.9"]),
        ("0a000001.addr.nomad", &["10.0.0.1"]),
        ("ns.nomad", &["127.0.0.1", "::1"]),
    ] {
        let message = answers.ask(name, RecordType::ANY);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!(addresses(&message.answers), expected, "{name}");
        assert_eq!(message.answers.len(), expected.len());
    }
}

#[tokio::test]
async fn any_of_a_name_that_is_there_for_srv_is_srv() {
    let answers = Answers::usual();
    let message = answers.ask("_redis._tcp.default.nomad", RecordType::ANY);
    assert_eq!(message.answers.len(), 3);
    let mut types = message.answers.iter().map(|record| record.record_type());
    assert!(types.all(|it| it == RecordType::SRV));
    let message = answers.ask("_noport._tcp.default.nomad", RecordType::ANY);
    assert_eq!(addresses(&message.answers), ["10.9.9.9"]);
}

#[tokio::test]
async fn any_gets_one_small_record_where_there_is_no_address() {
    let mut answers = Answers::usual();
    answers.set("default", "broken", vec![instance("", 80, &[])]);
    for (name, record_type) in [
        ("hostname.default.nomad", RecordType::CNAME),
        ("nomad", RecordType::SOA),
        ("broken.default.nomad", RecordType::HINFO),
    ] {
        let message = answers.ask(name, RecordType::ANY);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!(message.answers.len(), 1, "{name}");
        assert_eq!(message.answers[0].record_type(), record_type);
    }
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
