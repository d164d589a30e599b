//! Several addresses: the next one is asked beside one that is silent, and whoever answers is kept.

use std::time::Duration;

use nomadns::nomad::{Client, QueryOptions};
use socket2::{Domain, Socket, Type};
use tokio::time::timeout;

use super::{list, settings};
use crate::support::replay::{Replay, Reply, ok};

/// Far below every timeout of the client, and above what a busy machine needs.
const SOON: Duration = Duration::from_millis(1500);

/// Ten connections, less one for a question about a silent address and one that is spare.
const REQUESTS: usize = 8;

/// An address that takes no connection and refuses none: its queue is full.
struct BlackHole {
    url: String,
    _listener: Socket,
    _queued: Vec<Socket>,
}

impl BlackHole {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let queued = (0..4).map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // It is queued, or waits for a place in the queue.
            let _ = socket.connect(&address);
            socket
        });
        let _queued = queued.collect();
        let url = format!("http://{}", address.as_socket().unwrap());
        Self {
            url,
            _listener: listener,
            _queued,
        }
    }
}

async fn good() -> Replay {
    Replay::start(|_| Reply::Send(ok(7, "[]"))).await
}

/// Takes connections and requests, and says nothing.
async fn silent() -> Replay {
    Replay::start(|_| Reply::Trickle(Vec::new(), 1)).await
}

#[tokio::test]
async fn an_address_that_takes_no_connection_is_left_for_the_next_at_once() {
    let (hole, good) = (BlackHole::new(), good().await);
    let client = Client::new(settings(&[&hole.url, &good.url()])).unwrap();
    assert_eq!(timeout(SOON, list(&client)).await.unwrap(), Ok(7));
    assert_eq!(
        (client.address().to_string(), client.moves()),
        (good.url(), 1)
    );
}

#[tokio::test]
async fn an_address_that_takes_a_request_and_is_silent_is_left_for_the_next_at_once() {
    let (silent, good) = (silent().await, good().await);
    let client = Client::new(settings(&[&silent.url(), &good.url()])).unwrap();
    assert_eq!(timeout(SOON, list(&client)).await.unwrap(), Ok(7));
    assert_eq!(list(&client).await, Ok(7));
    // The list is not asked twice for that: a cheap question found it out.
    let asked = |server: &Replay, path| {
        let heads = server.heads();
        heads.iter().filter(|head| head.contains(path)).count()
    };
    let lists = |server| asked(server, "/v1/services");
    let probes = |server| asked(server, "/v1/status/leader");
    assert_eq!((lists(&silent), probes(&silent)), (1, 1));
    assert_eq!((lists(&good), probes(&good)), (2, 1));
}

#[tokio::test]
async fn a_blocking_query_leaves_an_address_that_is_silent_to_another_question_too() {
    for silent in [silent().await.url(), BlackHole::new().url] {
        let good = good().await;
        let client = Client::new(settings(&[&silent, &good.url()])).unwrap();
        let wait = QueryOptions::default().over(3, Duration::from_secs(60));
        let listed = timeout(SOON, client.list_services("*", wait))
            .await
            .unwrap();
        assert_eq!(listed.unwrap().meta.index, 7);
    }
}

#[tokio::test]
async fn a_blocking_query_stays_where_another_question_is_answered() {
    let waits = |line: &str| match line.contains("wait=") {
        true => Reply::Trickle(Vec::new(), 1),
        false => Reply::Send(ok(7, "\"127.0.0.1:4647\"")),
    };
    let (first, other) = (Replay::start(waits).await, good().await);
    let client = Client::new(settings(&[&first.url(), &other.url()])).unwrap();
    let wait = QueryOptions::default().over(3, Duration::from_secs(60));
    let listed = timeout(SOON, client.list_services("*", wait)).await;
    assert!(listed.is_err(), "{listed:?}");
    assert!(other.heads().is_empty());
    let paths: Vec<_> = first
        .heads()
        .iter()
        .map(|head| head.contains("/v1/status/leader"))
        .collect();
    assert_eq!(paths, [false, true]);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_connections_are_allowed() {
    let silent = silent().await;
    let client = Client::new(settings(&[&silent.url()])).unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let client = client.clone();
        asking.spawn(async move { list(&client).await });
    }
    let all = async {
        while silent.heads().len() < REQUESTS {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, all).await.unwrap();
    assert!(
        timeout(Duration::from_millis(200), asking.join_next())
            .await
            .is_err()
    );
    assert_eq!(silent.heads().len(), REQUESTS);
}
