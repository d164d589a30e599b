//! One zone that is forwarded: the upstreams that it has now, and the watch over loops.
//!
//! Floor 2. The servers of the system may change while the gateway runs; a question under way keeps those that it began
//! with. It asks nobody itself.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::join;
use tokio::sync::Notify;

use super::address::UpstreamAddress;
use super::loops::LoopWatch;
use super::settings::{ForwardSettings, ForwardZone, PrivateAddresses};
use super::upstream::{NoUpstreamAnswer, ZoneUpstreams};
use crate::dns::{Name, ReceivedAnswer};

/// One zone that is forwarded.
#[derive(Debug)]
pub(super) struct WatchedZone {
    pub(super) loops: LoopWatch,
    settings: ForwardZone,
    upstreams: ArcSwap<ZoneUpstreams>,
    /// Told when there are others.
    replaced: Notify,
}

impl WatchedZone {
    /// The zones of `settings`, the longest apex first; those that are known stay as they are, with what is known of their
    /// upstreams.
    pub(super) fn all_of(settings: &ForwardSettings, known: &[Arc<Self>]) -> Vec<Arc<Self>> {
        let zone = |zone: &ForwardZone| match known.iter().find(|it| it.settings == *zone) {
            Some(known) => {
                known.use_system(&settings.system, &settings.tls);
                Arc::clone(known)
            }
            None => Arc::new(Self::new(zone, &settings.system, &settings.tls)),
        };
        let mut zones: Vec<_> = settings.zones.iter().map(zone).collect();
        zones.sort_by_key(|zone| std::cmp::Reverse(zone.apex().labels().len()));
        zones
    }

    fn new(
        settings: &ForwardZone,
        system: &[UpstreamAddress],
        tls: &Arc<rustls::ClientConfig>,
    ) -> Self {
        let (apex, addresses) = (settings.apex, settings.addresses(system));
        let upstreams = ZoneUpstreams::new(apex, addresses, settings.policy, tls);
        Self {
            loops: LoopWatch::new(&apex),
            settings: settings.clone(),
            upstreams: ArcSwap::from_pointee(upstreams),
            replaced: Notify::new(),
        }
    }

    pub(super) fn apex(&self) -> &Name {
        &self.settings.apex
    }

    /// The upstreams that it has now.
    pub(super) fn upstreams(&self) -> Arc<ZoneUpstreams> {
        self.upstreams.load_full()
    }

    /// Refuses an answer with an address that names of the zone may not have.
    ///
    /// # Errors
    /// Such an answer.
    pub(super) fn admit(
        &self,
        received: ReceivedAnswer,
    ) -> Result<ReceivedAnswer, NoUpstreamAnswer> {
        match self.settings.private_addresses {
            PrivateAddresses::Refused if received.has_private_address => {
                Err(NoUpstreamAnswer::PrivateAddress)
            }
            PrivateAddresses::Refused | PrivateAddresses::Allowed => Ok(received),
        }
    }

    /// Has it ask other servers of the system; those that stay keep their connections and counts.
    pub(super) fn use_system(&self, system: &[UpstreamAddress], tls: &Arc<rustls::ClientConfig>) {
        let (addresses, before) = (self.settings.addresses(system), self.upstreams());
        if before.addresses().eq(&addresses) {
            return;
        }
        let upstreams = before.with_others(addresses, self.settings.policy, tls);
        self.upstreams.store(Arc::new(upstreams));
        self.replaced.notify_one();
    }

    /// Probes upstreams that are down and looks for loops, for ever; anew when there are others.
    pub(super) async fn watch(&self) {
        loop {
            let upstreams = self.upstreams();
            tokio::select! {
                _ = join(upstreams.probe(), self.loops.watch(&upstreams)) => {}
                () = self.replaced.notified() => {}
            }
        }
    }
}
