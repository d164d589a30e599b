//! A gateway that forwards all names to one upstream, which has an address for each: what is not asked of it is seen.

use nomadns::config::Settings;
use nomadns::demo::SimulatedNomad;

use super::upstream::{Reply, ScriptedUpstream};
use super::{all_to, names};
use crate::support::clients::Clients;
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

/// A gateway, its upstream, and clients that ask over all transports.
pub(crate) struct AllForwarded {
    pub(crate) gateway: Gateway,
    clients: Clients,
    upstream: ScriptedUpstream,
    _nomad: SimulatedNomad,
}

impl AllForwarded {
    pub(crate) async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    /// Starts it with other settings; `change` is given the URL of the upstream.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings, &str)) -> Self {
        let upstream = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
        let (nomad, url) = (cast(), upstream.url());
        let gateway = Gateway::with(&nomad.url(), |settings| {
            settings.forward = Some(all_to(std::slice::from_ref(&url)));
            change(settings, &url);
        });
        gateway.until_ready().await;
        Self {
            clients: Clients::connect(&gateway).await,
            gateway,
            upstream,
            _nomad: nomad,
        }
    }

    /// What all transports say.
    pub(crate) async fn ask(&mut self, name: &str, record_type: &str) -> DecodedAnswer {
        let question = Question::new(name, record_type.parse().unwrap());
        self.clients.agreed(&question).await
    }

    /// Checks that a name is denied with the SOA of a zone.
    pub(crate) async fn assert_denied(
        &mut self,
        name: &str,
        record_type: &str,
        rcode: u16,
        zone: &str,
    ) {
        let answer = self.ask(name, record_type).await;
        let [soa] = &answer.authority[..] else {
            panic!("{name} {record_type}: {answer:?}");
        };
        assert_eq!(
            (answer.rcode, answer.data().len()),
            (rcode, 0),
            "{name} {record_type}"
        );
        assert_eq!(
            soa.owner.trim_end_matches('.'),
            zone,
            "{name} {record_type}"
        );
        assert_eq!((soa.record_type, soa.ttl), (6, 5), "{name} {record_type}");
    }

    /// The names that went upstream.
    pub(crate) fn forwarded(&self) -> Vec<String> {
        names(&self.upstream)
    }

    pub(crate) async fn end(self) {
        self.gateway.end().await;
    }
}
