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
async fn quiet_costs_nothing() {
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
