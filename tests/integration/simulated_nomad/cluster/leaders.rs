//! Who leads: a majority has a leader, a minority has none, and an election is a time without one.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_steps_down_before_another_takes_a_change() {
    let cluster = cluster();
    cluster.server(0).register([redis()]);
    cluster.cut_off(0);
    cluster.server(0).register([redis()]);
    // Within its lease it still leads, and nothing newer is committed anywhere.
    let reply = ask(&cluster, 0, "/v1/service/redis").await;
    assert_eq!(
        (reply.instances(), reply.last_contact),
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
    let reply = stale(&cluster, 0).await;
    assert_eq!((reply.instances(), reply.known_leader), (0, Some(false)));
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
        let reply = stale(&cluster, server).await;
        assert_eq!((reply.instances(), reply.known_leader), (0, Some(false)));
    }
    // A read that needs a leader is held until there is one.
    let start = Instant::now();
    let reply = ask(&cluster, 1, "/v1/service/redis").await;
    assert_eq!(
        (reply.instances(), reply.last_contact),
        (1, Some(Duration::ZERO))
    );
    assert!(start.elapsed() >= Duration::from_secs(1) && start.elapsed() < Duration::from_secs(2));
    assert_eq!((cluster.leader(), cluster.term()), (Some(2), 2));
}
