//! RFC 2782: SRV records and the names that are asked for them.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, RecordType};

use crate::support::answers::{Answers, addresses, assert_denied, instance};

fn services(message: &Message) -> Vec<(u16, String)> {
    let records = message.answers.iter().map(|record| match &record.data {
        RData::SRV(srv) => (srv.port, srv.target.to_ascii()),
        data => panic!("{data} among SRV records"),
    });
    let mut services: Vec<_> = records.collect();
    services.sort();
    services
}

#[tokio::test]
async fn a_port_goes_with_its_own_address() {
    let mut answers = Answers::usual();
    let pair = vec![
        instance("10.8.0.1", 1001, &[]),
        instance("10.8.0.2", 1002, &[]),
    ];
    answers.set("default", "pair", pair);
    let message = answers.ask("pair.default.nomad", RecordType::SRV);
    assert_eq!(
        services(&message),
        [
            (1001, "0a080001.addr.nomad.".into()),
            (1002, "0a080002.addr.nomad.".into())
        ]
    );
    assert_eq!(addresses(&message.additionals), ["10.8.0.1", "10.8.0.2"]);
    for record in &message.additionals {
        let found = answers.ask(&record.name.to_ascii(), RecordType::A);
        assert_eq!(addresses(&found.answers), [record.data.to_string()]);
    }
}

#[tokio::test]
async fn targets_are_in_the_zone_that_was_asked() {
    let message = Answers::usual().ask("six.default.service.nomad", RecordType::SRV);
    let target = "fd000000000000000000000000000001.addr.service.nomad.";
    assert_eq!(services(&message), [(80, target.into())]);
    assert_eq!(addresses(&message.additionals), ["fd00::1"]);
}

#[tokio::test]
async fn an_instance_without_a_port_has_an_address_only() {
    let answers = Answers::usual();
    let message = answers.ask("noport.default.nomad", RecordType::SRV);
    assert_denied(&message, ResponseCode::NoError, "nomad");
    let message = answers.ask("noport.default.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.9.9.9"]);
}

#[tokio::test]
async fn a_host_name_is_the_target_itself() {
    let message = Answers::usual().ask("hostname.default.nomad", RecordType::SRV);
    assert_eq!(services(&message), [(5432, "db.internal.example.".into())]);
    assert!(message.additionals.is_empty());
}

#[tokio::test]
async fn a_name_for_srv_is_no_alias() {
    // RFC 2181 §10.1: beside a CNAME nothing else can be, and a resolver that has it would not ask for SRV.
    let answers = Answers::usual();
    for record_type in [RecordType::A, RecordType::AAAA, RecordType::CNAME] {
        let message = answers.ask("_hostname._tcp.default.nomad", record_type);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
    let message = answers.ask("_hostname._tcp.default.nomad", RecordType::SRV);
    assert_eq!(services(&message), [(5432, "db.internal.example.".into())]);
}

#[tokio::test]
async fn a_protocol_takes_all_instances_and_another_label_those_with_the_tag() {
    let answers = Answers::usual();
    for (name, count) in [
        ("_redis._tcp.default.nomad", 3),
        ("_redis._udp.default.nomad", 3),
        ("_REDIS._TCP.default.service.nomad", 3),
        ("_redis._primary.default.nomad", 1),
        ("_redis._v7.default.nomad", 2),
        ("_redis._tcp.default.dc1.dc.nomad", 3),
    ] {
        assert_eq!(
            answers.ask(name, RecordType::SRV).answers.len(),
            count,
            "{name}"
        );
    }
    for name in [
        "_redis._nope.default.nomad",
        "_nope._tcp.default.nomad",
        "x._redis._tcp.default.nomad",
    ] {
        assert_denied(
            &answers.ask(name, RecordType::SRV),
            ResponseCode::NXDomain,
            "nomad",
        );
    }
}
