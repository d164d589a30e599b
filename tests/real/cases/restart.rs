//! Servers that restart, from what they have on disk.

use std::collections::BTreeSet;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::run;
use crate::machine::witness::{Truths, Witness};

#[tokio::test]
async fn a_restart_of_each_server_in_turn_loses_nothing() {
    let Some(run) = run().await else { return };
    let (mut cluster, steady) = cluster(&run.nomad).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    let witness = watch(&cluster, &gateway, &steady).await;
    for server in 0..3 {
        restart(&mut cluster, server).await;
        let ports = cluster.take_one(server, "web").await;
        gateway.until_ports("web.default.nomad", &ports).await;
    }
    witness.assert_all_true().await;
}

#[tokio::test]
async fn the_only_known_server_restarts_without_going_back() {
    let Some(run) = run().await else { return };
    let (mut cluster, steady) = cluster(&run.nomad).await;
    let gateway = Gateway::ready(&cluster.addresses()[..1]).await;
    let witness = watch(&cluster, &gateway, &steady).await;
    for _ in 0..3 {
        restart(&mut cluster, 0).await;
        let ports = cluster.take_one(0, "web").await;
        gateway.until_ports("web.default.nomad", &ports).await;
    }
    witness.assert_all_true().await;
}

#[tokio::test]
async fn a_restart_of_all_servers_at_once_loses_nothing() {
    let Some(run) = run().await else { return };
    let (mut cluster, steady) = cluster(&run.nomad).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    let witness = watch(&cluster, &gateway, &steady).await;
    for server in 0..3 {
        cluster.servers[server].kill();
    }
    for server in 0..3 {
        cluster.servers[server].start_again();
    }
    cluster.leader(&[0, 1, 2]).await;
    let ports = cluster.take_one(0, "web").await;
    gateway.until_ports("web.default.nomad", &ports).await;
    gateway.until_ports("steady.default.nomad", &steady).await;
    witness.assert_all_true().await;
}

/// Three servers with a service that stays, and one that changes.
async fn cluster(nomad: &std::ffi::OsString) -> (Cluster, BTreeSet<u16>) {
    let cluster = Cluster::of_three(nomad).await;
    let steady = cluster.run(&Job::new("steady").count(2)).await;
    cluster.run(&Job::new("web").count(5)).await;
    (cluster, steady)
}

/// Has it seen that one service stays and another, which is deleted first, is never back.
async fn watch(cluster: &Cluster, gateway: &Gateway, steady: &BTreeSet<u16>) -> Witness {
    let gone = Job::new("gone");
    let ports = cluster.run(&gone).await;
    gateway.until_ports("gone.default.nomad", &ports).await;
    cluster.end(0, &gone).await;
    gateway.until_gone("gone.default.nomad").await;
    let truths = Truths::default()
        .steady("steady.default.nomad", steady)
        .gone("gone.default.nomad");
    Witness::start(gateway, truths).await
}

async fn restart(cluster: &mut Cluster, server: usize) {
    cluster.servers[server].kill();
    let others: Vec<usize> = (0..3).filter(|it| *it != server).collect();
    cluster.leader(&others).await;
    cluster.servers[server].start_again();
    cluster.leader(&[0, 1, 2]).await;
}
