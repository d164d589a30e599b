//! What Nomad fails to say takes nothing away; before it said anything, nothing is known.

use std::time::Duration;

use nomadns::demo::{Enforcement, Fault, Options, Removal, SimulatedNomad};
use nomadns::nomad::TokenSource;
use nomadns::secret::Secret;

use super::{Scene, question, registration};
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast, until};

const SERVFAIL: u16 = 2;
/// RFC 8914 §4.15: not ready.
const NOT_READY: u16 = 14;

#[tokio::test]
async fn while_nomad_is_away_answers_go_on_and_what_changed_shows_after() {
    let mut scene = Scene::start(cast()).await;
    let asked = ["redis.default.nomad", "web.prod.nomad SRV", "nope.nomad"];
    let mut before = Vec::new();
    for asked in asked {
        before.push(scene.ask(asked).await);
    }
    scene.nomad.vanish().await;
    scene.gateway.until_errors("unreachable", 2.0).await;
    scene.nomad.scale("default", "redis", 1, Removal::Silent);
    scene.nomad.register([registration("fresh", 1)]);
    for (asked, before) in asked.into_iter().zip(before) {
        assert_eq!(scene.ask(asked).await, before, "{asked}");
    }
    let (status, ready) = scene.gateway.page("/readyz").await;
    assert!(status == 200 && ready.starts_with("OK\n"), "{ready}");
    scene
        .change(
            "fresh.default.nomad",
            |it| it.come_back().unwrap(),
            &["10.1.0.1"],
        )
        .await;
    let redis = question("redis.default.nomad");
    until("redis is as it became meanwhile", async || {
        scene.clients.ask_udp(&redis).await.decoded.answer.len() == 1
    })
    .await;
    assert_eq!(scene.clients.agreed(&redis).await.answer.len(), 1);
    scene.gateway.end().await;
}

#[tokio::test]
async fn a_token_that_is_refused_later_takes_nothing_away() {
    let mut scene = Scene::start(cast()).await;
    let before = scene.ask("redis.default.nomad").await;
    assert_eq!(before.answer.len(), 3);
    let refused = Fault::permission_denied();
    scene.nomad.break_requests("/v1/", refused);
    scene.nomad.cut_connections();
    scene.gateway.until_errors("permission_denied", 2.0).await;
    scene.nomad.register([registration("fresh", 1)]);
    assert_eq!(scene.ask("redis.default.nomad").await, before);
    scene
        .change("fresh.default.nomad", |it| it.mend(), &["10.1.0.1"])
        .await;
    scene.gateway.end().await;
}

#[tokio::test]
async fn with_nomad_down_at_the_start_nothing_is_known_until_it_comes() {
    let nomad = cast();
    nomad.vanish().await;
    let gateway = Gateway::with(&nomad.url(), |_| {});
    let mut clients = Clients::connect(&gateway).await;
    for name in ["redis.default.nomad", "nope.nomad", "nomad"] {
        let decoded = clients.agreed(&question(name)).await;
        assert_eq!(
            (decoded.rcode, decoded.extended_errors),
            (SERVFAIL, vec![NOT_READY])
        );
        assert_eq!((decoded.answer, decoded.authority), (vec![], vec![]));
    }
    let outside = clients.agreed(&question("example.com")).await;
    assert_eq!((outside.rcode, outside.extended_errors), (5, vec![20]));
    until("not ready, with the reason", async || {
        let (status, why) = gateway.page("/readyz").await;
        status == 503 && why.contains("unreachable") && why.contains(&nomad.url())
    })
    .await;
    assert_eq!(gateway.page("/healthz").await, (200, "OK\n".into()));
    nomad.come_back().unwrap();
    gateway.until_ready().await;
    let decoded = clients.agreed(&question("redis.default.nomad")).await;
    assert_eq!((decoded.rcode, decoded.answer.len()), (0, 3));
    gateway.end().await;
}

#[tokio::test]
async fn readiness_tells_what_the_first_sync_waits_for() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([registration("one", 1), registration("two", 2)]);
    nomad.break_requests("/v1/services", Fault::Hang);
    let gateway = Gateway::with(&nomad.url(), |_| {});
    assert_not_ready(&gateway, "Nomad has not been asked yet").await;
    nomad.mend();
    nomad.break_requests("/v1/service/", Fault::Slow(Duration::from_secs(3600)));
    nomad.cut_connections();
    assert_not_ready(&gateway, "first sync: 2 services are still to be read").await;
    nomad.mend();
    nomad.cut_connections();
    gateway.until_ready().await;
    let (status, ready) = gateway.page("/readyz").await;
    assert!(status == 200 && ready.starts_with("OK\n"), "{ready}");
    gateway.end().await;
}

#[tokio::test]
async fn a_token_without_rights_is_the_reason_not_to_be_ready() {
    let nomad = cast();
    nomad.enforce_acl(Enforcement::On);
    let gateway = Gateway::with(&nomad.url(), |settings| {
        let wrong = Secret::new("not-a-token");
        settings.nomad.token = TokenSource::Fixed(wrong);
    });
    assert_not_ready(&gateway, "").await;
    gateway.until_errors("permission_denied", 1.0).await;
    let (status, why) = gateway.page("/readyz").await;
    assert!(status == 503 && why.contains("permission denied"), "{why}");
    assert!(!why.contains("not-a-token"));
    nomad.enforce_acl(Enforcement::Off);
    gateway.until_ready().await;
    gateway.end().await;
}

#[tokio::test]
async fn a_state_that_is_too_old_is_no_answer_on_any_transport() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.max_stale = Duration::from_millis(500);
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let questions = [question("redis.default.nomad"), question("nope.nomad AAAA")];
    for question in &questions {
        assert_ne!(clients.agreed(question).await.rcode, SERVFAIL);
    }
    nomad.vanish().await;
    until("not ready", async || gateway.page("/readyz").await.0 == 503).await;
    for question in &questions {
        let decoded = clients.agreed(question).await;
        assert_eq!(
            (decoded.rcode, decoded.extended_errors),
            (SERVFAIL, vec![NOT_READY])
        );
    }
    nomad.come_back().unwrap();
    gateway.until_ready().await;
    assert_eq!(clients.agreed(&questions[0]).await.answer.len(), 3);
    gateway.end().await;
}

async fn assert_not_ready(gateway: &Gateway, reason: &str) {
    until(&format!("not ready: {reason}"), async || {
        let (status, why) = gateway.page("/readyz").await;
        assert_eq!(status, 503, "{why}");
        why.contains(reason)
    })
    .await;
}
