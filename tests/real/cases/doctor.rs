//! `nomadns doctor`: what a token may read, a wrong token, none, and a Nomad that is away.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::binary;
use crate::machine::jobs::Job;
use crate::machine::{run, until};

const PROD_ALONE: &str = r#"namespace "prod" { capabilities = ["read-job"] }"#;
const EVERYTHING: &str = r#"
namespace "*" { capabilities = ["read-job"] }
node { policy = "read" }
"#;
/// A token that no Nomad knows.
const UNKNOWN: &str = "0badc0de-aaaa-4bbb-8ccc-123456789abc";

/// What it has found.
struct Report {
    code: Option<i32>,
    text: String,
}

/// Runs it with these lines of `[nomad]`.
fn doctor(cluster: &Cluster, lines: &str) -> Report {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("nomadns.toml");
    let listen = "[listen]\ndns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = []";
    let addresses = cluster.addresses();
    let text = format!("{listen}\n[nomad]\naddresses = {addresses:?}\n{lines}");
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let output = Command::new(binary())
        .args(["doctor", "--json", "--timeout", "5s", "--config", config])
        .env_clear()
        .output()
        .unwrap();
    Report {
        code: output.status.code(),
        text: String::from_utf8(output.stdout).unwrap(),
    }
}

/// Runs it until it finds this: just after a change Nomad may still answer as before.
async fn until_found(
    cluster: &Cluster,
    lines: &str,
    subject: &str,
    wanted: (&str, &str),
) -> Report {
    let mut report = doctor(cluster, lines);
    until(&format!("{subject}: {wanted:?}"), async || {
        let is_found = report.has(subject, wanted);
        if !is_found {
            report = doctor(cluster, lines);
        }
        is_found
    })
    .await;
    report
}

impl Report {
    /// Whether a subject has this verdict, with this part in what was found.
    fn has(&self, subject: &str, (verdict, part): (&str, &str)) -> bool {
        let report: Value = serde_json::from_str(&self.text).unwrap();
        let mut all = report["findings"].as_array().unwrap().iter();
        all.any(|it| {
            let found = it["found"].as_str().unwrap();
            it["subject"] == subject && it["verdict"] == verdict && found.contains(part)
        })
    }

    #[track_caller]
    fn assert(&self, subject: &str, verdict: &str, part: &str) {
        let has = self.has(subject, (verdict, part));
        assert!(has, "{subject}: {verdict}: {part} in {}", self.text);
    }
}

#[tokio::test]
async fn doctor_says_what_each_token_may_read_and_when_nomad_is_away() {
    let Some(run) = run().await else { return };
    let mut cluster = Cluster::with_acl(&run.nomad).await;
    cluster.make_namespace("prod").await;
    for namespace in ["default", "prod"] {
        cluster.run(&Job::new("web").namespace(namespace)).await;
    }
    cluster.put_policy(PROD_ALONE).await;
    let token = cluster.make_token().await;
    let line = format!("token = {token:?}\n");

    let wanted = ("ok", "1 namespace, 1 service, 1 instance");
    let report = until_found(&cluster, &line, "services", wanted).await;
    report.assert("nomad", "ok", &cluster.addresses()[0]);
    report.assert("version", "ok", "not told to this token");
    report.assert("rights", "warning", "services of all its namespaces");
    report.assert("clock", "ok", "");
    assert!(!report.text.contains(&token));

    let both = format!("{line}namespaces = [\"default\", \"prod\"]");
    let wanted = ("problem", "default; it shows prod");
    let report = until_found(&cluster, &both, "namespaces", wanted).await;
    report.assert("rights", "warning", "default");
    assert_eq!(report.code, Some(1));

    cluster.put_policy(EVERYTHING).await;
    let report = until_found(&cluster, &line, "rights", ("ok", "read their events")).await;
    report.assert("version", "ok", "of its nodes");
    report.assert("services", "ok", "2 namespaces, 2 services, 2 instances");

    let unknown = format!("token = {UNKNOWN:?}");
    let wanted = ("problem", "does not know the token");
    let report = until_found(&cluster, &unknown, "nomad", wanted).await;
    report.assert("rights", "skipped", "");
    assert_eq!(report.code, Some(1));
    assert!(!report.text.contains(UNKNOWN));
    until_found(&cluster, "", "nomad", ("problem", "no token is configured")).await;

    cluster.servers[0].kill();
    let report = doctor(&cluster, &line);
    report.assert("nomad", "problem", "nothing listens there");
    assert_eq!(report.code, Some(1));
}
