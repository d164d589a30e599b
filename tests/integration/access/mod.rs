//! What the token may read decides how the gateway follows Nomad: each tier, and each change between them, through
//! the whole gateway and DNS.

mod changes;
mod on_demand;

use nomadns::config::Settings;
use nomadns::demo::{Acl, Enforcement, Options, Registration, SimulatedNomad, Token};
use nomadns::nomad::TokenSource;
use nomadns::secret::Secret;
use tokio::time::Duration;

use crate::support::clients::Clients;
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::{Gateway, until};
use crate::support::question::Question;

const NOERROR: u16 = 0;
const SERVFAIL: u16 = 2;
const NXDOMAIN: u16 = 3;
/// The token of the gateway.
const SECRET: &str = "token-of-the-gateway";

/// A Nomad with ACLs on and two namespaces.
fn guarded(rights: Token) -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.create_namespace("prod");
    nomad.register([
        Registration::new("default", "redis")
            .address("10.1.0.1")
            .port(6379),
        Registration::new("default", "redis")
            .address("10.1.0.2")
            .port(6379),
        Registration::new("prod", "web")
            .address("10.2.0.1")
            .tags(["canary"]),
    ]);
    nomad.set_acl(Acl {
        enforcement: Enforcement::On,
        tokens: [(SECRET.to_owned(), rights)].into(),
    });
    nomad
}

/// Settings that find out quickly what has changed.
fn quick(settings: &mut Settings) {
    settings.nomad.token = TokenSource::Fixed(Secret::new(SECRET));
    settings.sync.namespaces = ["*", "default", "prod"].map(str::to_owned).into();
    // Without events, a list that comes back is what tells of a policy that was edited.
    settings.sync.wait = Duration::from_millis(200);
    settings.sync.access_every = Duration::from_millis(50);
    settings.sync.on_demand.keep = Duration::from_millis(200);
    settings.sync.on_demand.keep_absent = Duration::from_millis(200);
    settings.sync.times.stream_again = Duration::from_millis(50);
}

async fn tier(gateway: &Gateway, label: &str) {
    let metric = format!("nomadns_nomad_access{{access=\"{label}\"}} 1");
    until(&metric, async || {
        gateway.page("/metrics").await.1.contains(&metric)
    })
    .await;
}

/// A name, and a type behind a space where it is not A.
fn question(asked: &str) -> Question {
    let (name, record_type) = asked.split_once(' ').unwrap_or((asked, "A"));
    Question::new(name, record_type.parse().unwrap())
}

async fn ask(clients: &mut Clients, asked: &str) -> DecodedAnswer {
    clients.ask_udp(&question(asked)).await.decoded
}
