//! The names of registered addresses (RFC 1035 §3.5): what has one, what is denied, and what is unknown.

use std::path::Path;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::catalog::UnknownReason;
use nomadns::config::{Settings, Source};

use crate::forwarding::AllForwarded;
use crate::support::answers::{Answers, assert_denied, extended_error, instance};

const ZONE: &str = "10.in-addr.arpa";
const REDIS: &str = "1.0.0.10.in-addr.arpa";
const NOBODY: &str = "9.0.0.10.in-addr.arpa";

/// The usual cluster with the reverse zones of two networks.
fn answers() -> Answers {
    let mut answers = unpublished();
    let redis = instance("10.0.0.1", 6379, &[]);
    answers.set(
        "default",
        "redis",
        vec![redis, instance("fd00::1", 80, &[])],
    );
    answers
}

fn unpublished() -> Answers {
    Answers::with(&["service.nomad", "nomad"], |settings| {
        settings.reverse_networks = ["10.0.0.0/8", "fd00::/8"]
            .map(|it| it.parse().unwrap())
            .into();
    })
}

#[tokio::test]
async fn a_registered_address_has_the_name_that_srv_records_have_for_it() {
    let mut all = AllForwarded::with(|settings, _| {
        settings.zones.reverse_networks = vec!["0.0.0.0/0".parse().unwrap()];
    })
    .await;
    let services = all.ask("redis.default.nomad", "SRV").await;
    let target = services.data()[0]
        .split(' ')
        .next_back()
        .unwrap()
        .to_owned();
    let addresses = all.ask(&target, "A").await;
    let octets: Vec<&str> = addresses.data()[0].split('.').rev().collect();
    let name = format!("{}.in-addr.arpa", octets.join("."));
    let pointer = all.ask(&name, "PTR").await;
    let [called] = pointer.data()[..] else {
        panic!("{pointer:?}");
    };
    let label = target.split('.').next().unwrap();
    assert_eq!(called, format!("{label}.addr.nomad."), "in the first zone");
    assert_eq!(all.ask(called, "A").await.data(), addresses.data());
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    all.end().await;
}

#[tokio::test]
async fn other_addresses_are_denied_and_what_is_above_is_not() {
    let answers = answers();
    let message = answers.ask(REDIS, RecordType::PTR);
    assert!(message.metadata.authoritative);
    // The first zone, though another has more names.
    let [pointer] = &message.answers[..] else {
        panic!("{message}");
    };
    assert_eq!(
        (pointer.data.to_string(), pointer.ttl),
        ("0a000001.addr.service.nomad.".to_owned(), 30)
    );
    assert_denied(
        &answers.ask(NOBODY, RecordType::PTR),
        ResponseCode::NXDomain,
        ZONE,
    );
    assert_denied(
        &answers.ask(REDIS, RecordType::A),
        ResponseCode::NoError,
        ZONE,
    );
    for name in [ZONE, "0.0.10.in-addr.arpa", "7.10.in-addr.arpa"] {
        assert_denied(
            &answers.ask(name, RecordType::PTR),
            ResponseCode::NoError,
            ZONE,
        );
    }
    for name in [
        "x.1.0.0.10.in-addr.arpa",
        "01.0.0.10.in-addr.arpa",
        "x.10.in-addr.arpa",
    ] {
        assert_denied(
            &answers.ask(name, RecordType::PTR),
            ResponseCode::NXDomain,
            ZONE,
        );
    }
    for (record_type, count) in [
        (RecordType::SOA, 1),
        (RecordType::NS, 1),
        (RecordType::DS, 0),
    ] {
        assert_eq!(answers.ask(ZONE, record_type).answers.len(), count);
    }
    let six = format!("1.{}d.f.ip6.arpa", "0.".repeat(29));
    assert_eq!(answers.ask(&six, RecordType::PTR).answers.len(), 1, "{six}");
    for name in ["1.0.0.11.in-addr.arpa", "in-addr.arpa", "1.c.f.ip6.arpa"] {
        let message = answers.ask(name, RecordType::PTR);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::Refused,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_cached_answer_ends_when_its_address_comes_or_goes() {
    let mut answers = answers();
    for _ in 0..2 {
        assert_denied(
            &answers.ask(NOBODY, RecordType::PTR),
            ResponseCode::NXDomain,
            ZONE,
        );
    }
    answers.set("default", "web", vec![instance("10.0.0.9", 80, &[])]);
    assert_eq!(answers.ask(NOBODY, RecordType::PTR).answers.len(), 1);
    answers.set("default", "web", Vec::new());
    answers.writer.retire_addresses(std::time::Duration::ZERO);
    answers.publish();
    assert_denied(
        &answers.ask(NOBODY, RecordType::PTR),
        ResponseCode::NXDomain,
        ZONE,
    );
}

#[tokio::test]
async fn what_is_unknown_is_not_denied() {
    let mut answers = unpublished();
    let message = answers.ask(REDIS, RecordType::PTR);
    assert_eq!(message.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&message), Some(14));
    answers.set("default", "redis", vec![instance("10.0.0.1", 6379, &[])]);
    let reason = Some(UnknownReason::Unreadable);
    answers
        .writer
        .mark_unknown("default", "web", reason)
        .unwrap();
    answers.publish();
    assert_eq!(answers.ask(REDIS, RecordType::PTR).answers.len(), 1);
    for name in [NOBODY, "0a000009.addr.nomad"] {
        let message = answers.ask(name, RecordType::PTR);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::ServFail,
            "{name}"
        );
        assert_eq!(extended_error(&message), Some(22), "{name}");
    }
}

#[tokio::test]
async fn reverse_zones_come_before_special_use_zones_and_forwarding_and_what_is_above_is_not_denied()
 {
    let mut all = AllForwarded::with(|settings, _| {
        settings.zones.reverse_networks = vec!["10.20.0.0/16".parse().unwrap()];
    })
    .await;
    const NXDOMAIN: u16 = 3;
    all.assert_denied(
        "1.1.20.10.in-addr.arpa",
        "PTR",
        NXDOMAIN,
        "20.10.in-addr.arpa",
    )
    .await;
    all.assert_denied("20.10.in-addr.arpa", "DS", 0, "20.10.in-addr.arpa")
        .await;
    all.assert_denied("21.10.in-addr.arpa", "PTR", NXDOMAIN, ZONE)
        .await;
    all.assert_denied(ZONE, "PTR", 0, ZONE).await;
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    all.end().await;
}

#[test]
fn networks_are_checked_and_zones_that_are_not_forwarded_for_them_are_warned_of() {
    let check = |text: &str| {
        let source = Source::from_octets(Path::new("nomadns.toml"), text.as_bytes().to_vec());
        let checked = source.and_then(|source| Settings::check(&source));
        checked.map_err(|error| error.to_string())
    };
    let error = check("reverse_zones = [\"10.in-addr.arpa\"]\n")
        .map(drop)
        .unwrap_err();
    for part in ["reverse_zones", "10.in-addr.arpa", "192.0.2.0/24"] {
        assert!(error.contains(part), "{error}");
    }
    let text = "reverse_zones = [\"10.1.2.3/8\"]\n[[forward]]\nzone = \"7.10.in-addr.arpa\"\nupstreams = [\"udp://10.0.0.2\"]\n";
    let settings = check(text).unwrap();
    assert_eq!(settings.zones.reverse_networks[0].to_string(), "10.0.0.0/8");
    let warnings = settings.warnings.iter().map(|it| it.words.as_str());
    assert!(
        warnings
            .into_iter()
            .any(|it| it.contains("within reverse_zones"))
    );
}
