//! What someone expects who comes from a CoreDNS plugin for Nomad, and what he must not find again.

mod instances;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};
use nomadns::answers::InnerNameServers;

use crate::support::answers::{Answers, addresses, assert_denied, instance};

#[tokio::test]
async fn both_plugins_names_work_in_any_letter_case() {
    let answers = Answers::usual();
    for name in [
        "redis.default.nomad",
        "redis.default.nomad.",
        "redis.default.service.nomad",
        "REDIS.Default.Service.NOMAD",
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(
            addresses(&message.answers),
            ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
            "{name}"
        );
        assert_eq!(
            answers.ask(name, RecordType::SRV).answers.len(),
            3,
            "{name}"
        );
    }
    assert_eq!(
        addresses(&answers.ask("six.default.nomad", RecordType::AAAA).answers),
        ["fd00::1"]
    );
}

#[tokio::test]
async fn a_service_of_the_namespace_service_comes_before_a_namespace() {
    let mut answers = Answers::usual();
    let message = answers.ask("web.service.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.0.2.1"]);
    let message = answers.ask("http.web.service.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.0.2.1"], "a tag of it");
    // A namespace of that name: the service keeps its answer, the denial is the inner zone's.
    assert_denied(
        &answers.ask("prod.service.nomad", RecordType::A),
        ResponseCode::NoError,
        "service.nomad",
    );
    // What is in the inner zone comes first: there, `http` is now a service of the namespace `web`.
    answers.set("web", "http", vec![instance("10.0.3.1", 80, &[])]);
    let message = answers.ask("http.web.service.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.0.3.1"]);
    answers.set("web", "http", vec![]);
    let message = answers.ask("http.web.service.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.0.2.1"]);
}

#[tokio::test]
async fn srv_has_priority_and_weight_10_and_the_ttl_30() {
    let message = Answers::usual().ask("redis.default.nomad", RecordType::SRV);
    for record in &message.answers {
        let RData::SRV(srv) = &record.data else {
            panic!("{record}")
        };
        assert_eq!((srv.priority, srv.weight, record.ttl), (10, 10, 30));
    }
}

#[tokio::test]
async fn every_srv_target_is_its_own_and_resolves() {
    let answers = Answers::usual();
    let message = answers.ask("redis.default.nomad", RecordType::SRV);
    let mut targets = std::collections::HashSet::new();
    for record in &message.answers {
        let RData::SRV(srv) = &record.data else {
            panic!("{record}")
        };
        assert_ne!(
            srv.target, record.name,
            "a target is not the name that was asked"
        );
        assert_eq!(
            answers
                .ask(&srv.target.to_ascii(), RecordType::A)
                .answers
                .len(),
            1
        );
        targets.insert(srv.target.clone());
    }
    assert_eq!((targets.len(), message.additionals.len()), (3, 3));
}

#[tokio::test]
async fn the_apex_and_its_name_server_answer() {
    for zone in ["nomad", "service.nomad"] {
        let answers = Answers::of_zones(&[zone]);
        let soa = answers.ask(zone, RecordType::SOA);
        assert_eq!(soa.answers[0].record_type(), RecordType::SOA);
        let ns = answers.ask(zone, RecordType::NS);
        let RData::NS(server) = &ns.answers[0].data else {
            panic!("{ns}")
        };
        assert_eq!(server.0.to_ascii(), format!("ns.{zone}."));
        assert_eq!(addresses(&ns.additionals), ["127.0.0.1", "::1"]);
        let found = answers.ask(&server.0.to_ascii(), RecordType::A);
        assert_eq!(addresses(&found.answers), ["127.0.0.1"]);
        assert_denied(
            &answers.ask(zone, RecordType::A),
            ResponseCode::NoError,
            zone,
        );
    }
}

/// Who forwards the zone around would turn to the name server of the inner one, at port 53.
#[tokio::test]
async fn a_zone_within_another_tells_its_name_server_only_when_that_is_said_to_be_reached() {
    let zones = ["nomad", "service.nomad"];
    let answers = Answers::of_zones(&zones);
    assert_eq!(answers.ask("nomad", RecordType::NS).answers.len(), 1);
    let message = answers.ask("service.nomad", RecordType::NS);
    assert_denied(&message, ResponseCode::NoError, "service.nomad");
    let mut answers = Answers::with(&zones, |settings| {
        settings.inner_name_servers = InnerNameServers::Shown;
    });
    answers.publish();
    let message = answers.ask("service.nomad", RecordType::NS);
    assert_eq!(message.answers.len(), 1, "{message}");
    assert_eq!(addresses(&message.additionals), ["127.0.0.1", "::1"]);
}

#[tokio::test]
async fn a_name_is_read_to_its_end() {
    let answers = Answers::usual();
    let message = answers.ask("redis.default.nomad.evil.example", RecordType::A);
    assert_eq!(message.metadata.response_code, ResponseCode::Refused);
    for name in [
        "redis.default.extra.nomad",
        "redis.default.x.y.service.nomad",
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::NXDomain,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_type_without_records_does_not_deny_the_name() {
    let answers = Answers::usual();
    for record_type in [
        RecordType::HTTPS,
        RecordType::SVCB,
        RecordType::MX,
        RecordType::CAA,
        RecordType::SOA,
        RecordType::NS,
    ] {
        let message = answers.ask("redis.default.nomad", record_type);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
}
