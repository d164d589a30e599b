//! A token shows nowhere: not in the log at its loudest, not on a page, not in the process list.

use std::fs;

use nomadns::demo::{Enforcement, Options, Registration, SimulatedNomad, Token};

use super::Gateway;

const CANARY: &str = "c0ffee00-canary-4b1d-9f3e-token00";
const PASSWORD: &str = "canary-of-the-proxy";

/// Runs a gateway that has the canary as its token, and gathers all that it lets out.
async fn all_that_is_said(nomad: &SimulatedNomad, until: &'static str) -> String {
    let url = nomad.url();
    let running = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        fs::write(&token, CANARY).unwrap();
        let config = format!(
            "[nomad]\naddresses = [{url:?}]\ntoken_file = {:?}\nhttp_auth = \"user:{PASSWORD}\"",
            token.to_str().unwrap()
        );
        let gateway = Gateway::start(&config, &["--log-level", "trace"]);
        gateway.page_with("/metrics", until);
        let mut said = gateway.lookup("redis.default.nomad");
        for page in ["/", "/metrics", "/readyz", "/healthz", "/openapi.yaml"] {
            said += &gateway.page(page);
        }
        let process = format!("/proc/{}", gateway.child.id());
        said += &fs::read_to_string(format!("{process}/cmdline")).unwrap();
        said += &fs::read_to_string(format!("{process}/environ")).unwrap();
        gateway.signal("TERM");
        let (_, out, log) = gateway.ended();
        said + &out + &log
    });
    running.await.unwrap()
}

fn assert_kept(said: &str) {
    for secret in [CANARY, PASSWORD, "dXNlcjpjYW5hcnk"] {
        let line = said.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in: {line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_good_shows_nowhere() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "redis")
        .address("10.1.2.3")
        .port(6379)]);
    nomad.set_token(CANARY, Token::reads_everything());
    nomad.enforce_acl(Enforcement::On);
    let said = all_that_is_said(&nomad, "nomadns_ready 1").await;
    assert!(said.contains("10.1.2.3"), "{said}");
    assert_kept(&said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_shows_nowhere() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.enforce_acl(Enforcement::On);
    let said = all_that_is_said(&nomad, "nomadns_nomad_errors_total{").await;
    assert_kept(&said);
}
