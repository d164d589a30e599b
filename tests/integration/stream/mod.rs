//! DNS over a stream: pipelining, waiting, half-close, what ends a connection.

mod times;

use std::sync::Arc;

use std::time::Duration;

use nomadns::dns::{RecordType, Transport};
use nomadns::listeners::exchange::Exchange;
use nomadns::listeners::stream::{ConnectionEnd, serve};
use nomadns::listeners::{ConnectionHandle, ConnectionLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::stub::{Gate, PATIENCE, decode, query, stack};

/// A connection in memory and what serves it.
struct Conversation {
    client: DuplexStream,
    served: JoinHandle<ConnectionEnd>,
    gate: Gate,
    shutdown: CancellationToken,
}

impl Conversation {
    fn start(limits: ConnectionLimits, room: usize) -> Self {
        let (client, mut server) = duplex(room);
        let (stack, gate) = stack();
        let shutdown = CancellationToken::new();
        let hears = shutdown.clone();
        let exchange = Exchange::new(stack, Transport::Tcp, Arc::default());
        let served = tokio::spawn(async move {
            serve(
                &mut server,
                exchange,
                None,
                &limits,
                &ConnectionHandle::default(),
                hears,
            )
            .await
        });
        Self {
            client,
            served,
            gate,
            shutdown,
        }
    }

    async fn ask(&mut self, queries: &[(u16, &str)]) {
        let octets = queries
            .iter()
            .flat_map(|(id, name)| framed(&query(*id, name, RecordType::A)))
            .collect::<Vec<_>>();
        self.client.write_all(&octets).await.unwrap();
    }

    /// The id of the next answer; none at the end of the stream.
    async fn next_id(&mut self) -> Option<u16> {
        let length = timeout(PATIENCE, self.client.read_u16())
            .await
            .unwrap()
            .ok()?;
        let mut message = vec![0; usize::from(length)];
        self.client.read_exact(&mut message).await.unwrap();
        Some(decode(&message).metadata.id)
    }

    async fn end(self) -> ConnectionEnd {
        timeout(PATIENCE, self.served).await.unwrap().unwrap()
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

fn start() -> Conversation {
    Conversation::start(ConnectionLimits::default(), 1 << 16)
}

#[tokio::test]
async fn pipelined_queries_are_all_answered() {
    let mut conversation = start();
    conversation
        .ask(&[(1, "a.nomad"), (2, "b.nomad"), (3, "c.nomad")])
        .await;
    for id in 1..=3 {
        assert_eq!(conversation.next_id().await, Some(id));
    }
    conversation.client.shutdown().await.unwrap();
    assert_eq!(conversation.next_id().await, None);
    assert_eq!(conversation.end().await, ConnectionEnd::Closed);
}

#[tokio::test]
async fn what_is_ready_is_written_together() {
    let mut conversation = start();
    conversation
        .ask(&[(1, "a.nomad"), (2, "b.nomad"), (3, "c.nomad")])
        .await;
    let mut octets = [0; 4096];
    let count = conversation.client.read(&mut octets).await.unwrap();
    assert_eq!(
        count,
        3 * (2 + query(1, "a.nomad", RecordType::A).len() + 16)
    );
}

#[tokio::test]
async fn what_there_was_no_room_for_is_answered_once_the_client_has_taken_the_rest() {
    const QUERIES: u16 = 140;
    let limits = ConnectionLimits {
        unwritten_octets: 1,
        ..ConnectionLimits::default()
    };
    // Room for all queries, and not for all answers.
    let mut conversation = Conversation::start(limits, 4096);
    let queries: Vec<_> = (0..QUERIES).map(|id| (id, "a.nomad")).collect();
    conversation.ask(&queries).await;
    for id in 0..QUERIES {
        assert_eq!(conversation.next_id().await, Some(id));
    }
}

#[tokio::test]
async fn an_answer_that_waits_holds_up_no_other() {
    let mut conversation = start();
    conversation
        .ask(&[(1, "slow.nomad"), (2, "a.nomad"), (3, "slow.nomad")])
        .await;
    assert_eq!(conversation.next_id().await, Some(2));
    conversation.ask(&[(4, "b.nomad")]).await;
    assert_eq!(conversation.next_id().await, Some(4));
    conversation.gate.release(2);
    let mut rest = [conversation.next_id().await, conversation.next_id().await];
    rest.sort();
    assert_eq!(rest, [Some(1), Some(3)]);
}

#[tokio::test]
async fn messages_may_come_octet_by_octet() {
    let mut conversation = start();
    for octet in framed(&query(7, "a.nomad", RecordType::A)) {
        conversation.client.write_u8(octet).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(conversation.next_id().await, Some(7));
}

#[tokio::test]
async fn a_half_closed_client_gets_its_answers() {
    let mut conversation = start();
    conversation
        .ask(&[(1, "slow.nomad"), (2, "slow.nomad")])
        .await;
    conversation.client.shutdown().await.unwrap();
    conversation.gate.release(2);
    assert!(conversation.next_id().await.is_some());
    assert!(conversation.next_id().await.is_some());
    assert_eq!(conversation.next_id().await, None);
    assert_eq!(conversation.end().await, ConnectionEnd::Closed);
}

#[tokio::test(start_paused = true)]
async fn reading_stops_at_the_most_queries_that_may_wait() {
    let limits = ConnectionLimits {
        in_flight_per_connection: 2,
        ..ConnectionLimits::default()
    };
    let mut conversation = Conversation::start(limits, 1 << 16);
    conversation
        .ask(&[(1, "slow.nomad"), (2, "slow.nomad"), (3, "a.nomad")])
        .await;
    conversation.client.shutdown().await.unwrap();
    let early = timeout(Duration::from_secs(1), conversation.client.read_u16()).await;
    assert!(early.is_err(), "the third was answered while two waited");
    conversation.gate.release(2);
    let mut ids = Vec::new();
    while let Some(id) = conversation.next_id().await {
        ids.push(id);
    }
    ids.sort();
    assert_eq!(ids, [1, 2, 3]);
}

#[tokio::test]
async fn what_is_no_query_ends_the_connection_after_the_answers_before_it() {
    let mut response = query(9, "a.nomad", RecordType::A);
    response[2] |= 0x80;
    for bad in [
        framed(&[0; 11]),
        framed(&[]),
        framed(&response),
        framed(&[0; 4097]),
    ] {
        let mut conversation = start();
        conversation.ask(&[(1, "a.nomad"), (2, "slow.nomad")]).await;
        conversation.client.write_all(&bad).await.unwrap();
        conversation.ask(&[(3, "a.nomad")]).await;
        assert_eq!(conversation.next_id().await, Some(1));
        conversation.gate.release(1);
        assert_eq!(conversation.next_id().await, Some(2));
        assert_eq!(conversation.next_id().await, None);
        assert_eq!(conversation.end().await, ConnectionEnd::Malformed);
    }
}

#[tokio::test]
async fn what_the_gate_refuses_keeps_the_connection() {
    let mut conversation = start();
    let mut update = query(5, "a.nomad", RecordType::A);
    update[2] |= 5 << 3;
    conversation
        .client
        .write_all(&framed(&update))
        .await
        .unwrap();
    conversation.ask(&[(6, "a.nomad")]).await;
    assert_eq!(conversation.next_id().await, Some(5));
    assert_eq!(conversation.next_id().await, Some(6));
}

#[tokio::test]
async fn a_shutdown_lets_what_is_owed_be_answered() {
    let mut conversation = start();
    conversation.ask(&[(1, "slow.nomad"), (2, "a.nomad")]).await;
    assert_eq!(conversation.next_id().await, Some(2));
    conversation.shutdown.cancel();
    conversation.gate.release(1);
    assert_eq!(conversation.next_id().await, Some(1));
    assert_eq!(conversation.next_id().await, None);
    assert_eq!(conversation.end().await, ConnectionEnd::Closed);
}
