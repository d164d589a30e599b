//! Instances that go without being stopped, and what is left behind of those that were.

use serde_json::json;

use crate::machine::agent::Features;
use crate::machine::cluster::{Cluster, registered};
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::witness::{Truths, Witness};
use crate::machine::{run, until};

#[tokio::test]
async fn the_instances_of_a_lost_node_leave_as_nomad_says_and_come_back_with_it() {
    let Some(run) = run().await else { return };
    let features = Features {
        short_heartbeats: true,
        ..Features::default()
    };
    let mut cluster = Cluster::of_three_with(&run.nomad, features).await;
    let ports = cluster.run(&Job::new("web").count(3)).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    gateway.until_ports("web.default.nomad", &ports).await;
    cluster.client.as_mut().unwrap().kill();
    let api = cluster.api();
    until("Nomad has lost the node", async || {
        registered(&api, "default", "web").await.is_empty()
    })
    .await;
    gateway.until_gone("web.default.nomad").await;

    cluster.client.as_mut().unwrap().start_again();
    // Nomad may place some, and then others in their place.
    until("the instances of now", async || {
        let ports = registered(&api, "default", "web").await;
        let answer = gateway.ask("web.default.nomad").await;
        ports.len() == 3 && answer.is_current() && answer.ports == ports
    })
    .await;
}

#[tokio::test]
async fn ended_allocations_and_their_collection_lose_nothing() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::of_one(&run.nomad).await;
    let steady = cluster.run(&Job::new("steady").count(2)).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    gateway.until_ports("steady.default.nomad", &steady).await;
    let truths = Truths::default().steady("steady.default.nomad", &steady);
    let witness = Witness::start(&gateway, truths).await;
    let (api, name) = (cluster.api(), "web.default.nomad");
    for count in [3, 1] {
        let ports = cluster.run(&Job::new("web").count(count)).await;
        gateway.until_ports(name, &ports).await;
    }
    // Two of three have ended; then all of a job, and what is left of both is collected.
    api.put("/v1/system/gc", &json!({})).await;
    let ports = registered(&api, "default", "web").await;
    assert_eq!(ports.len(), 1);
    gateway.until_ports(name, &ports).await;
    cluster.end(0, &Job::new("web")).await;
    gateway.until_gone(name).await;
    until("nothing is left of the job", async || {
        // What has not quite ended yet is left to the next collection.
        api.put("/v1/system/gc", &json!({})).await;
        let left = api.get("/v1/jobs?prefix=web").await;
        left.body.as_array().unwrap().is_empty()
    })
    .await;
    let ports = cluster.run(&Job::new("web").count(2)).await;
    gateway.until_ports(name, &ports).await;
    witness.assert_all_true().await;
    gateway.assert_no_errors().await;
}
