//! Faults on the way to Nomad and of Nomad itself, through the whole gateway: what was known is answered, and what
//! changed meanwhile is there after. Each test is a row of the faults that a name server has to bear.

mod load;
mod nomad_itself;
mod way;

use nomadns::config::Settings;
use nomadns::demo::{Registration, Removal, SimulatedNomad};
use tokio::time::Duration;

use crate::support::clients::Clients;
use crate::support::decoded::DecodedAnswer;
use crate::support::fault_proxy::{FaultProxy, Way};
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

const SERVFAIL: u16 = 2;
/// RFC 8914 §4.15: not ready.
const NOT_READY: u16 = 14;

/// A gateway before a proxy before a Nomad with the demo's services.
struct Scene {
    nomad: SimulatedNomad,
    proxy: FaultProxy,
    gateway: Gateway,
    clients: Clients,
}

impl Scene {
    async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let nomad = cast();
        let proxy = FaultProxy::before(&nomad).await;
        let gateway = Gateway::with(&proxy.url(), change);
        gateway.until_ready().await;
        let followed = "nomadns_nomad_access{access=\"all_with_events\"} 1";
        until(followed, async || {
            gateway.page("/metrics").await.1.contains(followed)
        })
        .await;
        let clients = Clients::connect(&gateway).await;
        Self {
            nomad,
            proxy,
            gateway,
            clients,
        }
    }

    async fn ask(&mut self, name: &str) -> DecodedAnswer {
        self.clients
            .ask_udp(&Question::new(name, "A".parse().unwrap()))
            .await
            .decoded
    }

    /// Every service that was there is answered for with its instances.
    async fn nothing_is_lost(&mut self) {
        for (name, count) in [("redis.default.nomad", 3), ("web.prod.nomad", 1)] {
            let decoded = self.ask(name).await;
            assert!(
                decoded.rcode == 0 && decoded.answer.len() >= count,
                "{name}: {decoded:?}"
            );
        }
    }

    /// A new service is found within the time that a test may take.
    async fn follows(&mut self, name: &str) {
        self.nomad
            .register([Registration::new("default", name).address("10.9.9.9")]);
        let asked = format!("{name}.default.nomad");
        until(&asked, async || {
            self.ask(&asked).await.data() == ["10.9.9.9"]
        })
        .await;
        self.nomad.remove_service("default", name, Removal::Planned);
        until(&asked, async || self.ask(&asked).await.rcode == 3).await;
    }
}

/// Times after which silence is noticed, short enough for a test.
fn impatient(settings: &mut Settings) {
    settings.nomad.timeouts.request = Duration::from_millis(200);
    settings.nomad.timeouts.blocking_slack = Duration::from_millis(200);
    settings.nomad.timeouts.stream_silence = Duration::from_millis(300);
    settings.sync.wait = Duration::from_millis(200);
}
