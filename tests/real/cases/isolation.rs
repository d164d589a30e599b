//! A server that is cut off from the others answers still, but knows nothing of what happens.

use std::time::Duration;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::{Gateway, NOERROR};
use crate::machine::jobs::Job;
use crate::machine::witness::{Truths, Witness};
use crate::machine::{run, until, within};

/// Five seconds without its leader, two until answers are stale; the rest is slack.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn answers_of_a_server_cut_off_from_its_leader_change_nothing() {
    let Some(run) = run().await else { return };
    let mut cluster = Cluster::of_three(&run.nomad).await;
    let steady = cluster.run(&Job::new("steady").count(2)).await;
    cluster.run(&Job::new("web").count(2)).await;
    let leader = cluster.leader(&[0, 1, 2]).await;
    let alone = (0..3).find(|it| *it != leader).unwrap();
    let others: Vec<usize> = (0..3).filter(|it| *it != alone).collect();
    // It is asked first, so it is the one that is followed.
    let mut addresses = cluster.addresses();
    addresses.swap(0, alone);
    let gateway = Gateway::ready(&addresses).await;
    gateway.until_ports("steady.default.nomad", &steady).await;
    let (_, healthy) = gateway.page("/readyz").await;
    let truths = Truths::default().steady("steady.default.nomad", &steady);
    let witness = Witness::start(&gateway, truths).await;

    for server in &others {
        cluster.servers[*server].process().stop();
    }
    let api = cluster.api_of(alone);
    until("a server that knows no leader", async || {
        !api.get("/v1/services?stale").await.known_leader
    })
    .await;
    within(TOLD_WITHIN, "answers are marked as stale", async || {
        gateway.metric("nomadns_stale").await > 0.0
    })
    .await;
    let (status, body) = gateway.page("/readyz").await;
    assert_eq!(status, 200, "{body}");
    assert_ne!(body, healthy);
    assert!(body.contains("stale"), "{body}");
    let answer = gateway.ask("steady.default.nomad").await;
    assert!(answer.is_stale() && answer.rcode == NOERROR, "{answer:?}");

    for server in &others {
        cluster.servers[*server].process().cont();
    }
    cluster.leader(&[0, 1, 2]).await;
    let ports = cluster.take_one(alone, "web").await;
    gateway.until_ports("web.default.nomad", &ports).await;
    gateway.until_ports("steady.default.nomad", &steady).await;
    witness.assert_all_true().await;
}

#[tokio::test]
async fn a_server_that_was_held_still_never_takes_the_state_back() {
    let Some(run) = run().await else { return };
    let mut cluster = Cluster::of_three(&run.nomad).await;
    let steady = cluster.run(&Job::new("steady")).await;
    cluster.run(&Job::new("web").count(5)).await;
    let leader = cluster.leader(&[0, 1, 2]).await;
    let followed = (0..3).find(|it| *it != leader).unwrap();
    let mut addresses = cluster.addresses();
    addresses.swap(0, followed);
    let mut truths = Truths::default().steady("steady.default.nomad", &steady);
    let mut jobs = Vec::new();
    for round in 0..3 {
        // All of them first, since Nomad's client may be at the server that is held.
        jobs.push(Job::new(&format!("gone{round}")));
        cluster.run_at(leader, &jobs[round]).await;
    }
    let gateway = Gateway::ready(&addresses).await;
    for job in &jobs {
        // While it is held, it misses a deletion that the gateway learns from another.
        cluster.servers[followed].process().stop();
        cluster.take_one(leader, &job.id).await;
        let name = format!("{}.default.nomad", job.id);
        gateway.until_gone(&name).await;
        truths = truths.gone(&name);
        let witness = Witness::start(&gateway, truths.clone()).await;
        cluster.servers[followed].process().cont();
        let ports = cluster.take_one(followed, "web").await;
        gateway.until_ports("web.default.nomad", &ports).await;
        witness.assert_all_true().await;
    }
}
