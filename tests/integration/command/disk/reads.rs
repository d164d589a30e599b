//! A snapshot on disk, and then a token that lists nothing: nobody can say what is gone, so it is read when asked for.

use nomadns::demo::{Fault, Removal};

use super::Scene;

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
    let said = gateway.lookup("redis.default.nomad");
    assert!(said.contains("10.0.0.5") && !said.contains("EDE"), "{said}");
    let said = gateway.lookup("web.default.nomad");
    assert!(said.contains("NXDOMAIN") && !said.contains("EDE"), "{said}");
}
