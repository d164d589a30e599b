//! What following costs Nomad: connections and requests.

use super::*;

#[tokio::test]
async fn the_first_sync_takes_ten_connections_at_most_and_no_request_per_instance() {
    let nomad = nomad();
    for number in 0..200 {
        nomad.register_with(
            instances("default", &format!("service-{number}"), 5),
            Events::None,
        );
    }
    let followed = follow(&nomad).await;
    assert_eq!(followed.report().instances, 1000);
    let reads = nomad.load("/v1/service/:name");
    assert_eq!(reads.requests, 200);
    assert!(reads.peak <= 8, "{} reads at a time", reads.peak);
    assert!(
        nomad.connections() <= 10,
        "{} connections",
        nomad.connections()
    );
}

#[tokio::test]
async fn an_idle_cluster_gets_no_request_but_the_waiting_list() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 5));
    let followed = follow(&nomad).await;
    followed
        .until("listed after the stream came up", |it| {
            it.report().lists >= 2
        })
        .await;
    nomad.forget_requests();
    sleep(Duration::from_millis(1500)).await;
    // The list that waits may have been sent only now.
    let requests = nomad.recent_requests();
    assert!(
        requests.len() <= 1 && requests.iter().all(|it| it.contains("wait=")),
        "{requests:?}"
    );
    assert_eq!(followed.count("default", "redis"), 5);
}

#[tokio::test]
async fn changes_that_the_stream_tells_do_not_cost_a_list_each() {
    const CHANGES: usize = 20;
    let nomad = nomad();
    nomad.register(instances("default", "redis", 1));
    let mut settings = quick();
    settings.times.list_pause_per_service = Duration::from_secs(60);
    settings.times.list_pause_max = Duration::from_secs(60);
    let followed = follow_with(&nomad, TokenSource::None, settings);
    followed
        .until("following events", |it| {
            it.report().access.label() == "all_with_events" && it.report().lists >= 2
        })
        .await;
    let before = nomad.load("/v1/services").requests;
    for count in 2..CHANGES + 2 {
        nomad.register(instances("default", "redis", 1));
        followed.until_count("default", "redis", count).await;
    }
    let lists = nomad.load("/v1/services").requests - before;
    // The one that was waiting when the stream came up, and the pause after it.
    assert!(lists <= 2, "{lists} lists for {CHANGES} changes");
}
