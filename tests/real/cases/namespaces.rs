//! Namespaces that are made and removed while the gateway runs.

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::run;

#[tokio::test]
async fn a_namespace_that_is_made_later_is_followed() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::of_one(&run.nomad).await;
    cluster.run(&Job::new("web")).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    gateway.until_access("all_with_events").await;
    gateway.until_gone("web.later.nomad").await;
    cluster.make_namespace("later").await;
    let job = Job::new("web").namespace("later");
    // Not only the first, which shows in the list of services; the event stream does not know the namespace.
    for count in [1, 3, 2] {
        let ports = cluster.run(&job.clone().count(count)).await;
        gateway.until_ports("web.later.nomad", &ports).await;
    }
    let tagged = job.clone().count(2).tags(&["blue"]);
    let ports = cluster.run(&tagged).await;
    gateway.until_ports("blue.web.later.nomad", &ports).await;
    cluster.end(0, &job).await;
    gateway.until_gone("web.later.nomad").await;
}
