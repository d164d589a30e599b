//! The files for TLS towards Nomad, read again while a whole gateway runs.

use nomadns::config::{Settings, Source};

use super::tls;
use crate::support::gateway::{Gateway, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_towards_nomad_is_read_again_and_a_broken_one_leaves_the_old() {
    let (nomad, other) = (tls::start().await, tls::start().await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &other.ca).unwrap();
    let mut source = Source::default();
    for (key, value) in [
        ("nomad.ca_file", path.to_str().unwrap()),
        ("nomad.tls_server_name", "server.global.nomad"),
    ] {
        source.set(key, value, "the test");
    }
    let read = Settings::check(&source).unwrap();
    let gateway = Gateway::with(&nomad.url, |settings| {
        settings.nomad.tls = read.nomad.tls;
        settings.nomad_tls = read.nomad_tls;
        settings.tls_check = None;
    });
    gateway.until_errors("unreachable", 1.0).await;
    assert_eq!(gateway.page("/readyz").await.0, 503);
    std::fs::write(&path, &nomad.ca).unwrap();
    gateway.read_again();
    gateway.until_ready().await;
    std::fs::write(&path, "no certificate").unwrap();
    gateway.read_again();
    let lists = gateway.metric("nomadns_nomad_lists_total").await;
    until("lists go on", async || {
        gateway.metric("nomadns_nomad_lists_total").await > lists
    })
    .await;
    gateway.end().await;
}
