//! What the parts of a gateway share.
//!
//! Floor 7.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::listening::UdpWorkers;
use super::live_forwarder::LiveForwarder;
use super::liveness;
use super::local::LocalParts;
use super::query_log::LiveQueryLog;
use super::reload_status::ReloadStatus;
use super::shown::ShownSettings;
use super::transfer::LiveTransfer;
use crate::answers::Loops;
use crate::catalog::Catalog;
use crate::config::Settings;
use crate::dns::{Name, Recursion};
use crate::layers::Stacks;
use crate::layers::metrics::{CoreDnsCounters, Workers};
use crate::listeners::udp::{UdpCounters, UdpLimits, UdpRuntimes};
use crate::listeners::{ListenerContext, LiveServer, Server};
use crate::nomad::Client;
use crate::sync;
use crate::transfer::Notifier;

/// What the parts of a gateway share; a clone shares the same.
#[derive(Clone)]
pub(super) struct GatewayParts {
    pub(super) workers: Arc<Workers>,
    pub(super) udp: Arc<UdpCounters>,
    pub(super) connections: ListenerContext,
    pub(super) sync: Arc<sync::Status>,
    pub(super) client: Client,
    pub(super) catalog: Arc<Catalog>,
    pub(super) forwarder: Arc<LiveForwarder>,
    pub(super) local: Arc<LocalParts>,
    pub(super) loops: Arc<Loops>,
    pub(super) reloads: Arc<ReloadStatus>,
    pub(super) runtimes: UdpRuntimes,
    pub(super) shown: Arc<ShownSettings>,
    /// None where metrics have no names of CoreDNS.
    pub(super) core_dns: Option<Arc<CoreDnsCounters>>,
    pub(super) query_log: Arc<LiveQueryLog>,
    pub(super) transfer: LiveTransfer,
    pub(super) notifier: Notifier,
}

impl GatewayParts {
    pub(super) fn new(settings: &Settings, client: Client, runtimes: UdpRuntimes) -> Self {
        let catalog = Arc::<Catalog>::default();
        let mut parts = Self {
            workers: Arc::default(),
            udp: Arc::default(),
            connections: ListenerContext {
                limits: Arc::new(settings.connections.clone()),
                ..ListenerContext::default()
            },
            sync: Arc::default(),
            client,
            transfer: LiveTransfer::new(
                settings,
                Arc::clone(&catalog),
                runtimes.forwarding.clone(),
            ),
            catalog,
            forwarder: LiveForwarder::new(settings, runtimes.forwarding.clone()),
            local: LocalParts::new(settings),
            loops: Arc::default(),
            reloads: Arc::new(ReloadStatus::new(settings.values.clone())),
            runtimes,
            shown: ShownSettings::new(settings),
            core_dns: settings.core_dns_names.then(Arc::default),
            query_log: Arc::default(),
            notifier: Notifier::new(Arc::new(|_| None)),
        };
        parts.connections.server = parts.server_of(settings).into();
        let server = parts.server();
        let key = move |name: &Name| server.now().keys.now().find(name).cloned();
        parts.notifier = Notifier::new(Arc::new(key));
        parts.notifier.replace(settings.notified.clone());
        parts
    }

    /// What the UDP workers are made of.
    pub(super) fn udp_workers<'parts>(
        &'parts self,
        stacks: &'parts Stacks,
        limits: UdpLimits,
    ) -> UdpWorkers<'parts> {
        UdpWorkers {
            stacks,
            server: &self.connections.server,
            limits,
            counters: &self.udp,
            runtimes: &self.runtimes,
        }
    }

    /// Makes what is the same in all answers.
    pub(super) fn server_of(&self, settings: &Settings) -> Server {
        let mut server = settings.server.clone();
        server.stale = self.sync.stale_mark();
        let counters = self.core_dns.as_ref();
        server.core_dns = counters.map(|it| Arc::new(it.zones(super::core_dns::zones(settings))));
        server.query_log = self.query_log.of(settings);
        server.zones = Some(Arc::new(self.transfer.share(settings)));
        server.transfers = self.transfer.offered(settings);
        if settings.forward.is_some() {
            server.recursion = Recursion::Available;
        }
        if let Some(own_query) = liveness::own_query(&settings.zones) {
            server.own_query = own_query;
        }
        server
    }

    /// Keeps the snapshot on disk until the gateway ends, and others from it. To be called after the snapshot was restored, and
    /// before Nomad is read.
    pub(super) fn keep(
        &self,
        store: sync::Store,
        lock: Option<sync::StateLock>,
        max_stale: Duration,
        ending: CancellationToken,
    ) -> JoinHandle<()> {
        let (catalog, status) = (Arc::clone(&self.catalog), Arc::clone(&self.sync));
        let ending = async move { ending.cancelled().await };
        let keeping = sync::keep(store, catalog, status, max_stale, ending);
        tokio::spawn(async move {
            keeping.await;
            drop(lock);
        })
    }

    pub(super) fn server(&self) -> LiveServer {
        self.connections.server.clone()
    }
}
