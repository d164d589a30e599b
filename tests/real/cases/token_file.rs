//! The file of the token is replaced, truncated and refilled while the gateway runs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::run;
use crate::machine::witness::{Truths, Witness};

const ALL: &str = r#"namespace "*" { capabilities = ["read-job"] }"#;

/// A token in a file is read again five seconds after a change at the latest; the rest is slack.
const READ_AGAIN_WITHIN: Duration = Duration::from_secs(7);

#[tokio::test]
async fn a_token_that_is_replaced_in_its_file_is_used_when_the_old_one_goes() {
    let Some(run) = run().await else { return };
    let scene = Scene::set(&run.nomad).await;
    let next = scene.cluster.make_token().await;
    let beside = scene.file.with_extension("new");
    std::fs::write(&beside, next).unwrap();
    std::fs::rename(&beside, &scene.file).unwrap();
    scene.revoke_first_token().await;
    scene.assert_that_changes_are_followed().await;
}

#[tokio::test]
async fn a_file_that_is_truncated_before_it_is_refilled_loses_nothing() {
    let Some(run) = run().await else { return };
    let scene = Scene::set(&run.nomad).await;
    let next = scene.cluster.make_token().await;
    // As a shell's `>` does, and then the command takes its time.
    std::fs::write(&scene.file, "").unwrap();
    scene.assert_that_changes_are_followed().await;
    std::fs::write(&scene.file, next).unwrap();
    scene.revoke_first_token().await;
    scene.assert_that_changes_are_followed().await;
}

/// A gateway whose token is in a file.
struct Scene {
    cluster: Cluster,
    gateway: Gateway,
    steady: BTreeSet<u16>,
    file: PathBuf,
    /// The accessor of the token that it began with.
    first: String,
}

impl Scene {
    async fn set(nomad: &std::ffi::OsString) -> Self {
        let cluster = Cluster::with_acl(nomad).await;
        let steady = cluster.run(&Job::new("steady")).await;
        cluster.put_policy(ALL).await;
        let token = cluster.make_token().await;
        let own = cluster.api().with_token(&token);
        let accessor = own.get("/v1/acl/token/self").await.body["AccessorID"].clone();
        let file = cluster.path().join("nomad_token");
        std::fs::write(&file, token).unwrap();
        let more = format!("token_file = {file:?}");
        let gateway = Gateway::start(&cluster.addresses(), &more).await;
        gateway.until_ports("steady.default.nomad", &steady).await;
        Self {
            cluster,
            gateway,
            steady,
            file,
            first: accessor.as_str().unwrap().to_owned(),
        }
    }

    async fn revoke_first_token(&self) {
        let path = format!("/v1/acl/token/{}", self.first);
        self.cluster.api().delete(&path).await;
    }

    /// Changes a service for as long as the file may go unread; nothing may be missing meanwhile.
    async fn assert_that_changes_are_followed(&self) {
        let truths = Truths::default().steady("steady.default.nomad", &self.steady);
        let witness = Witness::start(&self.gateway, truths).await;
        let begun = Instant::now();
        for count in [1, 2].into_iter().cycle() {
            let ports = self.cluster.run(&Job::new("web").count(count)).await;
            self.gateway.until_ports("web.default.nomad", &ports).await;
            if begun.elapsed() > READ_AGAIN_WITHIN {
                break;
            }
        }
        self.gateway.until_access("all_with_events").await;
        witness.assert_all_true().await;
    }
}
