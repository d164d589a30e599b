//! Several servers with one log, asked in memory and in paused time: who leads, who is behind, and what each says of it.

mod failures;
mod leaders;

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use nomadns::demo::{ClusterOptions, Lag, Registration, SimulatedCluster};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

/// How long a server believes in a leader of whom it hears nothing.
const TIMEOUT: Duration = Duration::from_millis(1500);

fn cluster() -> SimulatedCluster {
    SimulatedCluster::in_memory(&ClusterOptions::default())
}

fn redis() -> Registration {
    Registration::new("default", "redis")
}

/// What a server answered.
struct ServerReply {
    status: StatusCode,
    index: Option<u64>,
    known_leader: Option<bool>,
    last_contact: Option<Duration>,
    body: String,
}

impl ServerReply {
    async fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| {
            let value = parts.headers.get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let number = |name: &str| header(name).map(|text| text.parse().unwrap());
        Self {
            status: parts.status,
            index: number("x-nomad-index"),
            known_leader: header("x-nomad-knownleader").map(|text| text == "true"),
            last_contact: number("x-nomad-lastcontact").map(Duration::from_millis),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Counts the instances that were listed.
    fn instances(&self) -> usize {
        let list: Value = serde_json::from_str(&self.body).unwrap();
        list.as_array().unwrap().len()
    }
}

async fn open(
    cluster: &SimulatedCluster,
    server: usize,
    target: &str,
) -> std::io::Result<Response<Body>> {
    let request = Request::get(target).body(()).unwrap();
    cluster.service(server).oneshot(request).await
}

async fn ask(cluster: &SimulatedCluster, server: usize, target: &str) -> ServerReply {
    ServerReply::of(open(cluster, server, target).await.unwrap()).await
}

/// Reads redis from a server's own state.
async fn stale(cluster: &SimulatedCluster, server: usize) -> ServerReply {
    ask(cluster, server, "/v1/service/redis?stale").await
}

/// Opens a server's event stream, past its first heartbeat.
async fn stream(
    cluster: &SimulatedCluster,
    server: usize,
    index: u64,
) -> BoxStream<'static, Result<String, ()>> {
    let target = format!("/v1/event/stream?topic=Service&namespace=*&index={index}");
    let body = open(cluster, server, &target).await.unwrap().into_body();
    let lines = body.into_data_stream().map(|chunk| {
        let chunk = chunk.map_err(|_| ())?;
        Ok(String::from_utf8(chunk.to_vec()).unwrap())
    });
    let mut lines = lines.boxed();
    assert_eq!(lines.next().await, Some(Ok("{}\n".to_owned())));
    lines
}

#[tokio::test(start_paused = true)]
async fn a_change_shows_on_every_server_at_once_and_only_the_leader_has_no_last_contact() {
    let cluster = cluster();
    sleep(Duration::from_millis(1234)).await;
    cluster.server(2).register([redis()]);
    for server in 0..3 {
        let reply = stale(&cluster, server).await;
        assert_eq!((reply.instances(), reply.index), (1, Some(cluster.index())));
        assert_eq!(reply.known_leader, Some(true));
        let contact = reply.last_contact.unwrap();
        assert_eq!(contact.is_zero(), server == 0, "{server}: {contact:?}");
        assert!(
            contact < Duration::from_millis(100),
            "{server}: {contact:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_lags_shows_the_state_of_before_with_its_index_and_good_contact() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    let before = cluster.index();
    cluster.lag(1, Duration::from_secs(3));
    cluster.server(0).register([redis()]);
    sleep(Duration::from_millis(2900)).await;
    let reply = stale(&cluster, 1).await;
    assert_eq!((reply.instances(), reply.index), (1, Some(before)));
    assert_eq!(reply.known_leader, Some(true));
    assert!(reply.last_contact.unwrap() < Duration::from_millis(100));
    // What is passed on to the leader is the leader's.
    let passed_on = ask(&cluster, 1, "/v1/service/redis").await;
    assert_eq!(
        (passed_on.instances(), passed_on.index),
        (2, Some(cluster.index()))
    );
    assert_eq!(passed_on.last_contact, Some(Duration::ZERO));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(stale(&cluster, 1).await.instances(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_follower_may_lag_by_indexes_or_be_frozen() {
    let cluster = cluster();
    cluster.lag(1, Lag::Indexes(2));
    cluster.freeze(2);
    for _ in 0..4 {
        cluster.server(0).register([redis()]);
    }
    assert_eq!(stale(&cluster, 1).await.instances(), 2);
    assert_eq!(stale(&cluster, 2).await.instances(), 0);
    assert!(!cluster.is_current(1) && cluster.is_current(0));
    cluster.thaw(2);
    cluster.lag(1, Lag::None);
    assert_eq!(stale(&cluster, 1).await.instances(), 4);
    assert_eq!(stale(&cluster, 2).await.instances(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_blocking_query_and_a_stream_tell_when_their_own_server_applies() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    let index = cluster.index();
    cluster.lag(1, Duration::from_secs(2));
    let mut events = stream(&cluster, 1, index + 1).await;
    // An index that is yet to come gives the last frame again.
    assert!(events.next().await.unwrap().unwrap().contains("Index"));
    let start = Instant::now();
    let lists = ["services", "allocations"].map(|table| {
        let cluster = cluster.clone();
        let target = format!("/v1/{table}?stale&namespace=*&index={index}&wait=60s");
        tokio::spawn(async move { ask(&cluster, 1, &target).await })
    });
    cluster.server(1).waiting_queries_reach(2).await;
    cluster.server(0).register([redis()]);
    let frame = events.next().await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 2);
    assert!(frame.contains(&format!("\"Index\":{}", index + 1)));
    for list in lists {
        assert_eq!(list.await.unwrap().index, Some(index + 1));
    }
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_cut_off_loses_its_leader_and_reports_the_last_contact() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.cut_off(1);
    cluster.server(0).register([redis()]);
    let reply = stale(&cluster, 1).await;
    assert_eq!((reply.instances(), reply.known_leader), (1, Some(true)));
    sleep(TIMEOUT).await;
    let reply = stale(&cluster, 1).await;
    assert_eq!((reply.instances(), reply.known_leader), (1, Some(false)));
    assert_eq!(reply.last_contact, Some(TIMEOUT));
    for target in ["/v1/service/redis", "/v1/status/leader", "/v1/agent/health"] {
        let start = Instant::now();
        let refused = ask(&cluster, 1, target).await;
        assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(refused.body.to_lowercase().contains("leader"), "{target}");
        assert_eq!(start.elapsed().as_secs(), 5, "{target}");
    }
    let others = stale(&cluster, 2).await;
    assert_eq!((others.instances(), cluster.term()), (2, 1));
    cluster.heal();
    let healed = stale(&cluster, 1).await;
    assert_eq!((healed.instances(), healed.known_leader), (2, Some(true)));
    let leader = ask(&cluster, 1, "/v1/status/leader").await.body;
    assert_eq!(leader, r#""127.0.0.1:4647""#);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_over_tells_of_the_contact_at_its_beginning() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    let target = format!("/v1/services?stale&index={}&wait=60s", cluster.index());
    let waiting = tokio::spawn({
        let cluster = cluster.clone();
        async move { ask(&cluster, 1, &target).await }
    });
    cluster.server(1).waiting_queries_reach(1).await;
    cluster.cut_off(1);
    let reply = waiting.await.unwrap();
    assert_eq!(reply.known_leader, Some(true));
    assert!(reply.last_contact.unwrap() < Duration::from_millis(100));
    assert_eq!(stale(&cluster, 1).await.known_leader, Some(false));
}
