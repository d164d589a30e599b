//! RFC 9460: HTTPS records, which only a tag makes.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::svcb::SvcParamValue;
use hickory_proto::rr::{RData, RecordType};

use crate::support::answers::{Answers, addresses, assert_denied, instance};

/// What a record says: priority, target and parameters.
type Binding = (u16, String, Vec<String>);

fn bindings(message: &Message) -> Vec<Binding> {
    let records = message.answers.iter().map(|record| {
        let RData::HTTPS(https) = &record.data else {
            panic!("{record} among HTTPS records");
        };
        let keys = https.svc_params.iter().map(|(key, _)| u16::from(*key));
        assert!(keys.is_sorted(), "§2.2: in ascending order");
        let said = https.svc_params.iter().map(|(_, value)| match value {
            SvcParamValue::Alpn(protocols) => format!("alpn={}", protocols.0.join(",")),
            SvcParamValue::Port(port) => format!("port={port}"),
            SvcParamValue::Ipv4Hint(hint) => format!("ipv4hint={}", hint.0[0].0),
            SvcParamValue::Ipv6Hint(hint) => format!("ipv6hint={}", hint.0[0].0),
            other => panic!("{other:?}"),
        });
        let target = https.target_name.to_ascii();
        (https.svc_priority, target, said.collect())
    });
    let mut bindings: Vec<_> = records.collect();
    bindings.sort();
    bindings
}

fn binding(target: &str, said: [&str; 3]) -> Binding {
    (1, target.to_owned(), said.map(str::to_owned).to_vec())
}

#[tokio::test]
async fn only_a_tag_makes_an_https_record() {
    let mut answers = Answers::usual();
    let tagged = |tag| vec![instance("10.8.0.1", 8443, &["dns.httpsx", tag])];
    for tag in [
        "https",
        "dns.http",
        "dns.https2",
        "DNS.HTTPS",
        "x-dns.https",
    ] {
        answers.set("default", "web", tagged(tag));
        let message = answers.ask("web.default.nomad", RecordType::HTTPS);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
    answers.set("default", "web", tagged("dns.https"));
    let message = answers.ask("web.default.nomad", RecordType::HTTPS);
    assert_eq!(message.answers.len(), 1);
    // It is no answer to other questions.
    for record_type in [RecordType::SVCB, RecordType::CAA] {
        let message = answers.ask("web.default.nomad", record_type);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
    for name in ["default.nomad", "nomad", "0a080001.addr.nomad"] {
        let message = answers.ask(name, RecordType::HTTPS);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
}

#[tokio::test]
async fn an_https_record_has_the_port_and_the_address_of_its_own_instance() {
    let mut answers = Answers::usual();
    let web = vec![
        instance("10.8.0.1", 8001, &["dns.https"]),
        instance("10.8.0.2", 8002, &["dns.https=http/1.1"]),
        instance("fd00::3", 8003, &["blue", "dns.https=h2, h3"]),
        instance("10.8.0.4", 8004, &["blue"]),
        instance("10.8.0.5", 0, &["dns.https"]),
        instance("host.example", 8006, &["dns.https"]),
    ];
    answers.set("default", "web", web);
    let message = answers.ask("web.default.nomad", RecordType::HTTPS);
    let blue = binding(
        "fd000000000000000000000000000003.addr.nomad.",
        ["alpn=h2,h3", "port=8003", "ipv6hint=fd00::3"],
    );
    let usual = "alpn=h2,http/1.1";
    let mut of_host = binding("host.example.", [usual, "port=8006", ""]);
    of_host.2.pop();
    assert_eq!(
        bindings(&message),
        [
            binding(
                "0a080001.addr.nomad.",
                [usual, "port=8001", "ipv4hint=10.8.0.1"]
            ),
            binding(
                "0a080002.addr.nomad.",
                ["alpn=http/1.1", "port=8002", "ipv4hint=10.8.0.2"]
            ),
            blue.clone(),
            of_host,
        ]
    );
    // §4.1: what clients would ask next.
    assert_eq!(
        addresses(&message.additionals),
        ["10.8.0.1", "10.8.0.2", "fd00::3"]
    );
    let message = answers.ask("blue.web.default.nomad", RecordType::HTTPS);
    assert_eq!(bindings(&message), [blue]);
}

#[tokio::test]
async fn a_protocol_that_is_none_is_left_out() {
    let mut answers = Answers::usual();
    let many = format!("dns.https={}", ["a"; 20].join(","));
    let long = format!("dns.https={}", "x".repeat(256));
    let eight = ["a"; 8].join(",");
    for (tag, expected) in [
        ("dns.https=", "h2,http/1.1"),
        ("dns.https=,,", "h2,http/1.1"),
        ("dns.https=,h2,", "h2"),
        (&long, "h2,http/1.1"),
        (&many, &eight),
    ] {
        answers.set("default", "web", vec![instance("10.8.0.1", 80, &[tag])]);
        let message = answers.ask("web.default.nomad", RecordType::HTTPS);
        assert_eq!(bindings(&message)[0].2[0], format!("alpn={expected}"));
    }
}

#[tokio::test]
async fn many_instances_have_an_https_record_each() {
    let mut answers = Answers::usual();
    let web = (0..200).map(|number| {
        let tags: &[&str] = if number % 2 == 0 { &["dns.https"] } else { &[] };
        instance(&format!("10.8.0.{number}"), 8000 + number, tags)
    });
    answers.set("default", "web", web.collect());
    let message = answers.ask("web.default.nomad", RecordType::HTTPS);
    assert_eq!(message.answers.len(), 100);
    let found = bindings(&message);
    assert!(found.iter().all(|it| it.2.len() == 3));
    answers.set("default", "web", Vec::new());
    let none: Vec<_> = (0..200)
        .map(|number| instance(&format!("10.8.0.{number}"), 80, &[]))
        .collect();
    answers.set("default", "web", none);
    let message = answers.ask("web.default.nomad", RecordType::HTTPS);
    assert_denied(&message, ResponseCode::NoError, "nomad");
}
