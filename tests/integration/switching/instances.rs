//! Which instances a name means, and what is said of each.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};

use crate::support::answers::{Answers, addresses, assert_denied, instance, instance_in};

#[tokio::test]
async fn a_broken_registration_spoils_nothing_but_itself() {
    let mut answers = Answers::usual();
    let broken = vec![
        instance("", 80, &[]),
        instance("10.4.0.1", 81, &[]),
        instance("db.internal.example", 82, &[]),
    ];
    answers.set("default", "mixed", broken);
    let message = answers.ask("mixed.default.nomad", RecordType::A);
    assert_eq!(addresses(&message.answers), ["10.4.0.1"]);
    assert_eq!(
        answers
            .ask("mixed.default.nomad", RecordType::SRV)
            .answers
            .len(),
        2
    );
    answers.set("default", "blank", vec![instance("", 80, &[])]);
    let message = answers.ask("blank.default.nomad", RecordType::A);
    assert_denied(&message, ResponseCode::NoError, "nomad");
}

#[tokio::test]
async fn a_host_name_that_is_the_only_address_is_a_cname() {
    let mut answers = Answers::usual();
    for record_type in [
        RecordType::A,
        RecordType::AAAA,
        RecordType::CNAME,
        RecordType::HTTPS,
    ] {
        let message = answers.ask("hostname.default.nomad", record_type);
        let RData::CNAME(host) = &message.answers[0].data else {
            panic!("{message}")
        };
        assert_eq!(host.0.to_ascii(), "db.internal.example.");
        assert_eq!(message.answers.len(), 1);
    }
    let two = ["a.example", "b.example"].map(|host| instance(host, 80, &[]));
    answers.set("default", "hostname", two.to_vec());
    let message = answers.ask("hostname.default.nomad", RecordType::A);
    assert_denied(&message, ResponseCode::NoError, "nomad");
    assert_eq!(
        answers
            .ask("hostname.default.nomad", RecordType::SRV)
            .answers
            .len(),
        2
    );
}

#[tokio::test]
async fn tags_and_datacenters_choose_instances() {
    let mut answers = Answers::usual();
    let far = vec![
        instance_in("dc1", "10.3.0.1", 80, &["blue"]),
        instance_in("DC-2", "10.3.0.2", 80, &["blue", "Canary"]),
        instance_in(
            "Rack_3 a.b",
            "10.3.0.3",
            80,
            &["with space", "a.b", "\0\n", "\u{fc}"],
        ),
    ];
    answers.set("default", "far", far);
    for (name, expected) in [
        ("primary.redis.default.nomad", vec!["10.0.0.1"]),
        ("v7.primary.redis.default.nomad", vec!["10.0.0.1"]),
        ("REPLICA.redis.default.nomad", vec!["10.0.0.2", "10.0.0.3"]),
        ("far.default.dc-2.dc.nomad", vec!["10.3.0.2"]),
        (
            "canary.blue.far.default.dc-2.dc.service.nomad",
            vec!["10.3.0.2"],
        ),
        ("blue.far.default.dc1.dc.nomad", vec!["10.3.0.1"]),
        // Labels are octets (RFC 2181 §11).
        (r"far.default.rack_3\032a\.b.dc.nomad", vec!["10.3.0.3"]),
        (r"With\032Space.far.default.nomad", vec!["10.3.0.3"]),
        (r"a\.B.far.default.nomad", vec!["10.3.0.3"]),
        (r"\000\010.far.default.nomad", vec!["10.3.0.3"]),
        (r"\195\188.far.default.nomad", vec!["10.3.0.3"]),
        (
            r"_far._a\.b.default.rack_3\032a\.b.dc.nomad",
            vec!["10.3.0.3"],
        ),
    ] {
        assert_eq!(
            addresses(&answers.ask(name, RecordType::A).answers),
            expected,
            "{name}"
        );
    }
    for name in [
        "v6.primary.redis.default.nomad",
        "canary.far.default.dc1.dc.nomad",
        "a.b.far.default.nomad",
        // Only the letters of ASCII have two cases (RFC 4343 §3).
        r"\195\156.far.default.nomad",
    ] {
        assert_denied(
            &answers.ask(name, RecordType::A),
            ResponseCode::NXDomain,
            "nomad",
        );
    }
}

#[tokio::test]
async fn names_that_differ_by_letter_case_are_one() {
    let mut answers = Answers::usual();
    answers.set("default", "Mixed-Case", vec![instance("10.2.0.1", 80, &[])]);
    answers.set("default", "mixed-case", vec![instance("10.2.0.2", 80, &[])]);
    let asked = |answers: &Answers| {
        addresses(
            &answers
                .ask("MIXED-case.default.nomad", RecordType::A)
                .answers,
        )
    };
    assert_eq!(asked(&answers), ["10.2.0.1", "10.2.0.2"]);
    answers.set("default", "Mixed-Case", vec![]);
    assert_eq!(asked(&answers), ["10.2.0.2"]);
}

#[tokio::test]
async fn txt_describes_each_instance_and_is_readable_when_its_strings_are_joined() {
    let message = Answers::usual().ask("primary.redis.default.nomad", RecordType::TXT);
    let [record] = &message.answers[..] else {
        panic!("{message}")
    };
    let RData::TXT(txt) = &record.data else {
        panic!("{record}")
    };
    let texts: Vec<_> = txt
        .txt_data
        .iter()
        .map(|text| String::from_utf8_lossy(text))
        .collect();
    assert_eq!(
        texts.concat(),
        "id=_nomad-task-24d37538-647a-b1b8-971f-0cfb93f2edce-group-cache-redis-10.0.0.1-6379 job=cache \
         alloc=24d37538-647a-b1b8-971f-0cfb93f2edce node=36a02cbb-b67b-0f42-e621-00752e7d565a dc=dc1 port=6379 \
         tags=primary,v7,a.b"
    );
}

#[tokio::test]
async fn repeated_queries_get_each_record_first() {
    let answers = Answers::usual();
    let mut first = std::collections::HashSet::new();
    for _ in 0..200 {
        let message = answers.ask("redis.default.nomad", RecordType::A);
        assert_eq!(message.answers.len(), 3);
        first.insert(message.answers[0].data.to_string());
    }
    assert_eq!(first.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_address_resolves_for_a_while_after_it_is_gone() {
    use std::time::Duration;
    let mut answers = Answers::usual();
    answers.set("default", "six", vec![]);
    let name = "fd000000000000000000000000000001.addr.nomad";
    assert_eq!(
        addresses(&answers.ask(name, RecordType::AAAA).answers),
        ["fd00::1"]
    );
    assert_denied(
        &answers.ask(name, RecordType::A),
        ResponseCode::NoError,
        "nomad",
    );
    tokio::time::advance(Duration::from_secs(61)).await;
    answers.writer.retire_addresses(Duration::from_secs(60));
    answers.publish();
    assert_denied(
        &answers.ask(name, RecordType::AAAA),
        ResponseCode::NXDomain,
        "nomad",
    );
    answers.set("default", "six", vec![instance("fd00::1", 80, &[])]);
    assert_eq!(
        addresses(&answers.ask(name, RecordType::AAAA).answers),
        ["fd00::1"]
    );
}
