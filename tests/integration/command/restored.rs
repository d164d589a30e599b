//! What was unknown before a restart, by the real program.

use nomadns::demo::{Enforcement, Token};

use super::disk::{Scene, WRITTEN};
use crate::support::gateway::until;

/// What a token is called here.
const TOKEN: &str = "c0ffee00-cafe-4bad-8bad-d0c70a000000";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_known_is_not_denied_after_a_restart_either() {
    let scene = Scene::new();
    scene.nomad.enforce_acl(Enforcement::On);
    scene.nomad.set_token(TOKEN, Token::reads(["default"]));
    let keys = format!("token = {TOKEN:?}\nnamespaces = [\"default\", \"secret\"]");
    let gateway = scene.start_with(&keys);
    gateway.page_with("/metrics", WRITTEN);
    let unknown = "web.secret.nomad";
    until("its rights are known", async || {
        gateway.lookup(unknown).contains("SERVFAIL")
    })
    .await;
    gateway.signal("TERM");
    gateway.ended();
    scene.nomad.vanish().await;
    let mut gateway = scene.start_with(&keys);
    let output = gateway.lookup(unknown);
    assert!(output.contains("SERVFAIL"), "{output}");
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
    // What is known by now is.
    scene.nomad.set_token(TOKEN, Token::reads_everything());
    scene.nomad.come_back().unwrap();
    gateway.wait_for("sync complete");
    until("all is known", async || {
        gateway.lookup(unknown).contains("NXDOMAIN")
    })
    .await;
}
