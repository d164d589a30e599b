//! The loss of most instances in one list or one full read is not believed for a while; events always are.

use nomadns::demo::{Events, Removal};

use super::*;

/// Starts a gateway with this grace before a Nomad with 20 services of 2 instances each.
async fn guarded(nomad: &SimulatedNomad, grace: Duration) -> Gateway {
    for at in 0..20 {
        register(nomad, &format!("s{at}"), 2);
    }
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.mass_loss_grace = grace;
        settings.sync.wait = Duration::from_millis(300);
    });
    gateway.until_ready().await;
    gateway
}

/// Takes the first services away without an event, all between one list and the next.
async fn lose(nomad: &SimulatedNomad, services: usize) -> Vec<Registration> {
    nomad.vanish().await;
    let lost = (0..services)
        .flat_map(|at| nomad.remove_service("default", &format!("s{at}"), Removal::Silent))
        .collect();
    nomad.come_back().unwrap();
    lost
}

async fn until_held(gateway: &Gateway, count: f64) {
    until(&format!("{count} are held"), async || {
        gateway.metric("nomadns_held_instances").await == count
    })
    .await;
}

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(700);

#[tokio::test]
async fn an_empty_list_takes_nothing_away_and_the_truth_after_it_is_taken() {
    let nomad = nomad();
    let gateway = guarded(&nomad, LONG).await;
    let all = lose(&nomad, 20).await;
    until_held(&gateway, 40.0).await;
    assert_eq!(asked(&gateway, "s3").await, ["1", "2"]);
    assert!(
        gateway
            .page("/")
            .await
            .1
            .contains("Mass loss: instances that Nomad no longer reports are kept")
    );
    nomad.register_with(all, Events::None);
    until_held(&gateway, 0.0).await;
    assert_eq!(asked(&gateway, "s3").await, ["1", "2"]);
    gateway.end().await;
}

#[tokio::test]
async fn a_loss_that_nomad_says_again_after_the_grace_is_taken() {
    let nomad = nomad();
    let gateway = guarded(&nomad, SHORT).await;
    lose(&nomad, 15).await;
    until_held(&gateway, 30.0).await;
    assert_eq!(asked(&gateway, "s3").await, ["1", "2"]);
    until_asked(&gateway, "s3", &[]).await;
    assert_eq!(asked(&gateway, "s19").await, ["1", "2"]);
    assert_eq!(gateway.metric("nomadns_held_instances").await, 0.0);
    assert_eq!(gateway.metric("nomadns_instances").await, 10.0);
    gateway.end().await;
}

#[tokio::test]
async fn a_full_read_in_which_most_instances_are_gone_is_held_back_whole() {
    let nomad = nomad();
    for at in 0..20 {
        register(&nomad, &format!("s{at}"), 4);
    }
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.mass_loss_grace = LONG;
    });
    gateway.until_ready().await;
    // The list shows the same services as before, and no event tells that anything has changed.
    nomad.vanish().await;
    for at in 0..20 {
        nomad.scale("default", &format!("s{at}"), 1, Removal::Silent);
    }
    nomad.come_back().unwrap();
    until_held(&gateway, 60.0).await;
    for at in 0..20 {
        assert_eq!(
            asked(&gateway, &format!("s{at}")).await,
            ["1", "2", "3", "4"]
        );
    }
    // What an event tells of one of them is newer, and taken.
    nomad.scale("default", "s3", 2, Removal::Planned);
    until("s3 is what Nomad has", async || {
        asked(&gateway, "s3").await.len() == 1
    })
    .await;
    until_held(&gateway, 57.0).await;
    gateway.end().await;
}

#[tokio::test]
async fn what_events_tell_is_taken_at_once_however_much_it_is() {
    let nomad = nomad();
    let gateway = guarded(&nomad, LONG).await;
    nomad.streams_reach(1).await;
    for at in 0..20 {
        nomad.remove_service("default", &format!("s{at}"), Removal::Planned);
    }
    for at in 0..20 {
        until_asked(&gateway, &format!("s{at}"), &[]).await;
    }
    until_held(&gateway, 0.0).await;
    register(&nomad, "big", 60);
    until("big is known", async || {
        asked(&gateway, "big").await.len() == 60
    })
    .await;
    nomad.scale("default", "big", 3, Removal::Planned);
    until("big is small", async || {
        asked(&gateway, "big").await.len() == 3
    })
    .await;
    gateway.end().await;
}

#[tokio::test]
async fn few_instances_go_without_a_grace_and_so_do_all_when_it_is_off() {
    let nomad = nomad();
    register(&nomad, "redis", 3);
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.mass_loss_grace = LONG;
    });
    gateway.until_ready().await;
    nomad.remove_service("default", "redis", Removal::Silent);
    until_asked(&gateway, "redis", &[]).await;
    gateway.end().await;
    let unguarded = guarded(&nomad, Duration::ZERO).await;
    lose(&nomad, 15).await;
    until_asked(&unguarded, "s3", &[]).await;
    unguarded.end().await;
}
