//! Each kind of token ends in the tier that `docs/access.md` tells.

use crate::machine::cluster::Cluster;
use crate::machine::gateway::{Gateway, SERVFAIL};
use crate::machine::jobs::Job;
use crate::machine::{run, until};

/// Reads jobs in one namespace.
const PROD_ALONE: &str = r#"namespace "prod" { capabilities = ["read-job"] }"#;

#[tokio::test]
async fn a_management_token_gives_all_with_events() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    let ports = cluster.run(&Job::new("web")).await;
    let token = cluster.token.clone();
    let gateway = with_token(&cluster, &token, "").await;
    gateway.until_access("all_with_events").await;
    gateway.until_ports("web.default.nomad", &ports).await;
}

#[tokio::test]
async fn the_right_to_read_jobs_everywhere_gives_all_with_events() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    let ports = cluster.run(&Job::new("web")).await;
    cluster
        .put_policy(r#"namespace "*" { capabilities = ["read-job"] }"#)
        .await;
    let token = cluster.make_token().await;
    let gateway = with_token(&cluster, &token, "").await;
    gateway.until_access("all_with_events").await;
    gateway.until_ports("web.default.nomad", &ports).await;
}

#[tokio::test]
async fn the_right_in_one_namespace_follows_it_and_denies_no_other() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    cluster.make_namespace("prod").await;
    cluster.run(&Job::new("web")).await;
    let ports = cluster.run(&Job::new("web").namespace("prod")).await;
    cluster.put_policy(PROD_ALONE).await;
    let token = cluster.make_token().await;

    // What it may, it follows by events where it is told which that is.
    let named = with_token(&cluster, &token, "namespaces = [\"prod\"]").await;
    until("events", async || has_events(&named).await).await;
    named.until_ports("web.prod.nomad", &ports).await;

    // A namespace that it is to answer for and may not read is not denied.
    let both = with_token(&cluster, &token, "namespaces = [\"default\", \"prod\"]").await;
    both.until_ports("web.prod.nomad", &ports).await;
    assert_not_known(&both, "web.default.nomad").await;
}

#[tokio::test]
async fn a_bare_identity_follows_the_namespaces_that_are_named() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    cluster.make_namespace("prod").await;
    let own = cluster.run(&Job::new("gateway").identity()).await;
    let ports = cluster
        .run(&Job::new("web").namespace("prod").count(2))
        .await;
    let token = identity(&cluster).await;
    let gateway = with_token(&cluster, &token, "namespaces = [\"default\", \"prod\"]").await;
    gateway.until_access("namespaces").await;
    gateway.until_ports("gateway.default.nomad", &own).await;
    gateway.until_ports("web.prod.nomad", &ports).await;

    // It follows without events, too.
    let ports = cluster
        .run(&Job::new("web").namespace("prod").count(3))
        .await;
    gateway.until_ports("web.prod.nomad", &ports).await;
    cluster.end(0, &Job::new("web").namespace("prod")).await;
    gateway.until_gone("web.prod.nomad").await;
}

#[tokio::test]
async fn without_any_right_nothing_is_answered_and_the_reason_is_told() {
    let Some(run) = run().await else { return };
    let cluster = Cluster::with_acl(&run.nomad).await;
    cluster.run(&Job::new("web")).await;
    let unknown = "00000000-0000-0000-0000-000000000000";
    for more in [String::new(), format!("token = \"{unknown}\"")] {
        let gateway = Gateway::start(&cluster.addresses(), &more).await;
        gateway.until_access("none").await;
        let (status, text) = gateway.page("/readyz").await;
        assert_eq!(status, 503, "{text}");
        assert!(!text.trim().is_empty());
        assert!(!text.contains(unknown), "{text}");
        assert_not_known(&gateway, "web.default.nomad").await;
    }
}

/// Starts a gateway with a token, and waits until it is ready.
async fn with_token(cluster: &Cluster, token: &str, more: &str) -> Gateway {
    let more = format!("token = \"{token}\"\n{more}");
    let gateway = Gateway::start(&cluster.addresses(), &more).await;
    gateway.until_ready().await;
    gateway
}

async fn has_events(gateway: &Gateway) -> bool {
    let kind = |name: &str| format!("nomadns_nomad_access{{access=\"{name}\"}}");
    gateway.metric(&kind("all_with_events")).await > 0.0
        || gateway.metric(&kind("namespaces_with_events")).await > 0.0
}

async fn assert_not_known(gateway: &Gateway, name: &str) {
    let answer = gateway.ask(name).await;
    assert_eq!(answer.rcode, SERVFAIL, "{name}: {answer:?}");
    assert!(!answer.extended_errors.is_empty(), "{name}: {answer:?}");
}

/// Reads the identity of the one task that has it in a file.
async fn identity(cluster: &Cluster) -> String {
    let allocations = cluster.servers[0].allocations();
    let mut token = None;
    until("the identity of a task", async || {
        let folders = std::fs::read_dir(&allocations).unwrap();
        let paths = folders.map(|it| it.unwrap().path().join("task/secrets/nomad_token"));
        let mut read = paths.filter_map(|path| std::fs::read_to_string(path).ok());
        token = read.next();
        token.is_some()
    })
    .await;
    token.expect("it was waited for")
}
