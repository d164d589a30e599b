//! Which instances are answered: by their checks, their allocations and their tags; and what is not believed.

mod checks;
mod excluded;
mod mass_loss;

use std::time::Duration;

use hickory_proto::rr::RecordType;
use nomadns::catalog::HealthPolicy;
use nomadns::config::Settings;
use nomadns::demo::{Options, Registration, SimulatedNomad};
use tokio::net::UdpSocket;

use crate::support::clients::ask_udp;
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::{Gateway, until};
use crate::support::question::Question;

/// A Nomad without services.
fn nomad() -> SimulatedNomad {
    SimulatedNomad::start(Options::default()).unwrap()
}

/// Registers instances of a service at `10.0.0.1` and on, each on a node of its own.
fn register(nomad: &SimulatedNomad, service: &str, count: u8) -> Vec<Registration> {
    let instances: Vec<_> = (1..=count)
        .map(|at| {
            Registration::new("default", service)
                .address(format!("10.0.0.{at}"))
                .node(&format!("node-{at}"), "dc1")
        })
        .collect();
    nomad.register(instances.clone());
    instances
}

/// Settings of health whose times suit a test.
fn quick(settings: &mut Settings, policy: HealthPolicy) {
    settings.zones.health = policy;
    settings.sync.health.policy = policy;
    settings.sync.health.look_every = Duration::from_millis(20);
    settings.sync.health.check_every = Duration::from_millis(50);
    settings.sync.health.reads_per_second = 1000;
}

/// Starts a gateway that looks at health often.
async fn gateway(nomad: &SimulatedNomad, policy: HealthPolicy) -> Gateway {
    let gateway = Gateway::with(&nomad.url(), |settings| quick(settings, policy));
    gateway.until_ready().await;
    gateway
}

/// What is said of a name in `default.nomad` over UDP: the last parts of its addresses.
async fn asked(gateway: &Gateway, name: &str) -> Vec<String> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    let question = Question::new(&format!("{name}.default.nomad"), RecordType::A);
    let message = ask_udp(&socket, &question)
        .await
        .expect("it is not cut short");
    let decoded = DecodedAnswer::of_message(&message);
    let mut parts: Vec<String> = decoded
        .data()
        .iter()
        .map(|address| address.rsplit('.').next().unwrap_or_default().to_owned())
        .collect();
    parts.sort();
    parts
}

/// Waits until a name has these addresses.
async fn until_asked(gateway: &Gateway, name: &str, expected: &[&str]) {
    until(&format!("{name} is {expected:?}"), async || {
        asked(gateway, name).await == expected
    })
    .await;
}
