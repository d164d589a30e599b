//! The rules of what is unknown, one by one: it is not denied (RFC 8914).

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::catalog::{Health, HealthPolicy, Instance, PutOutcome, UnknownReason};

use crate::support::answers::{Answers, extended_error, instance};

/// The code of the response and of the extended error.
fn codes(answers: &Answers, name: &str, record_type: RecordType) -> (ResponseCode, Option<u16>) {
    // Twice, so that what is kept wrongly shows.
    answers.ask(name, record_type);
    let message = answers.ask(name, record_type);
    (message.metadata.response_code, extended_error(&message))
}

const REASONS: [(UnknownReason, u16); 3] = [
    (UnknownReason::Unread, 14),
    (UnknownReason::Unreadable, 22),
    (UnknownReason::Refused, 18),
];

#[tokio::test]
async fn a_listed_service_that_was_not_read_is_servfail_with_the_reason_until_it_was() {
    let mut answers = Answers::usual();
    let names = [
        "late.default.nomad",
        "v1.late.default.nomad",
        "_late._tcp.default.nomad",
        "_late._v1.default.nomad",
        "late.default.dc1.dc.nomad",
    ];
    for (reason, code) in REASONS {
        answers
            .writer
            .mark_unknown("default", "late", Some(reason))
            .unwrap();
        answers.publish();
        for name in names {
            for record_type in [RecordType::A, RecordType::SRV, RecordType::MX] {
                let found = codes(&answers, name, record_type);
                assert_eq!(found, (ResponseCode::ServFail, Some(code)), "{name}");
            }
        }
        let other = codes(&answers, "other.default.nomad", RecordType::A);
        assert_eq!(other, (ResponseCode::NXDomain, None));
    }
    answers
        .writer
        .mark_unknown("default", "late", None)
        .unwrap();
    answers.publish();
    for name in names {
        let found = codes(&answers, name, RecordType::A);
        assert_eq!(found, (ResponseCode::NXDomain, None), "{name}");
    }
}

/// Names, and what is said of them while the service redis or its namespace is unknown.
const WHILE_UNKNOWN: [(&str, RecordType, ResponseCode, Option<u16>); 9] = [
    (
        "redis.default.nomad",
        RecordType::A,
        ResponseCode::NoError,
        Some(3),
    ),
    (
        "primary.redis.default.nomad",
        RecordType::A,
        ResponseCode::NoError,
        Some(3),
    ),
    (
        "_redis._tcp.default.nomad",
        RecordType::SRV,
        ResponseCode::NoError,
        Some(3),
    ),
    // A client that asks for both families goes on with the one that there is.
    (
        "redis.default.nomad",
        RecordType::AAAA,
        ResponseCode::NoError,
        Some(3),
    ),
    (
        "new.redis.default.nomad",
        RecordType::A,
        ResponseCode::ServFail,
        Some(22),
    ),
    (
        "redis.default.dc9.dc.nomad",
        RecordType::A,
        ResponseCode::ServFail,
        Some(22),
    ),
    ("default.nomad", RecordType::A, ResponseCode::NoError, None),
    ("nomad", RecordType::SOA, ResponseCode::NoError, None),
    ("ns.nomad", RecordType::A, ResponseCode::NoError, None),
];

#[tokio::test]
async fn what_was_known_before_is_answered_as_stale_and_never_denied() {
    let mut answers = Answers::usual();
    let reason = Some(UnknownReason::Unreadable);
    let before = WHILE_UNKNOWN.map(|(name, record_type, ..)| codes(&answers, name, record_type));
    for is_about_the_namespace in [false, true] {
        let set = |answers: &mut Answers, reason| {
            let writer = &mut answers.writer;
            let outcome = match is_about_the_namespace {
                false => writer.mark_unknown("default", "redis", reason),
                true => writer.mark_namespace_unknown("default", reason),
            };
            assert_eq!(outcome, Ok(PutOutcome::Changed));
            answers.publish();
        };
        set(&mut answers, reason);
        for (name, record_type, rcode, code) in WHILE_UNKNOWN {
            let found = codes(&answers, name, record_type);
            assert_eq!(found, (rcode, code), "{name} {record_type}");
        }
        set(&mut answers, None);
        let after = WHILE_UNKNOWN.map(|(name, record_type, ..)| codes(&answers, name, record_type));
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn nothing_in_a_namespace_that_is_refused_is_denied() {
    let mut answers = Answers::usual();
    answers
        .writer
        .mark_namespace_unknown("secret", Some(UnknownReason::Refused))
        .unwrap();
    answers.publish();
    let found = codes(&answers, "any.secret.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::ServFail, Some(18)));
    let found = codes(&answers, "secret.dc1.dc.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::ServFail, Some(18)));
    // What can be no service's name is none.
    let found = codes(&answers, "no_service.secret.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::NXDomain, None));
    for name in ["any.default.nomad", "any.nope.nomad", "nope.nomad"] {
        let found = codes(&answers, name, RecordType::A);
        assert_eq!(found, (ResponseCode::NXDomain, None), "{name}");
    }
}

#[tokio::test]
async fn where_namespaces_are_not_known_an_unknown_one_is_not_denied() {
    let mut answers = Answers::usual();
    answers
        .writer
        .mark_others_unknown(Some(UnknownReason::Refused));
    answers.publish();
    for name in [
        "any.nope.nomad",
        "_any._tcp.nope.nomad",
        "nope.nomad",
        "_tcp.nope.nomad",
    ] {
        let found = codes(&answers, name, RecordType::A);
        assert_eq!(found, (ResponseCode::ServFail, Some(18)), "{name}");
    }
    for name in [
        "any.default.nomad",
        "no_namespace.nomad",
        "any.no_namespace.nomad",
    ] {
        let found = codes(&answers, name, RecordType::A);
        assert_eq!(found, (ResponseCode::NXDomain, None), "{name}");
    }
    // What is known is as true as before, but for names that an unknown namespace could come before.
    for (name, code) in [
        ("redis.default.nomad", None),
        ("web.service.nomad", None),
        ("http.web.service.nomad", Some(3)),
        ("0a000001.addr.nomad", Some(3)),
        ("redis.default.dc1.dc.nomad", Some(3)),
    ] {
        let message = answers.ask(name, RecordType::A);
        assert!(!message.answers.is_empty(), "{name}");
        assert_eq!(extended_error(&message), code, "{name}");
    }
}

#[tokio::test]
async fn an_absent_address_or_datacenter_is_not_denied_while_anything_is_unknown() {
    let mut answers = Answers::usual();
    let names = ["0a090807.addr.nomad", "dc9.dc.nomad"];
    for (reason, code) in REASONS {
        answers
            .writer
            .mark_unknown("prod", "late", Some(reason))
            .unwrap();
        answers.publish();
        for name in names {
            let found = codes(&answers, name, RecordType::A);
            assert_eq!(found, (ResponseCode::ServFail, Some(code)), "{name}");
        }
        for name in [
            "0a000001.addr.nomad",
            "dc1.dc.nomad",
            "addr.nomad",
            "dc.nomad",
        ] {
            let found = codes(&answers, name, RecordType::A);
            assert_eq!(found, (ResponseCode::NoError, None), "{name}");
        }
        for name in ["no-address.addr.nomad", "x.0a000001.addr.nomad"] {
            let found = codes(&answers, name, RecordType::A);
            assert_eq!(found, (ResponseCode::NXDomain, None), "{name}");
        }
    }
    answers.writer.mark_unknown("prod", "late", None).unwrap();
    answers.publish();
    for name in names {
        let found = codes(&answers, name, RecordType::A);
        assert_eq!(found, (ResponseCode::NXDomain, None), "{name}");
    }
}

#[tokio::test]
async fn a_reading_that_comes_first_and_is_unknown_hides_those_after_it() {
    let mut answers = Answers::usual();
    // In the zone service.nomad: the service http of the namespace web.
    let name = "http.web.service.nomad";
    let found = codes(&answers, name, RecordType::A);
    assert_eq!(found, (ResponseCode::NoError, None));
    answers
        .writer
        .mark_unknown("web", "http", Some(UnknownReason::Unread))
        .unwrap();
    answers.publish();
    let found = codes(&answers, name, RecordType::A);
    assert_eq!(found, (ResponseCode::ServFail, Some(14)));
    // A namespace has no records of its own, so nothing comes before the service web.
    let found = codes(&answers, "web.service.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::NoError, None));
    // By the grammar of the zone around, the name of the namespace default may be a service.
    answers
        .writer
        .mark_unknown("service", "default", Some(UnknownReason::Refused))
        .unwrap();
    answers.publish();
    let found = codes(&answers, "default.service.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::ServFail, Some(18)));
    answers
        .writer
        .mark_unknown("dc", "dc1", Some(UnknownReason::Refused))
        .unwrap();
    answers.publish();
    let found = codes(&answers, "redis.default.dc1.dc.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::ServFail, Some(18)));
}

#[tokio::test]
async fn where_health_chooses_none_an_unknown_service_is_not_denied() {
    let mut answers = Answers::of_policy(&["nomad"], HealthPolicy::Strict);
    let failing = Instance {
        health: Health::Failing,
        ..instance("10.0.0.1", 80, &[])
    };
    answers.set("default", "web", vec![failing]);
    let found = codes(&answers, "web.default.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::NoError, None));
    answers
        .writer
        .mark_unknown("default", "web", Some(UnknownReason::Unreadable))
        .unwrap();
    answers.publish();
    let found = codes(&answers, "web.default.nomad", RecordType::A);
    assert_eq!(found, (ResponseCode::ServFail, Some(22)));
}
