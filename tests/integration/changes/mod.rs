//! A change at Nomad is in the next answer on every transport.

mod odd;
mod outages;
mod stale;

use nomadns::demo::{Registration, Removal, SimulatedNomad};

use crate::support::clients::Clients;
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

const NXDOMAIN: u16 = 3;

/// Nomad, a gateway before it, and clients for every transport.
struct Scene {
    nomad: SimulatedNomad,
    gateway: Gateway,
    clients: Clients,
}

impl Scene {
    async fn start(nomad: SimulatedNomad) -> Self {
        let gateway = Gateway::start(&nomad.url()).await;
        let clients = Clients::connect(&gateway).await;
        Self {
            nomad,
            gateway,
            clients,
        }
    }

    /// Makes a change and waits until it shows over UDP: every other transport has it then, and keeps nothing
    /// from before. It was asked for before, so that there is something to keep.
    async fn change(
        &mut self,
        asked: &str,
        change: impl FnOnce(&SimulatedNomad),
        expected: &[&str],
    ) {
        let question = question(asked);
        let before = self.clients.agreed(&question).await;
        assert_ne!(before.data(), expected, "{asked} is so already");
        change(&self.nomad);
        let clients = &mut self.clients;
        until(&format!("{asked} is {expected:?}"), async || {
            clients.ask_udp(&question).await.decoded.data() == expected
        })
        .await;
        let after = self.clients.agreed(&question).await;
        assert_eq!(after.data(), expected, "{asked}");
        assert_eq!(after.rcode, if expected.is_empty() { NXDOMAIN } else { 0 });
    }

    /// Asks over every transport.
    async fn ask(&mut self, asked: &str) -> DecodedAnswer {
        self.clients.agreed(&question(asked)).await
    }
}

/// A name, and a type behind a space where it is not A.
fn question(asked: &str) -> Question {
    let (name, record_type) = asked.split_once(' ').unwrap_or((asked, "A"));
    Question::new(name, record_type.parse().unwrap())
}

fn registration(service: &str, last: u8) -> Registration {
    Registration::new("default", service).address(format!("10.1.0.{last}"))
}

#[tokio::test]
async fn what_is_registered_and_changed_shows_on_every_transport() {
    let mut scene = Scene::start(cast()).await;
    let first = registration("fresh", 1).port(4000);
    scene
        .change(
            "fresh.default.nomad",
            |it| it.register([first.clone()]),
            &["10.1.0.1"],
        )
        .await;
    scene
        .change(
            "Fresh.default.service.nomad",
            |it| it.register([registration("fresh", 2)]),
            &["10.1.0.1", "10.1.0.2"],
        )
        .await;
    let tagged = first.clone().tags(["canary"]);
    scene
        .change(
            "canary.fresh.default.nomad",
            |it| it.register([tagged]),
            &["10.1.0.1"],
        )
        .await;
    let moved = first.clone().tags(["canary"]).port(4001);
    scene
        .change(
            "_fresh._canary.default.nomad SRV",
            |it| it.register([moved]),
            &["10 10 4001 0a010001.addr.nomad."],
        )
        .await;
    let others = [registration("fresh", 7), registration("fresh", 8)];
    scene
        .change(
            "fresh.default.nomad",
            |it| it.replace("default", "fresh", others),
            &["10.1.0.7", "10.1.0.8"],
        )
        .await;
    scene.gateway.end().await;
}

#[tokio::test]
async fn what_goes_is_gone_on_every_transport_however_it_goes() {
    let mut scene = Scene::start(cast()).await;
    let all = [
        Removal::Deregistered,
        Removal::Planned,
        Removal::Ended,
        Removal::Silent,
    ];
    for removal in all {
        let (one, two) = (registration("fresh", 1), registration("fresh", 2));
        let both = [one.clone(), two];
        scene
            .change(
                "fresh.default.nomad",
                |it| it.register(both),
                &["10.1.0.1", "10.1.0.2"],
            )
            .await;
        scene
            .change(
                "fresh.default.nomad",
                |it| assert!(it.deregister(&one, removal)),
                &["10.1.0.2"],
            )
            .await;
        scene
            .change(
                "fresh.default.nomad",
                |it| it.scale("default", "fresh", 0, removal),
                &[],
            )
            .await;
    }
    scene.gateway.end().await;
}

#[tokio::test]
async fn a_namespace_comes_with_its_first_service_and_goes_with_its_last() {
    let mut scene = Scene::start(cast()).await;
    scene.nomad.create_namespace("staging");
    assert_eq!(scene.ask("staging.nomad").await.rcode, NXDOMAIN);
    let new = Registration::new("staging", "api").address("10.2.0.1");
    scene
        .change("api.staging.nomad", |it| it.register([new]), &["10.2.0.1"])
        .await;
    let namespace = scene.ask("staging.nomad").await;
    assert_eq!((namespace.rcode, namespace.answer.len()), (0, 0));
    scene
        .change(
            "api.staging.nomad",
            |it| drop(it.remove_service("staging", "api", Removal::Planned)),
            &[],
        )
        .await;
    assert_eq!(scene.ask("staging.nomad").await.rcode, NXDOMAIN);
    scene.gateway.end().await;
}
