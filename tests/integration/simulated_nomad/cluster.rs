//! Several servers with one log, asked in memory and in paused time: who leads, who is behind, and what each says of it.

use std::io::ErrorKind;
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use nomadns::demo::{ClusterOptions, Lag, Registration, Removal, SimulatedCluster, Token};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
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
struct Said {
    status: StatusCode,
    index: Option<u64>,
    known_leader: Option<bool>,
    last_contact: Option<Duration>,
    body: String,
}

impl Said {
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

async fn ask(cluster: &SimulatedCluster, server: usize, target: &str) -> Said {
    Said::of(open(cluster, server, target).await.unwrap()).await
}

/// Reads redis from a server's own state.
async fn stale(cluster: &SimulatedCluster, server: usize) -> Said {
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
        let said = stale(&cluster, server).await;
        assert_eq!((said.instances(), said.index), (1, Some(cluster.index())));
        assert_eq!(said.known_leader, Some(true));
        let contact = said.last_contact.unwrap();
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
    let said = stale(&cluster, 1).await;
    assert_eq!((said.instances(), said.index), (1, Some(before)));
    assert_eq!(said.known_leader, Some(true));
    assert!(said.last_contact.unwrap() < Duration::from_millis(100));
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
async fn who_is_cut_off_loses_his_leader_and_says_how_long_ago_he_heard_of_him() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.cut_off(1);
    cluster.server(0).register([redis()]);
    let said = stale(&cluster, 1).await;
    assert_eq!((said.instances(), said.known_leader), (1, Some(true)));
    sleep(TIMEOUT).await;
    let said = stale(&cluster, 1).await;
    assert_eq!((said.instances(), said.known_leader), (1, Some(false)));
    assert_eq!(said.last_contact, Some(TIMEOUT));
    assert_eq!(ask(&cluster, 1, "/v1/status/leader").await.body, r#""""#);
    let health = ask(&cluster, 1, "/v1/agent/health").await;
    assert_eq!(health.status, StatusCode::INTERNAL_SERVER_ERROR);
    let start = Instant::now();
    let refused = ask(&cluster, 1, "/v1/service/redis").await;
    assert_eq!(refused.body, "No cluster leader");
    assert_eq!(start.elapsed().as_secs(), 5);
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
    let said = waiting.await.unwrap();
    assert_eq!(said.known_leader, Some(true));
    assert!(said.last_contact.unwrap() < Duration::from_millis(100));
    assert_eq!(stale(&cluster, 1).await.known_leader, Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_steps_down_before_another_takes_a_change() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.cut_off(0);
    cluster.server(0).register([redis()]);
    // Within its lease it still leads, and nothing newer is committed anywhere.
    let said = ask(&cluster, 0, "/v1/service/redis").await;
    assert_eq!(
        (said.instances(), said.last_contact),
        (1, Some(Duration::ZERO))
    );
    assert_eq!(stale(&cluster, 1).await.instances(), 1);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(
        (cluster.leader(), stale(&cluster, 0).await.known_leader),
        (None, Some(false))
    );
    sleep(TIMEOUT).await;
    let leader = cluster.leader().unwrap();
    assert_ne!(leader, 0);
    assert_eq!(
        (cluster.term(), stale(&cluster, leader).await.instances()),
        (2, 2)
    );
    assert_eq!(stale(&cluster, 0).await.instances(), 1);
    cluster.heal();
    assert_eq!(stale(&cluster, 0).await.instances(), 2);
    assert_eq!(cluster.leader(), Some(leader));
}

#[tokio::test(start_paused = true)]
async fn a_minority_has_no_leader() {
    let cluster = cluster();
    cluster.hang(1);
    cluster.hang(2);
    sleep(TIMEOUT).await;
    assert_eq!(cluster.leader(), None);
    cluster.server(0).register([redis()]);
    sleep(Duration::from_secs(60)).await;
    let said = stale(&cluster, 0).await;
    assert_eq!((said.instances(), said.known_leader), (0, Some(false)));
    cluster.resume(1);
    sleep(TIMEOUT).await;
    assert_eq!(stale(&cluster, 0).await.instances(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_election_is_a_time_without_a_leader_and_then_another() {
    let cluster = cluster();
    cluster.elect(2);
    cluster.server(0).register([redis()]);
    for server in 0..3 {
        let said = stale(&cluster, server).await;
        assert_eq!((said.instances(), said.known_leader), (0, Some(false)));
    }
    // A read that needs a leader is held until there is one.
    let start = Instant::now();
    let said = ask(&cluster, 1, "/v1/service/redis").await;
    assert_eq!(
        (said.instances(), said.last_contact),
        (1, Some(Duration::ZERO))
    );
    assert!(start.elapsed() >= Duration::from_secs(1) && start.elapsed() < Duration::from_secs(2));
    assert_eq!((cluster.leader(), cluster.term()), (Some(2), 2));
}

#[tokio::test(start_paused = true)]
async fn a_restart_cuts_what_is_open_and_begins_with_what_is_on_disk() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.save(1);
    let saved = cluster.index();
    cluster.server(0).register([redis()]);
    let mut events = stream(&cluster, 1, cluster.index()).await;
    assert!(events.next().await.unwrap().unwrap().contains("Index"));
    cluster.restart(1);
    assert_eq!(events.next().await, Some(Err(())));
    let said = stale(&cluster, 1).await;
    assert_eq!((said.instances(), said.index), (1, Some(saved)));
    // Go's longest duration: it never heard of a leader.
    assert_eq!(said.known_leader, Some(false));
    assert_eq!(
        said.last_contact,
        Some(Duration::from_millis(9_223_372_036_854))
    );
    let mut events = stream(&cluster, 1, 0).await;
    let frame = events.next().await.unwrap().unwrap();
    assert!(
        frame.contains(&format!("\"Index\":{}", saved + 1)),
        "{frame}"
    );
    assert_eq!(stale(&cluster, 1).await.instances(), 2);
    cluster.restart(2);
    let said = stale(&cluster, 2).await;
    assert_eq!((said.body.as_str(), said.index), ("[]", Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_restarts_is_followed_by_another() {
    let cluster = cluster();
    cluster.restart(0);
    assert_eq!(cluster.leader(), None);
    sleep(TIMEOUT).await;
    assert!(cluster.leader().is_some());
    assert_eq!(cluster.term(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_servers_restarted_lose_nothing() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    for server in 0..3 {
        cluster.restart(server);
    }
    assert_eq!(stale(&cluster, 0).await.instances(), 0);
    sleep(Duration::from_secs(3)).await;
    for server in 0..3 {
        assert_eq!(stale(&cluster, server).await.instances(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restored_snapshot_takes_state_and_index_back_on_every_server_in_its_time() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    let snapshot = cluster.snapshot();
    let before = cluster.index();
    cluster.server(0).register([redis()]);
    let newest = cluster.index();
    cluster.lag(1, Duration::from_secs(1));
    let mut events = stream(&cluster, 0, newest).await;
    assert!(events.next().await.unwrap().unwrap().contains("Index"));
    let target = format!("/v1/services?stale&index={newest}&wait=4s");
    let start = Instant::now();
    let waiting = tokio::spawn({
        let cluster = cluster.clone();
        async move { ask(&cluster, 0, &target).await }
    });
    cluster.server(0).waiting_queries_reach(1).await;
    cluster.restore(&snapshot);
    assert_eq!(events.next().await, None);
    let said = stale(&cluster, 0).await;
    assert_eq!((said.instances(), said.index), (1, Some(before)));
    assert_eq!(stale(&cluster, 1).await.instances(), 2);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stale(&cluster, 1).await.index, Some(before));
    // Who waits on the old index is not let go before his time is over.
    assert_eq!(waiting.await.unwrap().index, Some(before));
    assert!(start.elapsed() >= Duration::from_secs(4));
    // The raft index goes on.
    cluster.server(0).register([redis()]);
    assert!(cluster.index() > newest);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_takes_connections_and_says_nothing_until_it_goes_on() {
    let cluster = cluster();
    let mut events = stream(&cluster, 1, 0).await;
    cluster.hang(1);
    let silent = timeout(Duration::from_secs(60), stale(&cluster, 1)).await;
    assert!(silent.is_err());
    assert!(
        timeout(Duration::from_secs(60), events.next())
            .await
            .is_err()
    );
    let asked = tokio::spawn({
        let cluster = cluster.clone();
        async move { stale(&cluster, 1).await }
    });
    cluster.server(0).register([redis()]);
    sleep(Duration::from_secs(1)).await;
    cluster.resume(1);
    assert_eq!(asked.await.unwrap().instances(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_killed_server_refuses_until_it_is_started_again() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.kill(1).await;
    let refused = open(&cluster, 1, "/v1/regions").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    cluster.start_again(1).unwrap();
    assert_eq!(stale(&cluster, 1).await.instances(), 0);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stale(&cluster, 1).await.instances(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_is_right_and_late() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.slow(1, Duration::from_millis(700));
    let start = Instant::now();
    assert_eq!(stale(&cluster, 1).await.instances(), 1);
    assert_eq!(start.elapsed().as_millis() / 100, 7);
    cluster.mend();
    stale(&cluster, 1).await;
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_policy_counts_on_a_server_once_it_has_applied_it() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.lag(1, Duration::from_secs(1));
    cluster
        .server(0)
        .set_token("secret", Token::without_rights());
    cluster
        .server(0)
        .enforce_acl(nomadns::demo::Enforcement::On);
    assert_eq!(stale(&cluster, 0).await.status, StatusCode::FORBIDDEN);
    assert_eq!(stale(&cluster, 1).await.status, StatusCode::OK);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stale(&cluster, 1).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn who_needs_more_of_the_log_than_is_kept_gets_the_whole_state() {
    let cluster = cluster();
    cluster.freeze(1);
    for _ in 0..1500 {
        cluster.server(0).register([redis()]);
    }
    let mut events = stream(&cluster, 1, 0).await;
    cluster.thaw(1);
    assert_eq!(stale(&cluster, 1).await.instances(), 1500);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn every_server_has_a_port_and_counters_of_its_own() {
    let cluster = SimulatedCluster::start(&ClusterOptions::default()).unwrap();
    cluster.server(0).register([redis()]);
    for (number, server) in cluster.servers().iter().enumerate() {
        for _ in 0..=number {
            let answer = super::capture::ask(server, "GET /v1/service/redis?stale", &[]).await;
            assert_eq!(answer.json().as_array().unwrap().len(), 1);
        }
        assert_eq!(server.load("/v1/service/:name").requests, number as u64 + 1);
    }
    cluster.kill(2).await;
    assert!(
        tokio::net::TcpStream::connect(cluster.server(2).address())
            .await
            .is_err()
    );
    cluster.start_again(2).unwrap();
    let answer = super::capture::ask(cluster.server(2), "GET /v1/status/leader", &[]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 200 OK");
}

#[tokio::test(start_paused = true)]
async fn one_server_is_a_cluster_too() {
    let options = ClusterOptions {
        servers: 1,
        ..ClusterOptions::default()
    };
    let cluster = SimulatedCluster::in_memory(&options);
    cluster.server(0).register([redis(), redis()]);
    cluster.cut_off(0);
    sleep(Duration::from_secs(10)).await;
    let said = stale(&cluster, 0).await;
    assert_eq!((said.instances(), said.known_leader), (2, Some(true)));
    cluster
        .server(0)
        .scale("default", "redis", 1, Removal::Planned);
    assert_eq!(stale(&cluster, 0).await.instances(), 1);
}
