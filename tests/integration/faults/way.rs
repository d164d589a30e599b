//! The way to Nomad: closed, cut, silent, slow, doubled, late and spoilt.

use super::*;
use crate::support::replay::refusing;

#[tokio::test]
async fn row_1_without_nomad_at_the_start_it_listens_at_once_and_is_not_ready() {
    let gateway = Gateway::with(&refusing().await, |_| {});
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("redis.default.nomad", "A".parse().unwrap());
    let decoded = clients.agreed(&question).await;
    assert_eq!(
        (decoded.rcode, decoded.extended_errors),
        (SERVFAIL, vec![NOT_READY])
    );
    assert_eq!(gateway.page("/readyz").await.0, 503);
    gateway.end().await;
}

#[tokio::test]
async fn row_2_when_nomad_goes_away_in_any_way_all_answers_go_on() {
    for way in [
        Way::Reset,
        Way::StopsReading,
        Way::BlackHole,
        Way::CutAfter(1),
    ] {
        let mut scene = Scene::start(impatient).await;
        scene.proxy.set(way);
        let failing = "nomadns_nomad_age_seconds";
        until(&format!("{way:?} is noticed"), async || {
            let errors = "nomadns_nomad_errors_total";
            let (_, text) = scene.gateway.page("/metrics").await;
            text.lines()
                .any(|line| line.starts_with(errors) && !line.ends_with(" 0"))
        })
        .await;
        for _ in 0..50 {
            scene.nothing_is_lost().await;
        }
        assert!(scene.gateway.metric(failing).await > 0.0);
        scene.proxy.set(Way::Clear);
        scene.follows("fresh").await;
        scene.gateway.end().await;
    }
}

#[tokio::test]
async fn row_3_a_stream_that_swallows_its_octets_is_dead_after_its_silence_and_is_opened_again() {
    let mut scene = Scene::start(|settings| {
        settings.nomad.timeouts.stream_silence = Duration::from_millis(300);
    })
    .await;
    let opened = scene.gateway.metric("nomadns_nomad_streams_total").await;
    scene.proxy.set(Way::BlackHole);
    scene.gateway.until_errors("timed_out", 1.0).await;
    scene.proxy.set(Way::Clear);
    until("opened again", async || {
        scene.gateway.metric("nomadns_nomad_streams_total").await > opened
    })
    .await;
    scene.nothing_is_lost().await;
    scene.follows("fresh").await;
    scene.gateway.end().await;
}

#[tokio::test]
async fn row_6_what_is_spoilt_or_doubled_on_the_way_takes_nothing_away() {
    for way in [Way::Flipped { every: 97 }, Way::Doubled, Way::CutAfter(300)] {
        let mut scene = Scene::start(impatient).await;
        scene.proxy.set(way);
        for _ in 0..20 {
            scene.nomad.scale("default", "worker", 3, Removal::Planned);
            scene.nomad.scale("default", "worker", 2, Removal::Planned);
            scene.nothing_is_lost().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene.proxy.set(Way::Clear);
        // Nothing tells that an octet of a name was another one, until all is read again.
        scene.nomad.cut_connections();
        scene.follows("fresh").await;
        scene.nothing_is_lost().await;
        scene.gateway.end().await;
    }
}

#[tokio::test]
async fn row_10_a_late_and_slow_way_loses_no_change() {
    for way in [
        Way::Late(Duration::from_millis(40)),
        Way::Slow { octets: 40 },
    ] {
        let mut scene = Scene::start(|_| {}).await;
        scene.proxy.set(way);
        for number in 0..5 {
            scene.follows(&format!("fresh-{number}")).await;
            scene.nothing_is_lost().await;
        }
        scene.gateway.end().await;
    }
}
