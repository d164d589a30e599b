//! Checks of a real client node: none, failing, passing.

use std::collections::BTreeSet;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::target::Target;
use crate::machine::{run, until};

#[tokio::test]
async fn an_allocation_without_checks_is_answered_and_is_no_error() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::of_one(&run.nomad).await;
    let ports = cluster.run(&Job::new("web").count(2)).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    // Checks are read of a service that is asked for.
    until("checks were read twice of each", async || {
        let answer = gateway.ask("web.default.nomad").await;
        assert_eq!(answer.ports, ports, "{answer:?}");
        gateway.metric("nomadns_health_reads_total").await >= 4.0
    })
    .await;
    gateway.assert_no_errors().await;
}

#[tokio::test]
async fn an_instance_leaves_while_its_check_fails() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::of_one(&run.nomad).await;
    let targets = [Target::start().await, Target::start().await];
    for (id, target) in ["one", "two"].into_iter().zip(&targets) {
        let job = Job::new(id).services(vec!["web".to_owned()]);
        let json = job.check(target.port).to_json();
        cluster.api().put("/v1/jobs", &json).await;
    }
    let gateway = Gateway::ready(&cluster.addresses()).await;
    let both: BTreeSet<u16> = targets.iter().map(|it| it.port).collect();
    let name = "web.default.nomad";
    gateway.until_ports(name, &both).await;
    for _ in 0..2 {
        targets[0].answer_well(false);
        gateway.until_ports(name, &[targets[1].port].into()).await;
        targets[0].answer_well(true);
        gateway.until_ports(name, &both).await;
    }
    // Where all fail, all are answered.
    targets.iter().for_each(|it| it.answer_well(false));
    until("both fail, by Nomad's word", async || {
        failing(&cluster).await == 2
    })
    .await;
    gateway.until_ports(name, &both).await;
}

/// How many checks fail, as the client node says.
async fn failing(cluster: &Cluster) -> usize {
    let api = cluster.api();
    let mut failing = 0;
    for allocation in api.get("/v1/allocations").await.body.as_array().unwrap() {
        let id = allocation["ID"].as_str().unwrap();
        let checks = api.get(&format!("/v1/client/allocation/{id}/checks")).await;
        let all = checks.body.as_object().into_iter().flatten();
        failing += all.filter(|(_, it)| it["Status"] == "failure").count();
    }
    failing
}
