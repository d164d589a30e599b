//! Thousands of instances of one service: every transport answers, none with an error.

use std::collections::HashSet;

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use nomadns::demo::Registration;
use serde_json::Value;

use crate::support::clients::{Clients, Transport, http_client};
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

/// More SRV records than any message holds.
const INSTANCES: u16 = 3000;
/// More addresses than a message over UDP holds, and as many as another does.
const WHOLE: u16 = 1800;

async fn crowded(instances: u16) -> Gateway {
    let nomad = cast();
    nomad.register((0..instances).map(|number| {
        let [high, low] = number.to_be_bytes();
        Registration::new("default", "legion")
            .address(format!("10.8.{high}.{low}"))
            .port(4000)
    }));
    Gateway::start(&nomad.url()).await
}

#[tokio::test]
async fn all_addresses_are_in_one_answer_where_a_message_holds_them() {
    let gateway = crowded(WHOLE).await;
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("legion.default.nomad", RecordType::A);
    for answered in clients.ask_all(&question).await {
        assert_eq!(answered.decoded.rcode, 0);
        let records = answered.decoded.answer.len();
        assert_eq!(records, usize::from(WHOLE), "{:?}", answered.transport);
        assert!(!answered.truncated, "{:?}", answered.transport);
    }
    assert_eq!(clients.truncated, 1, "over UDP it was asked again");
    gateway.end().await;
}

#[tokio::test]
async fn what_no_message_holds_comes_in_turns_and_as_json_whole() {
    let gateway = crowded(INSTANCES).await;
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("legion.default.nomad", RecordType::SRV);
    let mut seen = HashSet::new();
    for _ in 0..10 {
        for answered in clients.ask_all(&question).await {
            let (records, transport) = (&answered.decoded.answer, answered.transport);
            assert_eq!(answered.decoded.rcode, 0);
            if transport == Transport::Json {
                let all = (records.len(), answered.decoded.additional.len());
                assert_eq!(all, (INSTANCES.into(), INSTANCES.into()));
                assert!(!answered.truncated);
            } else {
                assert!(records.len() > 1000, "{transport:?}: {}", records.len());
                assert!(answered.truncated, "{transport:?}");
                seen.extend(records.iter().map(|line| line.data.clone()));
            }
        }
    }
    assert_eq!(seen.len(), usize::from(INSTANCES));
    gateway.end().await;
}

#[tokio::test]
async fn a_message_over_http_has_what_a_message_holds_and_json_of_a_message_has_all() {
    let gateway = crowded(INSTANCES).await;
    let client = http_client(&[]);
    let message = Question::new("legion.default.nomad", RecordType::SRV).message(0);
    let by_name = format!(
        "http://{}/resolve?name=legion.default.nomad&type=SRV",
        gateway.http
    );
    let by_message = client.post(format!("http://{}/dns-query", gateway.http));
    let by_message = by_message
        .header("content-type", "application/dns-message")
        .body(message);
    let form = "application/dns-message";
    let as_message = client
        .get(format!("{by_name}&ct={form}"))
        .send()
        .await
        .unwrap();
    let octets = as_message.bytes().await.unwrap();
    let part = Message::from_vec(&octets).unwrap();
    assert!(part.metadata.truncation && octets.len() <= 65_535);
    let as_json = by_message
        .header("accept", "application/dns-json")
        .send()
        .await
        .unwrap();
    let all: Value = serde_json::from_slice(&as_json.bytes().await.unwrap()).unwrap();
    let records = all["Answer"].as_array().unwrap().len();
    assert_eq!(
        (records, &all["TC"]),
        (INSTANCES.into(), &Value::Bool(false))
    );
    gateway.end().await;
}

#[tokio::test]
async fn a_large_service_is_named_with_what_resolvers_need_for_it() {
    let gateway = crowded(101).await;
    let (_, ready) = gateway.page("/readyz").await;
    for part in [
        "default/legion (101)",
        "max-records-per-type",
        "max-rrset-size",
        "limits.set_records",
    ] {
        assert!(ready.contains(part), "{ready:?} lacks {part:?}");
    }
    gateway.end().await;
    let gateway = crowded(100).await;
    assert!(!gateway.page("/readyz").await.1.contains("legion"));
    gateway.end().await;
}
