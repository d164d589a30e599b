//! Servers that restart, hang, are killed or slow, and states that are restored.

use std::io::ErrorKind;

use nomadns::demo::{Enforcement, Removal, Token};
use tokio::time::timeout;

use super::super::capture;
use super::*;

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
    let reply = stale(&cluster, 1).await;
    assert_eq!((reply.instances(), reply.index), (1, Some(saved)));
    // Go's longest duration: it never heard of a leader.
    assert_eq!(reply.known_leader, Some(false));
    assert_eq!(
        reply.last_contact,
        Some(Duration::from_millis(9_223_372_036_854))
    );
    // It hears of its leader a while before it has what came since: only the index tells.
    sleep(Duration::from_millis(400)).await;
    let reply = stale(&cluster, 1).await;
    assert_eq!((reply.index, reply.known_leader), (Some(saved), Some(true)));
    let mut events = stream(&cluster, 1, 0).await;
    let frame = events.next().await.unwrap().unwrap();
    assert!(
        frame.contains(&format!("\"Index\":{}", saved + 1)),
        "{frame}"
    );
    assert_eq!(stale(&cluster, 1).await.instances(), 2);
    cluster.restart(2);
    let reply = stale(&cluster, 2).await;
    assert_eq!((reply.body.as_str(), reply.index), ("[]", Some(1)));
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
    let reply = stale(&cluster, 0).await;
    assert_eq!((reply.instances(), reply.index), (1, Some(before)));
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
async fn a_slow_server_answers_correctly_after_its_delay() {
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
    cluster.server(0).enforce_acl(Enforcement::On);
    assert_eq!(stale(&cluster, 0).await.status, StatusCode::FORBIDDEN);
    assert_eq!(stale(&cluster, 1).await.status, StatusCode::OK);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stale(&cluster, 1).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn a_follower_behind_the_kept_log_gets_the_whole_state() {
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
            let answer = capture::ask(server, "GET /v1/service/redis?stale", &[]).await;
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
    let answer = capture::ask(cluster.server(2), "GET /v1/status/leader", &[]).await;
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
    let reply = stale(&cluster, 0).await;
    assert_eq!((reply.instances(), reply.known_leader), (2, Some(true)));
    cluster
        .server(0)
        .scale("default", "redis", 1, Removal::Planned);
    assert_eq!(stale(&cluster, 0).await.instances(), 1);
}
