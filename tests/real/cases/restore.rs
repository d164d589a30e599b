//! An operator restores a snapshot: the state goes back, because the leader says so.

use std::time::Duration;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::{Gateway, NXDOMAIN};
use crate::machine::jobs::Job;
use crate::machine::{run, within};

const NAMESPACES: [&str; 3] = ["default", "one", "two"];

/// A list waits at Nomad for up to a minute; nothing may wait for that.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_restored_snapshot_is_followed_at_once_in_all_namespaces() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::of_three(&run.nomad).await;
    let api = cluster.api();
    for namespace in &NAMESPACES[1..] {
        cluster.make_namespace(namespace).await;
    }
    let job = |id: &str, namespace: &str| Job::new(id).namespace(namespace);
    let mut before = Vec::new();
    for namespace in NAMESPACES {
        before.push(cluster.run(&job("old", namespace)).await);
    }
    let snapshot = api.octets("/v1/operator/snapshot").await;
    let all = Gateway::ready(&cluster.addresses()).await;
    let named = Gateway::start(
        &cluster.addresses(),
        &format!("namespaces = {NAMESPACES:?}"),
    )
    .await;
    named.until_ready().await;
    let gateways = [&all, &named];

    for namespace in NAMESPACES {
        let ports = cluster.run(&job("new", namespace)).await;
        cluster.end(0, &job("old", namespace)).await;
        for gateway in gateways {
            gateway
                .until_ports(&format!("new.{namespace}.nomad"), &ports)
                .await;
            gateway.until_gone(&format!("old.{namespace}.nomad")).await;
        }
    }
    // What the client still had to say would end the restored allocations, and Nomad would place others.
    for namespace in NAMESPACES {
        cluster.until_complete(&job("old", namespace)).await;
    }
    api.put_octets("/v1/operator/snapshot", snapshot).await;
    for (namespace, ports) in NAMESPACES.iter().zip(&before) {
        for gateway in gateways {
            let what = format!("the state of the snapshot in {namespace}");
            within(FOLLOWED_WITHIN, &what, async || {
                let old = gateway.ask(&format!("old.{namespace}.nomad")).await;
                let new = gateway.ask(&format!("new.{namespace}.nomad")).await;
                old.ports == *ports && new.rcode == NXDOMAIN
            })
            .await;
        }
    }
    // Changes are followed as before, in all of them.
    for namespace in NAMESPACES {
        let ports = cluster.run(&job("later", namespace)).await;
        for gateway in gateways {
            gateway
                .until_ports(&format!("later.{namespace}.nomad"), &ports)
                .await;
        }
    }
}
