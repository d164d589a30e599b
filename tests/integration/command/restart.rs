//! A restart from the snapshot on disk, together with removals that are held back and with what is read on demand.

use std::net::TcpListener;

use nomadns::demo::{Acl, Enforcement, Fault, Registration, Removal, Token};

use super::Gateway;
use super::disk::{Scene, WRITTEN};

const SECRET: &str = "token-of-the-gateway";
const MANY: usize = 20;

/// A scene whose Nomad has lost most instances since the snapshot was written.
async fn that_lost_most() -> Scene {
    let scene = Scene::new();
    let many = (0..MANY).map(|at| Registration::new("default", &format!("many-{at}")));
    let many = many.map(|it| it.address("10.9.9.9"));
    scene.nomad.register(many.collect::<Vec<_>>());
    scene.left_by("TERM").await;
    for at in 0..MANY {
        let name = format!("many-{at}");
        scene
            .nomad
            .remove_service("default", &name, Removal::Planned);
    }
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_lost_most_of_what_was_restored_is_not_believed() {
    let scene = that_lost_most().await;
    let mut gateway = scene.start_with("mass_loss_grace_seconds = 3600");
    scene.nomad.come_back().unwrap();
    gateway.wait_for("most instances disappeared at once");
    gateway.wait_for("sync complete");
    gateway.page_with("/metrics", "nomadns_held_instances 20\n");
    let output = gateway.lookup("many-3.default.nomad");
    assert!(
        output.contains("10.9.9.9") && !output.contains("EDE"),
        "{output}"
    );
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_services_are_removed_once_nomad_confirms_that_they_are_gone() {
    let scene = that_lost_most().await;
    let mut gateway = scene.start_with("mass_loss_grace_seconds = 1");
    scene.nomad.come_back().unwrap();
    gateway.wait_for("most instances disappeared at once");
    gateway.wait_for("Nomad still reports them as gone");
    let left = "nomadns_judged_instances{health=\"unread\"} 2\n";
    gateway.page_with("/metrics", left);
    assert!(gateway.lookup("many-3.default.nomad").contains("NXDOMAIN"));
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_on_demand_outlives_a_restart_and_what_was_not_is_not_denied() {
    let scene = Scene::new();
    scene.nomad.set_acl(Acl {
        enforcement: Enforcement::On,
        tokens: [(SECRET.to_owned(), Token::workload_identity())].into(),
    });
    scene
        .nomad
        .break_requests("/v1/services", Fault::permission_denied());
    let start = || -> Gateway { scene.start_with(&format!("token = {SECRET:?}")) };
    let gateway = start();
    gateway.page_with("/metrics", "nomadns_nomad_access{access=\"reads\"} 1");
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
    gateway.signal("TERM");
    gateway.ended();
    scene.nomad.vanish().await;
    let gateway = start();
    let output = gateway.lookup("redis.default.nomad");
    assert!(
        output.contains("10.0.0.5") && output.contains("EDE: 3"),
        "{output}"
    );
    let output = gateway.lookup("web.default.nomad");
    assert!(output.contains("SERVFAIL"), "{output}");
    scene.nomad.come_back().unwrap();
    gateway.page_with("/metrics", "nomadns_stale 0");
    for (name, address) in [("redis", "10.0.0.5"), ("web", "10.0.0.3")] {
        let output = gateway.lookup(&format!("{name}.default.nomad"));
        assert!(
            output.contains(address) && !output.contains("EDE"),
            "{output}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_disk_is_read_again_by_a_token_that_lists_nothing() {
    let scene = Scene::new();
    scene.left_by("TERM").await;
    scene.nomad.come_back().unwrap();
    let denied = Fault::permission_denied();
    scene.nomad.break_requests("/v1/services", denied);
    scene
        .nomad
        .remove_service("default", "web", Removal::Planned);
    let gateway = scene.start();
    gateway.page_with("/metrics", "nomadns_nomad_access{access=\"reads\"} 1");
    gateway.page_with("/metrics", "nomadns_stale 0");
    let output = gateway.lookup("redis.default.nomad");
    assert!(
        output.contains("10.0.0.5") && !output.contains("EDE"),
        "{output}"
    );
    let output = gateway.lookup("web.default.nomad");
    assert!(
        output.contains("NXDOMAIN") && !output.contains("EDE"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nomad_that_is_silent_about_the_filter_keeps_no_query_waiting() {
    let scene = Scene::new();
    let filter = "filter = 'Tags not contains \"canary\"'";
    let gateway = scene.start_with(filter);
    gateway.page_with("/metrics", WRITTEN);
    gateway.signal("TERM");
    gateway.ended();
    scene.nomad.vanish().await;
    // It takes connections and says nothing.
    let address = scene.nomad.url().replace("http://", "");
    let _silent = TcpListener::bind(address.trim_end_matches('/')).unwrap();
    let mut gateway = scene.start_with(filter);
    let output = gateway.lookup("redis.default.nomad");
    assert!(output.contains("10.0.0.5"), "{output}");
    assert!(!gateway.log.contains("nomad.filter could not be checked"));
    gateway.wait_for("nomad.filter could not be checked yet: no answer from Nomad");
}
