//! RFC 2782: SRV records and the names that are asked for them.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, RecordType};

use crate::support::answers::{Answers, addresses, assert_denied, instance, instance_in, labelled};

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

#[tokio::test]
async fn a_name_has_the_form_of_a_service_only_with_both_of_its_underscores() {
    let mut answers = Answers::usual();
    let web = vec![
        instance("10.6.0.1", 1, &["_api"]),
        instance("10.6.0.2", 2, &["_api", "blue"]),
        instance("10.6.0.3", 3, &["xapi", "_tcp"]),
        instance("10.6.0.4", 4, &["api", "yapi"]),
    ];
    answers.set("default", "web", web);
    answers.set("default", "api", vec![instance("10.6.0.5", 5, &["eb"])]);
    for (name, ports) in [
        // Tags, and neither the service `api` nor the name `api` of an instance.
        ("_api.web.default.nomad", &[1, 2][..]),
        ("_api.blue.web.default.nomad", &[2]),
        ("xapi._tcp.web.default.nomad", &[3]),
        ("_api._tcp.web.default.nomad", &[4]),
        ("_api._eb.default.nomad", &[5]),
    ] {
        let message = answers.ask(name, RecordType::SRV);
        let found: Vec<u16> = services(&message).iter().map(|(port, _)| *port).collect();
        assert_eq!(found, ports, "{name}");
    }
    for name in [
        "xapi._tcp.default.nomad",
        "xapi._eb.default.nomad",
        "ns.dc1.dc.nomad",
    ] {
        let message = answers.ask(name, RecordType::SRV);
        assert_denied(&message, ResponseCode::NXDomain, "nomad");
    }
}

/// A database of two members and its metrics, as one service of three registrations, beside the usual cluster.
fn mongo() -> Answers {
    let mut answers = Answers::usual();
    let member = |datacenter, address| {
        labelled(
            instance_in(datacenter, address, 27017, &["rs0"]),
            "mongo",
            "mongodb",
        )
    };
    let metrics = labelled(instance("10.5.0.1", 9216, &["a.b"]), "mongo", "Metrics_1");
    let all = vec![member("dc1", "10.5.0.1"), member("dc2", "fd00::5"), metrics];
    answers.set("default", "mongo", all);
    answers
}

#[tokio::test]
async fn a_name_before_a_service_is_the_service_a_tag_or_the_label_of_a_port() {
    let answers = mongo();
    for (name, ports) in [
        ("_mongodb._tcp.mongo.default.nomad", &[27017, 27017][..]),
        ("_MongoDB._UDP.MONGO.Default.Nomad", &[27017, 27017]),
        ("_mongodb._tcp.mongo.default.service.nomad", &[27017, 27017]),
        ("_mongodb._tcp.mongo.default.dc2.dc.nomad", &[27017]),
        ("_metrics_1._tcp.mongo.default.nomad", &[9216]),
        ("_rs0._tcp.mongo.default.nomad", &[27017, 27017]),
        (r"_a\.b._tcp.mongo.default.nomad", &[9216]),
        ("_mongo._tcp.mongo.default.nomad", &[9216, 27017, 27017]),
        ("_primary._tcp.redis.default.nomad", &[6379]),
    ] {
        let message = answers.ask(name, RecordType::SRV);
        let found: Vec<u16> = services(&message).iter().map(|(port, _)| *port).collect();
        assert_eq!(found, ports, "{name}");
    }
    let message = answers.ask("_mongodb._tcp.mongo.default.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.5.0.1"]);
    // What gRPC asks for a load balancer, and other things that are not there.
    for name in [
        "_grpclb._tcp.mongo.default.nomad",
        "_mongodb._sctp.mongo.default.nomad",
        "_mongodb._tcp.redis.default.nomad",
        "_metrics_1._tcp.mongo.default.dc2.dc.nomad",
        "_mongodb._tcp.mongo.default.dc3.dc.nomad",
        "_mongodb._tcp.mongo.prod.nomad",
        "x._mongodb._tcp.mongo.default.nomad",
        "mongodb._tcp.mongo.default.nomad",
    ] {
        let message = answers.ask(name, RecordType::SRV);
        assert_denied(&message, ResponseCode::NXDomain, "nomad");
    }
}

#[tokio::test]
async fn targets_of_a_name_before_a_service_are_below_the_namespace_that_was_asked() {
    let mut answers = mongo();
    let six = "fd000000000000000000000000000005";
    answers.set(
        "service",
        "mongo",
        vec![labelled(instance("10.5.0.9", 1, &[]), "mongo", "mongodb")],
    );
    for (name, parent, count) in [
        ("_mongodb._tcp.mongo.default.nomad", "default.nomad.", 2),
        (
            "_mongodb._tcp.mongo.DEFAULT.service.nomad",
            "default.service.nomad.",
            2,
        ),
        (
            "_mongodb._tcp.mongo.default.dc2.dc.nomad",
            "default.dc2.dc.nomad.",
            1,
        ),
        // By the grammar of the zone around, with a target that is in the zone itself.
        ("_mongodb._tcp.mongo.service.nomad", "service.nomad.", 1),
    ] {
        let message = answers.ask(name, RecordType::SRV);
        assert_eq!(message.answers.len(), count, "{name}");
        for (_, target) in services(&message) {
            assert_eq!(
                target.split_once(".addr."),
                Some((&target[..target.find('.').unwrap()], parent))
            );
            let found =
                [RecordType::A, RecordType::AAAA].map(|it| answers.ask(&target, it).answers);
            assert_eq!(addresses(&found.concat()).len(), 1, "{target}");
        }
        let glue: Vec<_> = message
            .additionals
            .iter()
            .map(|it| it.name.to_ascii().to_lowercase())
            .collect();
        let expected = services(&message).into_iter().map(|(_, target)| target);
        let (mut glue, mut expected) = (glue, expected.collect::<Vec<_>>());
        glue.sort();
        expected.sort();
        assert_eq!(glue, expected, "{name}");
    }
    // All other names keep the zone's own.
    for name in [
        "mongo.default.dc2.dc.nomad",
        "_mongo._tcp.default.dc2.dc.nomad",
    ] {
        let message = answers.ask(name, RecordType::SRV);
        assert_eq!(services(&message), [(27017, format!("{six}.addr.nomad."))]);
    }
}

#[tokio::test]
async fn a_name_without_room_below_the_namespace_has_targets_below_the_zone() {
    let (long, datacenter) = ("n".repeat(63), "d".repeat(63));
    let longest = format!("{long}.{long}.{}", "z".repeat(20));
    for (zone, is_long) in [("z".repeat(9), false), (longest, true)] {
        let mut answers = Answers::of_zones(&[&zone]);
        let instance = instance_in(&datacenter, "fd00::5", 80, &["a"]);
        answers.set("default", "s", vec![instance]);
        let namespace = format!("default.{datacenter}.dc.");
        let message = answers.ask(&format!("_a._tcp.s.{namespace}{zone}"), RecordType::SRV);
        let below = if is_long { "" } else { &namespace };
        let target = format!("fd000000000000000000000000000005.addr.{below}{zone}.");
        assert_eq!(services(&message), [(80, target)]);
    }
}

#[tokio::test]
async fn a_service_that_drivers_of_mongodb_ask_for_is_not_described_at_its_name() {
    let answers = mongo();
    for name in ["mongo.default.nomad", "mongo.default.dc2.dc.nomad"] {
        let message = answers.ask(name, RecordType::TXT);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
    for (name, count) in [
        ("rs0.mongo.default.nomad", 2),
        ("_mongo._tcp.default.nomad", 3),
        ("_mongodb._tcp.mongo.default.nomad", 2),
        ("redis.default.nomad", 3),
    ] {
        assert_eq!(
            answers.ask(name, RecordType::TXT).answers.len(),
            count,
            "{name}"
        );
    }
}
