//! Provides what the status page shows, from the state of all parts.
//!
//! Floor 7. It reads, and changes nothing; how it looks is decided in `listeners::admin`.

mod advice;
mod asking;
mod configuration;
mod report;
mod sampling;
mod search;
mod service;
mod state;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use self::asking::lookup_paths;
use super::Bound;
use super::first_sync;
use super::live_forwarder::LiveForwarder;
use super::parts::GatewayParts;
use super::reload_status::ReloadStatus;
use super::shown::ShownSettings;
use super::tls::Tls;
use crate::blocking::BlockingPermits;
use crate::catalog::{Catalog, Snapshot};
use crate::dns::{Name, RecordType};
use crate::layers::metrics::Workers;
use crate::listeners::Certificates;
use crate::listeners::admin::{
    Admin, ConfigReport, ListenerAddress, LookupReport, PageFuture, PageSource, Sample,
    ServiceDetail, ServicePage, ServiceSearch, StatusReport, event_streams,
};
use crate::listeners::http::Paths;
use crate::nomad::Client;
use crate::sync;
use crate::transfer::Notifier;

/// How many lookups for the page are under way at once; others wait.
const LOOKUPS_AT_ONCE: usize = 4;

/// What the status page shows.
pub(super) struct GatewayPage {
    sync: Arc<sync::Status>,
    client: Client,
    catalog: Arc<Catalog>,
    workers: Arc<Workers>,
    forwarder: Arc<LiveForwarder>,
    shown: Arc<ShownSettings>,
    reloads: Arc<ReloadStatus>,
    notifier: Notifier,
    certificates: Option<Arc<Certificates>>,
    listeners: Vec<ListenerAddress>,
    paths: Paths,
    leaving: CancellationToken,
    samples: Mutex<VecDeque<Sample>>,
    live: watch::Sender<Arc<str>>,
    searches: BlockingPermits,
    lookups: Semaphore,
}

/// What of the page is known only while the gateway is built.
pub(super) struct PageParts {
    listeners: Vec<ListenerAddress>,
    /// Those of the public listeners.
    paths: Paths,
    certificates: Option<Arc<Certificates>>,
}

impl PageParts {
    /// Notes where it listens, before the sockets are used up.
    pub(super) fn new(bound: &Bound, paths: &Paths, tls: Option<&Tls>) -> Self {
        Self {
            listeners: listeners(bound),
            paths: paths.clone(),
            certificates: tls.map(Tls::certificates),
        }
    }
}

impl GatewayPage {
    /// Makes it, and has it measure until `ending`.
    pub(super) fn start(
        parts: &GatewayParts,
        page: PageParts,
        leaving: CancellationToken,
        ending: CancellationToken,
    ) -> Arc<Self> {
        let (live, _) = watch::channel(Arc::from("{}"));
        let page = Arc::new(Self {
            sync: Arc::clone(&parts.sync),
            client: parts.client.clone(),
            catalog: Arc::clone(&parts.catalog),
            workers: Arc::clone(&parts.workers),
            forwarder: Arc::clone(&parts.forwarder),
            shown: Arc::clone(&parts.shown),
            reloads: Arc::clone(&parts.reloads),
            notifier: parts.notifier.clone(),
            certificates: page.certificates,
            listeners: page.listeners,
            paths: page.paths,
            leaving,
            samples: Mutex::default(),
            live,
            searches: BlockingPermits::default(),
            lookups: Semaphore::new(LOOKUPS_AT_ONCE),
        });
        page.publish();
        tokio::spawn(Arc::clone(&page).measure(ending));
        page
    }

    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let guard = self.catalog.snapshot()?;
        guard.as_ref().map(Arc::clone)
    }
}

impl GatewayParts {
    /// The operator's pages; the last tell them when the gateway is about to end, and when it ends.
    pub(super) fn pages(
        &self,
        liveness: super::liveness::LivenessProbe,
        page: PageParts,
        (leaving, ending): (CancellationToken, CancellationToken),
    ) -> Admin {
        first_sync::introduce(&self.shown, &page.listeners);
        let telling = first_sync::tell(Arc::clone(&self.sync), self.client.clone());
        tokio::spawn(ending.clone().run_until_cancelled_owned(telling));
        let metrics = super::metrics::provider(self, page.certificates.clone(), &page.listeners);
        let page = GatewayPage::start(self, page, leaving.clone(), ending.clone());
        let forwarder = Arc::clone(&self.forwarder);
        Admin {
            liveness,
            leaving,
            metrics,
            readiness: super::status::readiness(Arc::clone(&self.sync)),
            page,
            event_streams: event_streams(),
            cache: Arc::new(move || forwarder.now().as_ref().map(super::forwarding::cache_pages)),
            ending,
        }
    }
}

impl PageSource for GatewayPage {
    fn status(&self) -> StatusReport {
        self.report()
    }

    fn services(self: Arc<Self>, search: ServiceSearch) -> PageFuture<ServicePage> {
        Box::pin(async move {
            let snapshot = self.snapshot();
            let permits = self.searches.clone();
            permits
                .run(|| search::search(snapshot.as_deref(), &search, &self.shown.zones().0))
                .await
        })
    }

    fn service(
        self: Arc<Self>,
        namespace: String,
        service: String,
    ) -> PageFuture<Option<ServiceDetail>> {
        Box::pin(async move { self.detail(&namespace, &service).await })
    }

    fn config(&self) -> ConfigReport {
        self.config_report()
    }

    fn lookup(self: Arc<Self>, name: Name, record_type: RecordType) -> PageFuture<LookupReport> {
        Box::pin(async move { self.ask_all(name, record_type).await })
    }

    fn live(&self) -> watch::Receiver<Arc<str>> {
        self.live.subscribe()
    }
}

fn listeners(bound: &Bound) -> Vec<ListenerAddress> {
    let udp = bound
        .udp
        .iter()
        .filter_map(|sockets| sockets.first()?.local_addr().ok());
    let mut all: Vec<_> = udp.map(|it| listener("udp", it)).collect();
    for (transport, sockets) in [
        ("tcp", &bound.tcp),
        ("dot", &bound.tls),
        ("https", &bound.https),
        ("http", &bound.http),
        ("admin", &bound.admin),
    ] {
        let addresses = sockets.iter().filter_map(|socket| socket.local_addr().ok());
        all.extend(addresses.map(|it| listener(transport, it)));
    }
    all
}

fn listener(transport: &'static str, address: SocketAddr) -> ListenerAddress {
    ListenerAddress { transport, address }
}
