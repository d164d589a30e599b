//! Two thousand instances of one service: every transport answers, none with an error.

use std::collections::HashSet;

use hickory_proto::rr::RecordType;
use nomadns::demo::Registration;

use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

/// More addresses than a message over UDP holds, more SRV records than any message holds.
const INSTANCES: u16 = 2000;

async fn crowded() -> Gateway {
    let nomad = cast();
    nomad.register((0..INSTANCES).map(|number| {
        let [high, low] = number.to_be_bytes();
        Registration::new("default", "legion")
            .address(format!("10.8.{high}.{low}"))
            .port(4000)
    }));
    Gateway::start(&nomad.url()).await
}

#[tokio::test]
async fn all_addresses_are_in_one_answer_where_a_message_holds_them() {
    let gateway = crowded().await;
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("legion.default.nomad", RecordType::A);
    for answered in clients.ask_all(&question).await {
        assert_eq!(answered.said.rcode, 0);
        let records = answered.said.answer.len();
        assert_eq!(records, usize::from(INSTANCES), "{:?}", answered.transport);
    }
    assert_eq!(clients.truncated, 1, "over UDP it was asked again");
    gateway.end().await;
}

#[tokio::test]
async fn what_no_message_holds_comes_in_turns_on_every_transport() {
    let gateway = crowded().await;
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("legion.default.nomad", RecordType::SRV);
    let mut seen = HashSet::new();
    for _ in 0..10 {
        for answered in clients.ask_all(&question).await {
            let records = &answered.said.answer;
            assert_eq!(answered.said.rcode, 0);
            assert!(
                records.len() > 1000,
                "{:?}: {}",
                answered.transport,
                records.len()
            );
            seen.extend(records.iter().map(|line| line.data.clone()));
        }
    }
    assert_eq!(seen.len(), usize::from(INSTANCES));
    gateway.end().await;
}
