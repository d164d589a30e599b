//! RFC 2181: sets of records, and what is given of one that a message does not hold.

use std::collections::HashSet;
use std::sync::Arc;

use hickory_proto::op::Edns;
use hickory_proto::rr::{RData, RecordType};
use nomadns::dns::Transport;
use nomadns::dns::wire::Bounds;
use nomadns::listeners::Server;

use crate::support::answers::{Answers, addresses, instance, query};

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
async fn the_answer_comes_before_the_additional_section_which_misses_nobody() {
    // §9: TC is not for what is only more.
    let mut answers = Answers::usual();
    let instances = (0..20_u8).map(|last| instance(&format!("10.6.0.{last}"), 80, &[]));
    answers.set("default", "some", instances.collect());
    for _ in 0..20 {
        let message = answers.ask_udp("some.default.nomad", RecordType::SRV, Some(1232));
        assert!(!message.metadata.truncation);
        let (given, added) = (message.answers.len(), message.additionals.len());
        assert!(
            given == 20 && (1..20).contains(&added),
            "{added} of {given}"
        );
        assert!(message.edns.is_some());
        // The addresses of those targets that come first.
        let targets = message.answers.iter().map(|record| match &record.data {
            RData::SRV(srv) => &srv.target,
            other => panic!("{other:?}"),
        });
        let owners = message.additionals.iter().map(|record| &record.name);
        assert!(targets.take(added).eq(owners));
    }
}

#[tokio::test]
async fn of_a_set_that_does_not_fit_there_are_whole_records_others_each_time_and_tc() {
    // §9, and what clients that ask only once live on: HAProxy, musl, Netty.
    let mut answers = Answers::usual();
    let instances = (0..200_u8).map(|last| instance(&format!("10.6.1.{last}"), 80, &[]));
    answers.set("default", "many", instances.collect());
    for (record_type, payload, least) in [
        (RecordType::A, None, 29),
        (RecordType::A, Some(1232), 72),
        (RecordType::SRV, None, 12),
        (RecordType::SRV, Some(1232), 30),
    ] {
        let mut seen = HashSet::new();
        for _ in 0..200 {
            let message = answers.ask_udp("many.default.nomad", record_type, payload);
            assert!(message.metadata.truncation && message.additionals.is_empty());
            let records = message.answers.len();
            assert!(
                records >= least,
                "{records} of {record_type} at {payload:?}"
            );
            seen.extend(message.answers.iter().map(|record| record.data.to_string()));
        }
        assert_eq!(seen.len(), 200, "each of them now and then");
    }
}

#[tokio::test]
async fn a_client_gets_as_much_as_it_takes_and_the_operator_allows() {
    let mut answers = Answers::usual();
    let instances = (0..300_u16).map(|number| {
        let [high, low] = number.to_be_bytes();
        instance(&format!("10.7.{high}.{low}"), 80, &[])
    });
    answers.set("default", "many", instances.collect());
    for (allowed, payload, octets) in [
        (1232, Some(4096), 1232),
        (4096, Some(4096), 4096),
        (4096, Some(2000), 2000),
        (4096, None, 512),
        (512, Some(4096), 512),
    ] {
        bound(&mut answers, |bounds| bounds.udp_octets = allowed);
        let message = query_of(payload);
        let length = answers.octets(&message, Transport::Udp).len();
        // An address more would be 16 octets more.
        assert!(
            (octets - 15..=octets).contains(&length),
            "{length} of {octets}"
        );
    }
    bound(&mut answers, |bounds| bounds.udp_octets = 4096);
    let edns = answers
        .ask_udp("many.default.nomad", RecordType::A, Some(4096))
        .edns;
    assert_eq!(
        edns.unwrap().max_payload(),
        1232,
        "what is taken is another thing"
    );
}

#[tokio::test]
async fn a_bounded_set_has_others_each_time_and_is_whole_to_whoever_asks() {
    // BIND and PowerDNS Recursor answer SERVFAIL where a set is too large for them, and where TC comes over TCP.
    let mut answers = Answers::usual();
    let instances = (0..150_u8).map(|last| instance(&format!("10.6.3.{last}"), 80, &[]));
    answers.set("default", "many", instances.collect());
    bound(&mut answers, |bounds| bounds.set_records = Some(50));
    let mut seen = HashSet::new();
    for _ in 0..200 {
        let message = answers.ask("many.default.nomad", RecordType::SRV);
        assert!(!message.metadata.truncation);
        assert_eq!((message.answers.len(), message.additionals.len()), (50, 50));
        seen.extend(addresses(&message.additionals));
        let message = answers.ask_udp("many.default.nomad", RecordType::A, Some(1232));
        assert_eq!(
            (message.metadata.truncation, message.answers.len()),
            (false, 50)
        );
        let message = answers.ask_udp("many.default.nomad", RecordType::A, None);
        assert_eq!(
            (message.metadata.truncation, message.answers.len()),
            (true, 29)
        );
    }
    assert_eq!(seen.len(), 150);
    let small = answers.ask("redis.default.nomad", RecordType::A);
    assert_eq!(small.answers.len(), 3);
}

fn bound(answers: &mut Answers, change: impl FnOnce(&mut Bounds)) {
    let mut server = Server::default();
    change(&mut server.bounds);
    answers.server = Arc::new(server);
}

fn query_of(payload: Option<u16>) -> Vec<u8> {
    let mut message = query("many.default.nomad", RecordType::A);
    message.edns = payload.map(|payload| {
        let mut edns = Edns::new();
        edns.set_max_payload(payload);
        edns
    });
    message.to_vec().unwrap()
}
