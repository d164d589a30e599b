//! Nomad is not heard for a while: every transport says that its answers are stale, and stops when it is back.

use std::time::Duration;

use nomadns::demo::{Fault, Registration};

use super::question;
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast, until};

const STALE: u16 = 3;
const STALE_NXDOMAIN: u16 = 19;

#[tokio::test]
async fn answers_of_an_outage_are_marked_as_stale_on_every_transport_until_nomad_is_back() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.stale_after = Duration::from_millis(700);
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let questions = [
        ("redis.default.nomad", STALE),
        ("redis.default.nomad MX", STALE),
        ("nope.default.nomad", STALE_NXDOMAIN),
    ];
    for (asked, _) in questions {
        let decoded = clients.agreed(&question(asked)).await;
        assert_eq!(decoded.extended_errors, [0; 0], "{asked}");
    }
    nomad.vanish().await;
    until("stale", async || {
        gateway.metric("nomadns_stale").await > 0.0
    })
    .await;
    assert!(gateway.metric("nomadns_nomad_age_seconds").await >= 0.7);
    for (asked, code) in questions {
        let decoded = clients.agreed(&question(asked)).await;
        assert_eq!(decoded.extended_errors, [code], "{asked}");
    }
    let (status, text) = gateway.page("/readyz").await;
    assert!(status == 200 && text.starts_with("OK, but stale"), "{text}");
    assert!(
        gateway
            .page("/")
            .await
            .1
            .contains("Stale: Nomad has not answered for")
    );
    nomad.come_back().unwrap();
    until("current", async || {
        gateway.metric("nomadns_stale").await < 1.0
    })
    .await;
    for (asked, _) in questions {
        let decoded = clients.agreed(&question(asked)).await;
        assert_eq!(decoded.extended_errors, [0; 0], "{asked}");
    }
    let (status, text) = gateway.page("/readyz").await;
    assert!(status == 200 && text.starts_with("OK\n"), "{text}");
    gateway.end().await;
}

#[tokio::test]
async fn a_nomad_that_says_nothing_any_more_is_found_out() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.stale_after = Duration::from_millis(100);
        settings.nomad.timeouts.request = Duration::from_millis(500);
    });
    gateway.until_ready().await;
    // Connections stay open, and no octet comes: what is said after a change is held back for ever.
    nomad.break_requests("/v1/", Fault::Slow(Duration::from_secs(3600)));
    until("stale", async || {
        gateway.metric("nomadns_stale").await > 0.0
    })
    .await;
    nomad.mend();
    nomad.register([Registration::new("default", "late").address("10.9.9.9")]);
    until("current", async || {
        gateway.metric("nomadns_stale").await < 1.0
    })
    .await;
    gateway.end().await;
}
