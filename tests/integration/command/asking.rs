//! What Nomad is asked with, users and passwords of its URLs among it, goes into headers as it should, and nowhere else.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nomadns::demo::{Enforcement, Options, SimulatedNomad};

use super::canaries::{CANARY, assert_hidden};
use super::{Config, Gateway, nomadns, run};
use crate::support::replay::{Replay, status};

/// Lets a gateway fail to be answered, and gathers all that it says of that.
fn failing(addresses: &[String], keys: &str) -> String {
    let config = format!("[nomad]\naddresses = {addresses:?}\n{keys}");
    let gateway = Gateway::start(&config, &["--log-level", "trace"]);
    gateway.page_with("/", "nomad at ");
    let pages = ["/", "/readyz", "/metrics"]
        .map(|page| gateway.page(page))
        .concat();
    gateway.signal("TERM");
    let (_, out, log) = gateway.ended();
    let config = Config::new(&config);
    let connect = [
        "check",
        "--connect",
        "--timeout",
        "3s",
        "--log-level",
        "trace",
        "--config",
    ];
    let (_, checked, problems) = run(&[&connect[..], &[&config.path()]].concat());
    pages + &out + &log + &checked + &problems
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nomad_is_asked_with_shows_nowhere_when_it_fails() {
    let refused = SimulatedNomad::start(Options::default()).unwrap();
    refused.enforce_acl(Enforcement::On);
    let proxy = Replay::always(status("401 Unauthorized", "who are you?")).await;
    let with_user = |url: &str| url.replace("http://", &format!("http://user:{CANARY}@"));
    let addresses = [
        refused.url(),
        proxy.url(),
        "http://127.0.0.1:1".into(),
        "https://127.0.0.1:1".into(),
    ];
    let keys = format!("token = \"{CANARY}\"\nhttp_auth = \"user:{CANARY}\"\nskip_verify = true");
    for address in addresses {
        let keys = keys.clone();
        let address = with_user(&address).replace("https://", &format!("https://user:{CANARY}@"));
        let of = address.clone();
        let failing = move || failing(&[address], &keys);
        let output = tokio::task::spawn_blocking(failing).await.unwrap();
        assert_hidden(&output, &of);
    }
    let sent = proxy.heads().concat();
    assert!(sent.contains(&format!("x-nomad-token: {CANARY}")), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_and_password_of_a_url_are_sent_decoded_as_go_does() {
    let proxy = Replay::always(status("401 Unauthorized", "")).await;
    let url = proxy
        .url()
        .replace("http://", "http://us%40er:p%40ss%3Aw%2Frd%20%C3%A9@");
    let mut command = nomadns(&["check", "--connect", "--timeout", "2s"]);
    command.env("NOMAD_ADDR", url);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    assert_eq!(output.await.unwrap().status.code(), Some(1));
    let expected = BASE64_STANDARD.encode("us@er:p@ss:w/rd \u{e9}");
    let sent = proxy.heads().concat();
    assert!(
        sent.contains(&format!("authorization: Basic {expected}\r\n")),
        "{sent}"
    );
}
