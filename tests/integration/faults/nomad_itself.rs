//! Nomad itself: a lower index, an overrun buffer, a token that expires, an empty list, a service that flaps.

use nomadns::demo::{Acl, Enforcement, Events, Fault, Token};
use nomadns::nomad::TokenSource;
use nomadns::secret::Secret;

use super::*;

#[tokio::test]
async fn row_4_an_overrun_buffer_and_a_lower_index_take_nothing_away_that_is_still_there() {
    let mut scene = Scene::start(|_| {}).await;
    // More than the buffer of events holds, most of them without one.
    for _ in 0..150 {
        scene.nomad.register_with(
            [Registration::new("default", "burst").address("10.8.0.1")],
            Events::None,
        );
    }
    scene.follows("fresh").await;
    until("the burst is whole", async || {
        scene
            .clients
            .ask_udp(&Question::new(
                "burst.default.nomad",
                "TXT".parse().unwrap(),
            ))
            .await
            .decoded
            .answer
            .len()
            == 150
    })
    .await;
    scene.nomad.restore_index(5);
    scene.nomad.cut_connections();
    for number in 0..3 {
        scene.nothing_is_lost().await;
        scene.follows(&format!("fresh-{number}")).await;
    }
    scene.gateway.end().await;
}

#[tokio::test]
async fn row_7_an_expired_token_is_counted_and_takes_nothing_away() {
    const SECRET: &str = "row-7";
    let token = TokenSource::Fixed(Secret::new(SECRET));
    let nomad = cast();
    nomad.set_acl(Acl {
        enforcement: Enforcement::On,
        tokens: [(SECRET.to_owned(), Token::reads_everything())].into(),
    });
    let gateway = Gateway::with(&nomad.url(), |settings| settings.nomad.token = token);
    gateway.until_ready().await;
    nomad.set_token(SECRET, Token::reads_everything().expired());
    nomad.cut_connections();
    // To a list, Nomad does not say that a token has expired.
    gateway.until_errors("permission_denied", 2.0).await;
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("redis.default.nomad", "A".parse().unwrap());
    assert_eq!(clients.agreed(&question).await.answer.len(), 3);
    nomad.set_token(SECRET, Token::reads_everything());
    nomad.register([Registration::new("default", "fresh").address("10.9.9.9")]);
    let fresh = Question::new("fresh.default.nomad", "A".parse().unwrap());
    until("read again", async || {
        clients.ask_udp(&fresh).await.decoded.rcode == 0
    })
    .await;
    gateway.end().await;
}

#[tokio::test]
async fn row_8_an_empty_list_with_index_0_is_a_denial_and_takes_nothing_away() {
    let mut scene = Scene::start(|_| {}).await;
    // Without the right to any namespace, Nomad answers with 200, no service and index 0.
    scene.nomad.enforce_acl(Enforcement::On);
    scene.nomad.cut_connections();
    scene.gateway.until_errors("permission_denied", 2.0).await;
    scene.nothing_is_lost().await;
    scene.nomad.enforce_acl(Enforcement::Off);
    scene.follows("fresh").await;
    // Nor does one without any index.
    let empty = Fault::Garbage(b"[]".to_vec());
    scene.nomad.break_requests("/v1/", empty);
    scene.nomad.cut_connections();
    scene.gateway.until_errors("malformed", 2.0).await;
    scene.nothing_is_lost().await;
    scene.nomad.mend();
    scene.follows("fresh-again").await;
    scene.gateway.end().await;
}

#[tokio::test]
async fn row_9_a_service_that_flaps_is_never_answered_for_from_two_states_at_once() {
    let mut scene = Scene::start(|_| {}).await;
    let generation = |number: usize| {
        let net = if number.is_multiple_of(2) {
            "10.7.0"
        } else {
            "10.7.1"
        };
        (1..4)
            .map(move |host| Registration::new("default", "flaps").address(format!("{net}.{host}")))
    };
    scene.nomad.replace("default", "flaps", generation(0));
    until("flaps", async || {
        scene.ask("flaps.default.nomad").await.answer.len() == 3
    })
    .await;
    let reads = scene.nomad.load("/v1/service/:name").requests;
    for number in 1..200 {
        scene.nomad.replace("default", "flaps", generation(number));
        let decoded = scene.ask("flaps.default.nomad").await;
        let first = decoded.data()[0][..6].to_owned();
        assert!(
            decoded.answer.len() == 3 && decoded.data().iter().all(|it| it.starts_with(&first)),
            "{decoded:?}"
        );
    }
    // Changes that come together are read together.
    let reads = scene.nomad.load("/v1/service/:name").requests - reads;
    assert!(reads <= 2 * 200, "{reads} reads for 199 changes");
    scene.gateway.end().await;
}
