//! RFC 2181: sets of records.

use hickory_proto::rr::RecordType;

use crate::support::answers::{Answers, addresses, instance};

#[tokio::test]
async fn a_record_is_in_a_set_once() {
    let mut answers = Answers::usual();
    let ports = [80, 443, 8080].map(|port| instance("10.5.0.1", port, &[]));
    answers.set("default", "ports", ports.to_vec());
    let message = answers.ask("ports.default.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.5.0.1"]);
    let message = answers.ask("ports.default.nomad", RecordType::SRV);
    assert_eq!(message.answers.len(), 3);
    assert_eq!(addresses(&message.additionals), ["10.5.0.1"]);
}

#[tokio::test]
async fn the_additional_section_goes_before_anything_is_truncated() {
    let mut answers = Answers::usual();
    let instances = (0..20_u8).map(|last| instance(&format!("10.6.0.{last}"), 80, &[]));
    answers.set("default", "some", instances.collect());
    let message = answers.ask_udp("some.default.nomad", RecordType::SRV, Some(1232));
    assert!(!message.metadata.truncation);
    assert_eq!((message.answers.len(), message.additionals.len()), (20, 0));
    assert!(message.edns.is_some());
}
