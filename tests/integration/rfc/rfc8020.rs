//! RFC 8020: NXDOMAIN means that there is nothing below either.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::catalog::UnknownReason;

use crate::support::answers::{Answers, assert_denied, instance_in};

/// Names with records, and so all that is above them.
const NAMES: [&str; 15] = [
    "redis.default.nomad",
    "primary.redis.default.nomad",
    "v7.primary.redis.default.nomad",
    "_redis._tcp.default.nomad",
    "_redis._primary.default.nomad",
    "redis.default.dc1.dc.nomad",
    "primary.redis.default.dc1.dc.nomad",
    "0a000001.addr.nomad",
    "_primary._tcp.redis.default.nomad",
    "_redis._udp.redis.default.dc1.dc.nomad",
    "0a000001.addr.default.nomad",
    "0a000001.addr.default.dc1.dc.nomad",
    "0a000201.addr.service.nomad",
    "web.service.nomad",
    // By the grammar of the zone around.
    "_web._http.service.nomad",
];

#[tokio::test]
async fn what_is_above_a_name_is_not_denied() {
    let answers = Answers::usual();
    for name in NAMES {
        let mut rest = name;
        loop {
            // As a resolver that minimises names walks down (RFC 9156), with its types.
            for record_type in [RecordType::A, RecordType::NS] {
                let message = answers.ask(rest, record_type);
                let rcode = message.metadata.response_code;
                assert_eq!(rcode, ResponseCode::NoError, "{rest} above {name}");
            }
            match rest.split_once('.') {
                Some((_, above)) => rest = above,
                None => break,
            }
        }
    }
}

#[tokio::test]
async fn empty_non_terminals_are_nodata() {
    let answers = Answers::usual();
    for name in [
        "default.nomad",
        "addr.nomad",
        "dc.nomad",
        "dc1.dc.nomad",
        "default.dc1.dc.nomad",
        "_tcp.default.nomad",
        "_tcp.redis.default.nomad",
        "_UDP.redis.default.dc1.dc.nomad",
        "addr.default.nomad",
        "addr.default.dc1.dc.nomad",
        "_primary.default.nomad",
        "_REPLICA.default.dc1.dc.nomad",
    ] {
        assert_denied(
            &answers.ask(name, RecordType::A),
            ResponseCode::NoError,
            "nomad",
        );
    }
    assert_denied(
        &answers.ask("default.service.nomad", RecordType::A),
        ResponseCode::NoError,
        "service.nomad",
    );
}

#[tokio::test]
async fn what_is_above_an_inner_zone_is_not_denied() {
    let answers = Answers::of_zones(&["nomad", "a.b.nomad"]);
    let message = answers.ask("b.nomad", RecordType::A);
    assert_denied(&message, ResponseCode::NoError, "nomad");
    let message = answers.ask("c.nomad", RecordType::A);
    assert_denied(&message, ResponseCode::NXDomain, "nomad");
}

#[tokio::test]
async fn what_is_below_a_leaf_is_denied() {
    let answers = Answers::usual();
    for name in [
        "nope.redis.default.nomad",
        "primary.nope.redis.default.nomad",
        "x.0a000001.addr.nomad",
        "redis.default.dc2.dc.nomad",
        "redis.nope.dc1.dc.nomad",
        "dc2.dc.nomad",
        "prod.dc2.dc.nomad",
        // Nothing is below what no instance of the namespace carries, there.
        "_nosuch.default.nomad",
        "_redis.default.nomad",
        "_http.default.nomad",
        "_primary.prod.dc1.dc.nomad",
        "_primary.default.dc2.dc.nomad",
        "_tcp.default.dc2.dc.nomad",
        "_.default.nomad",
        "_tcp.nope.default.nomad",
        "_tcp.redis.default.dc2.dc.nomad",
        "_sctp.redis.default.nomad",
        "x._tcp.redis.default.nomad",
        "addr.nope.nomad",
        "addr.default.dc2.dc.nomad",
        "0a000001.addr.nope.nomad",
        "0a000001.addr.default.dc2.dc.nomad",
        "0a000009.addr.default.nomad",
        "x.0a000001.addr.default.nomad",
        "x.addr.default.nomad",
    ] {
        assert_denied(
            &answers.ask(name, RecordType::A),
            ResponseCode::NXDomain,
            "nomad",
        );
    }
}

#[tokio::test]
async fn what_is_above_an_unknown_name_is_not_denied() {
    let mut answers = Answers::usual();
    answers
        .writer
        .mark_unknown("Unread", "late", Some(UnknownReason::Unread))
        .unwrap();
    answers
        .writer
        .mark_namespace_unknown("refused", Some(UnknownReason::Refused))
        .unwrap();
    answers.publish();
    for name in [
        "unread.nomad",
        "_tcp.unread.nomad",
        "refused.nomad",
        "_tcp.refused.nomad",
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_denied(&message, ResponseCode::NoError, "nomad");
    }
    // A name with records stays above what may be below it.
    answers
        .writer
        .mark_unknown("default", "redis", Some(UnknownReason::Unread))
        .unwrap();
    answers.publish();
    for name in [
        "x.redis.default.nomad",
        "x.v7.redis.default.nomad",
        "_x.default.nomad",
        "_x.default.dc1.dc.nomad",
        "_x.refused.nomad",
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::ServFail,
            "{name}"
        );
    }
    answers.writer.mark_unknown("Unread", "late", None).unwrap();
    answers.publish();
    for name in ["unread.nomad", "_tcp.unread.nomad"] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::NXDomain,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_above_a_datacenter_comes_and_goes_with_its_first_and_last_instance() {
    let mut answers = Answers::usual();
    let one = instance_in("dc1", "10.7.0.1", 80, &[]);
    let two = instance_in("dc2", "10.7.0.2", 80, &[]);
    for (instances, rcode) in [
        (vec![one.clone()], ResponseCode::NXDomain),
        // The service and its namespace were there before.
        (vec![one.clone(), two], ResponseCode::NoError),
        (vec![one], ResponseCode::NXDomain),
    ] {
        answers.set("default", "pair", instances);
        for name in ["dc2.dc.nomad", "default.dc2.dc.nomad"] {
            // Twice: the second is the answer that was kept.
            for _ in 0..2 {
                assert_denied(&answers.ask(name, RecordType::A), rcode, "nomad");
            }
        }
    }
}
