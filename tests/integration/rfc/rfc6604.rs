//! RFC 6604: an answer that goes along CNAMEs has the code of the last name.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};
use nomadns::catalog::UnknownReason;

use crate::support::answers::{Answers, extended_error, instance, name_of};

fn alias_of(host: &str) -> Answers {
    let mut answers = Answers::usual();
    answers.set("default", "alias", vec![instance(host, 80, &[])]);
    answers
}

#[tokio::test]
async fn a_target_that_is_not_there_is_nxdomain_with_the_soa_of_its_zone() {
    for (host, zone) in [
        ("nobody.default.nomad", "nomad"),
        ("nobody.default.service.nomad", "service.nomad"),
        ("nope.redis.default.nomad", "nomad"),
        ("0a0a0a0a.addr.nomad", "nomad"),
    ] {
        let answers = alias_of(host);
        for record_type in [RecordType::A, RecordType::AAAA, RecordType::MX] {
            let message = answers.ask("alias.default.nomad", record_type);
            assert_eq!(message.metadata.response_code, ResponseCode::NXDomain);
            assert_eq!(message.answers.len(), 1, "{message}");
            assert_eq!(message.answers[0].record_type(), RecordType::CNAME);
            let [soa] = &message.authorities[..] else {
                panic!("one SOA in {message}")
            };
            let RData::SOA(data) = &soa.data else {
                panic!("{soa}")
            };
            // RFC 2308 §5.
            assert_eq!((&soa.name, soa.ttl, data.minimum), (&name_of(zone), 5, 5));
        }
        let message = answers.ask("alias.default.nomad", RecordType::CNAME);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert!(message.authorities.is_empty());
    }
}

#[tokio::test]
async fn a_target_without_the_type_is_nodata_with_the_soa_of_its_zone() {
    for (host, zone) in [
        ("six.default.nomad", "nomad"),
        ("default.service.nomad", "service.nomad"),
        ("nomad", "nomad"),
    ] {
        let message = alias_of(host).ask("alias.default.nomad", RecordType::A);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!(message.answers.len(), 1);
        assert_eq!(message.authorities[0].name, name_of(zone), "{message}");
    }
}

#[tokio::test]
async fn a_target_outside_of_the_zones_is_the_clients_to_ask_for() {
    for host in ["db.example", "nomad.example", "xnomad"] {
        let message = alias_of(host).ask("alias.default.nomad", RecordType::A);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!((message.answers.len(), message.authorities.len()), (1, 0));
    }
}

#[tokio::test]
async fn an_unknown_target_is_servfail_and_the_cname_itself_is_marked() {
    let mut answers = alias_of("late.default.nomad");
    let reason = Some(UnknownReason::Unreadable);
    answers
        .writer
        .mark_unknown("default", "late", reason)
        .unwrap();
    answers.publish();
    let message = answers.ask("alias.default.nomad", RecordType::A);
    assert_eq!(message.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&message), Some(22));
    assert!(message.answers.is_empty());
    // What is unknown may lead back here.
    let message = answers.ask("alias.default.nomad", RecordType::CNAME);
    assert_eq!(message.answers.len(), 1);
    assert_eq!(extended_error(&message), Some(3));
    // What was known of the target is answered, marked as well.
    answers
        .writer
        .mark_unknown("default", "late", None)
        .unwrap();
    answers
        .writer
        .mark_unknown("default", "redis", reason)
        .unwrap();
    answers.set(
        "default",
        "alias",
        vec![instance("redis.default.nomad", 80, &[])],
    );
    let message = answers.ask("alias.default.nomad", RecordType::A);
    assert_eq!(
        (message.answers.len(), extended_error(&message)),
        (4, Some(3))
    );
}

#[tokio::test]
async fn an_http_cache_keeps_such_a_denial_no_longer_than_its_soa_says() {
    use nomadns::dns::Transport;
    use nomadns::listeners::exchange::{Cacheability, Exchange, Exchanged};

    let answers = alias_of("nobody.default.nomad");
    let message = crate::support::answers::query("alias.default.nomad", RecordType::A);
    let mut exchange = Exchange::new(
        answers.stack.clone(),
        Transport::Doh,
        answers.server.clone(),
    );
    let exchanged = exchange.begin(&message.to_vec().unwrap(), None, &mut Vec::new());
    assert!(matches!(
        exchanged,
        Exchanged::Answered(Cacheability::Fresh(5))
    ));
}
