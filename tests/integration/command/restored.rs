//! What was unknown before a restart, by the real program.

use nomadns::demo::{Enforcement, Token};

use super::Gateway;
use super::disk::{Scene, WRITTEN};

/// What a token is called here.
const TOKEN: &str = "c0ffee00-cafe-4bad-8bad-d0c70a000000";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_known_is_not_denied_after_a_restart_either() {
    let scene = Scene::new();
    scene.nomad.enforce_acl(Enforcement::On);
    scene.nomad.set_token(TOKEN, Token::reads(["default"]));
    let keys = format!("token = {TOKEN:?}");
    let gateway = scene.start_with(&keys);
    gateway.page_with("/metrics", WRITTEN);
    let assert_unknown = |gateway: &Gateway| {
        let output = gateway.lookup("web.secret.nomad");
        assert!(output.contains("SERVFAIL"), "{output}");
    };
    assert_unknown(&gateway);
    gateway.signal("TERM");
    gateway.ended();
    scene.nomad.vanish().await;
    let mut gateway = scene.start_with(&keys);
    assert_unknown(&gateway);
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
    // What is known by now is.
    scene.nomad.set_token(TOKEN, Token::reads_everything());
    scene.nomad.come_back().unwrap();
    gateway.wait_for("sync complete");
    let output = gateway.lookup("web.secret.nomad");
    assert!(output.contains("NXDOMAIN"), "{output}");
}
