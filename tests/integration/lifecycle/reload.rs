//! A configuration that was read again is in every answer at once: in those that were cached, and over connections that were
//! open before.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use super::{cast, redis};
use crate::support::clients::Clients;
use crate::support::gateway::Gateway;
use crate::support::question::Question;

/// Enough questions that each worker has the answer in its cache.
const AGAIN: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_from_before_is_given_after_a_reload_on_any_transport() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let mut clients = Clients::connect(&gateway).await;
    for seconds in [30, 31, 47, 30, 31] {
        gateway.reconfigure(|source| source.set("ttl", seconds, "test"));
        for _ in 0..AGAIN {
            let answer = clients.agreed(&redis()).await;
            let ttls: Vec<i64> = answer.answer.iter().map(|line| line.ttl.into()).collect();
            assert_eq!(ttls, vec![seconds; ttls.len()]);
            assert!(!ttls.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_comes_and_goes_with_a_reload_on_any_transport() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let mut clients = Clients::connect(&gateway).await;
    let there = Question::new("redis.default.example", RecordType::A);
    for zones in [vec!["nomad", "example"], vec!["nomad"], vec!["example"]] {
        let zones: Vec<String> = zones.into_iter().map(str::to_owned).collect();
        gateway.reconfigure(|source| source.set("zones", zones.clone(), "test"));
        for (question, zone) in [(&redis(), "nomad"), (&there, "example")] {
            let expected = match zones.iter().any(|it| it == zone) {
                true => ResponseCode::NoError,
                false => ResponseCode::Refused,
            };
            for _ in 0..AGAIN {
                let answer = clients.agreed(question).await;
                assert_eq!(
                    answer.rcode,
                    u16::from(expected),
                    "{question:?} of {zones:?}"
                );
            }
        }
    }
}
