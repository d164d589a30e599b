//! A cluster of three whose leader goes.

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::run;
use crate::machine::witness::{Truths, Witness};

#[tokio::test]
async fn an_election_gives_no_wrong_answer_and_loses_no_change() {
    let Some(run) = run().await else { return };
    let mut cluster = Cluster::of_three(&run.nomad).await;
    let steady = cluster.run(&Job::new("steady").count(2)).await;
    cluster.run(&Job::new("web").count(3)).await;
    cluster.run(&Job::new("gone")).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    gateway.until_ports("steady.default.nomad", &steady).await;
    cluster.end(0, &Job::new("gone")).await;
    gateway.until_gone("gone.default.nomad").await;
    let truths = Truths::default()
        .steady("steady.default.nomad", &steady)
        .gone("gone.default.nomad");
    let witness = Witness::start(&gateway, truths).await;

    let first = cluster.leader(&[0, 1, 2]).await;
    cluster.servers[first].kill();
    let others: Vec<usize> = (0..3).filter(|it| *it != first).collect();
    let next = cluster.leader(&others).await;
    let ports = cluster.take_one(next, "web").await;
    gateway.until_ports("web.default.nomad", &ports).await;

    // The one that was gone comes back, and is led.
    cluster.servers[first].start_again();
    cluster.leader(&[0, 1, 2]).await;
    let ports = cluster.take_one(first, "web").await;
    gateway.until_ports("web.default.nomad", &ports).await;
    witness.assert_all_true().await;
}
