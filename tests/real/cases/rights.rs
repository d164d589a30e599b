//! What the token may read becomes more and less while the gateway runs.

use std::time::Duration;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::witness::{Truths, Witness};
use crate::machine::{run, until, within};

const BOTH: &str = r#"
namespace "default" { capabilities = ["read-job"] }
namespace "prod" { capabilities = ["read-job"] }
"#;

const PROD_ALONE: &str = r#"namespace "prod" { capabilities = ["read-job"] }"#;

/// `nomad.access_seconds` of the tests is 2, and Nomad caches a policy for 1 s; the rest is slack.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

/// The two ways to name what is to be answered for.
const NAMESPACES: [&str; 2] = ["[\"*\"]", "[\"default\", \"prod\"]"];

#[tokio::test]
async fn a_namespace_that_is_granted_later_is_found() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    let (ports, prod) = run_both(&cluster).await;
    cluster.put_policy(PROD_ALONE).await;
    let gateways = gateways(&cluster).await;
    for gateway in &gateways {
        gateway.until_ports("web.prod.nomad", &prod).await;
    }
    cluster.put_policy(BOTH).await;
    for (gateway, namespaces) in gateways.iter().zip(NAMESPACES) {
        let what = format!("what is granted, with namespaces = {namespaces}");
        within(FOUND_WITHIN, &what, async || {
            gateway.ask("web.default.nomad").await.ports == ports
        })
        .await;
    }
    // A change in it is followed like one elsewhere.
    let more = cluster.run(&Job::new("web").count(2)).await;
    for gateway in &gateways {
        gateway.until_ports("web.default.nomad", &more).await;
    }
}

#[tokio::test]
async fn a_namespace_that_is_taken_away_is_never_denied() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    let (ports, prod) = run_both(&cluster).await;
    cluster.put_policy(BOTH).await;
    let gateways = gateways(&cluster).await;
    let mut witnesses = Vec::new();
    for gateway in &gateways {
        gateway.until_ports("web.default.nomad", &ports).await;
        gateway.until_ports("web.prod.nomad", &prod).await;
        let truths = Truths::default().known_or_unsure("web.default.nomad", &ports);
        witnesses.push(Witness::start(gateway, truths).await);
    }
    cluster.put_policy(PROD_ALONE).await;
    // What it may still read is followed, before and after the loss was found.
    for count in 2..6 {
        let job = Job::new("web").namespace("prod").count(count);
        let prod = cluster.run(&job).await;
        for gateway in &gateways {
            gateway.until_ports("web.prod.nomad", &prod).await;
        }
    }
    for gateway in &gateways {
        until("the loss is told", async || {
            let answer = gateway.ask("web.default.nomad").await;
            !answer.is_current() && !answer.extended_errors.is_empty()
        })
        .await;
    }
    for witness in witnesses {
        witness.assert_all_true().await;
    }
    cluster.put_policy(BOTH).await;
    for gateway in &gateways {
        gateway.until_ports("web.default.nomad", &ports).await;
    }
}

/// Runs a service in each of the two namespaces; their ports.
async fn run_both(cluster: &Cluster) -> (Ports, Ports) {
    cluster.make_namespace("prod").await;
    let ports = cluster.run(&Job::new("web")).await;
    let prod = cluster.run(&Job::new("web").namespace("prod")).await;
    (ports, prod)
}

type Ports = std::collections::BTreeSet<u16>;

/// Starts a gateway for each way to name the namespaces, with one token.
async fn gateways(cluster: &Cluster) -> Vec<Gateway> {
    let token = cluster.make_token().await;
    let mut started = Vec::new();
    for namespaces in NAMESPACES {
        let more = format!("token = \"{token}\"\nnamespaces = {namespaces}");
        let gateway = Gateway::start(&cluster.addresses(), &more).await;
        gateway.until_ready().await;
        started.push(gateway);
    }
    started
}
