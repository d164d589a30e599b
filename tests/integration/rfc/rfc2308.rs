//! RFC 2308: denials.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};

use crate::support::answers::{Answers, addresses, assert_denied, instance};

#[tokio::test]
async fn nxdomain_carries_soa_in_authority() {
    let answers = Answers::usual();
    for name in ["nope.default.nomad", "redis.nope.nomad", "nope.nomad"] {
        let message = answers.ask(name, RecordType::A);
        assert_denied(&message, ResponseCode::NXDomain, "nomad");
        assert!(message.metadata.authoritative);
    }
}

#[tokio::test]
async fn nodata_carries_soa_in_authority() {
    let answers = Answers::usual();
    for record_type in [
        RecordType::AAAA,
        RecordType::HTTPS,
        RecordType::MX,
        RecordType::Unknown(65_280),
    ] {
        let message = answers.ask("redis.default.nomad", record_type);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
    assert_denied(
        &answers.ask("six.default.nomad", RecordType::A),
        ResponseCode::NoError,
        "nomad",
    );
}

#[tokio::test]
async fn the_soa_of_a_denial_is_that_of_the_longest_zone() {
    let answers = Answers::usual();
    let message = answers.ask("nope.default.service.nomad", RecordType::A);
    assert_denied(&message, ResponseCode::NXDomain, "service.nomad");
}

#[tokio::test]
async fn the_ttl_of_a_denial_is_not_above_the_minimum() {
    let message = Answers::usual().ask("nope.default.nomad", RecordType::A);
    let soa = &message.authorities[0];
    let RData::SOA(data) = &soa.data else {
        panic!("{soa}")
    };
    assert_eq!((soa.ttl, data.minimum), (5, 5));
}

#[tokio::test]
async fn a_denial_ends_when_the_name_comes() {
    let mut answers = Answers::usual();
    let asked = |answers: &Answers| answers.ask("late.default.nomad", RecordType::A);
    assert_denied(&asked(&answers), ResponseCode::NXDomain, "nomad");
    answers.set("default", "late", vec![instance("10.7.0.1", 80, &[])]);
    assert_eq!(addresses(&asked(&answers).answers), ["10.7.0.1"]);
    answers.set("default", "late", vec![instance("10.7.0.2", 80, &[])]);
    assert_eq!(addresses(&asked(&answers).answers), ["10.7.0.2"]);
    answers.set("default", "late", vec![]);
    assert_denied(&asked(&answers), ResponseCode::NXDomain, "nomad");
}
