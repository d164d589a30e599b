//! Starts the gateway in two steps: first what follows Nomad, then what answers.
//!
//! Floor 7. Between them a gateway that replaces another waits until it knows the cluster: what comes meanwhile waits in
//! sockets that systemd kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::background_runtime::BackgroundRuntime;
use super::bind::{Bound, EncryptedPorts};
use super::listening::Listeners;
use super::live_gateway::LiveGateway;
use super::page::PageParts;
use super::parts::GatewayParts;
use super::running::Running;
use super::tls::Tls;
use super::{StartError, alone_and_warned, descriptors, filtering, liveness, router, stacks};
use crate::config::Settings;
use crate::dns::Transport;
use crate::listeners::exchange::Exchange;
use crate::listeners::udp::UdpWorker;
use crate::nomad::Client;
use crate::sync;

/// How often a gateway that waits looks whether it knows the cluster.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A gateway that follows Nomad and does not answer yet.
pub(super) struct Starting {
    settings: Settings,
    bound: Bound,
    tls: Option<Tls>,
    parts: GatewayParts,
    background_runtime: BackgroundRuntime,
    keeping: Option<JoinHandle<()>>,
    syncing: JoinHandle<()>,
    filtering: JoinHandle<Result<(), StartError>>,
    leaving: CancellationToken,
    shutdown: CancellationToken,
    /// Who drops it ends it.
    guards: [DropGuard; 2],
}

impl Starting {
    /// Begins to follow Nomad.
    ///
    /// # Errors
    /// Settings that cannot be used, or what the system refuses; nothing runs then.
    pub(super) fn begin(mut settings: Settings, bound: Bound) -> Result<Self, StartError> {
        let client = Client::new(settings.nomad.clone())?;
        let state_lock = alone_and_warned(&settings)?;
        descriptors::fit(&mut settings, &bound);
        let tls = Tls::new(&settings)?;
        let (shutdown, leaving) = (CancellationToken::new(), CancellationToken::new());

        let background_runtime = BackgroundRuntime::start()?;
        let parts = GatewayParts::new(&settings, client.clone(), background_runtime.and_own());
        let (keeper, ended) = (parts.transfer.keeper(), shutdown.clone().cancelled_owned());
        tokio::spawn(async move {
            tokio::select! {
                () = keeper.run() => {}
                () = ended => {}
            }
        });
        let telling = parts.notifier.clone().run(parts.transfer.serials());
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(telling));
        // Before anything listens for queries: the first one finds what is on disk.
        let mut writer = parts.catalog.writer();
        if let Some(store) = &settings.store {
            sync::restore(store, &mut writer, &parts.sync, settings.sync.max_stale);
        }
        let max_stale = settings.sync.max_stale;
        let keeping = settings.store.take();
        let keeping =
            keeping.map(|store| parts.keep(store, state_lock, max_stale, shutdown.clone()));
        let (status, ending) = (Arc::clone(&parts.sync), shutdown.clone().cancelled_owned());
        let syncing = sync::run(
            settings.sync.clone(),
            client.clone(),
            writer,
            status,
            ending,
        );
        Ok(Self {
            syncing: tokio::spawn(syncing),
            filtering: filtering(client, settings.sync.clone()),
            guards: [&leaving, &shutdown].map(|token| token.clone().drop_guard()),
            settings,
            bound,
            tls,
            parts,
            background_runtime,
            keeping,
            leaving,
            shutdown,
        })
    }

    /// Waits until the cluster is known if systemd passed the sockets, at most for `limits.first_sync_wait_ms`.
    pub(super) async fn until_known(&self) {
        if !self.bound.passed.is_any {
            return;
        }
        let end = Instant::now() + self.settings.first_sync_wait;
        let known = async {
            while matches!(self.parts.sync.readiness(), sync::Readiness::NotReady(_)) {
                sleep(LOOK_EVERY).await;
            }
        };
        // A gateway that knows nothing yet says so to who asks.
        let _ = timeout_at(end, known).await;
    }

    /// Has it answer.
    ///
    /// # Errors
    /// What the system refuses; nothing runs then.
    pub(super) fn serve(self) -> Result<Running, StartError> {
        let Self {
            settings,
            bound,
            tls,
            parts,
            leaving,
            shutdown,
            ..
        } = self;
        let page = PageParts::new(&bound, &settings.http.paths, tls.as_ref());
        let server = parts.server();
        parts.workers.join(Arc::clone(&server.counters));
        parts.forwarder.run(&shutdown);
        let ports = EncryptedPorts::of(&bound);
        let router = router(&settings, ports, &parts);
        let stacks = stacks(router, &settings, &parts);
        let udp = parts.udp_workers(&stacks, settings.udp).start(bound.udp)?;
        // One for all connections, and for the gateway's own queries.
        let stack = stacks.worker();
        let own = Exchange::live(stack.clone(), Transport::Tcp, server);
        let mut listeners = Listeners::new(
            stack,
            parts.connections.clone(),
            settings.http.clone(),
            shutdown.clone(),
        );
        listeners.serve_dns(bound.tcp);
        if let Some(tls) = &tls {
            listeners.serve_dns_over_tls(bound.tls, &tls.dns);
            listeners.serve_https(bound.https, &tls.http);
        }
        listeners.serve_http(bound.http);
        let liveness = liveness::liveness(udp.iter().map(UdpWorker::pulse).collect(), own);
        let tokens = (leaving.clone(), shutdown.clone());
        let pages = parts.pages(Arc::clone(&liveness), page, tokens);
        let last = listeners.serve_pages(bound.admin, &pages);

        let gateway = LiveGateway::new(&settings, &parts, (stacks, ports), tls, &shutdown);
        let [leaving_guard, shutdown_guard] = self.guards;
        Ok(Running {
            _guards: [leaving_guard, shutdown_guard, last.clone().drop_guard()],
            leaving,
            shutdown,
            last,
            listeners: listeners.tasks,
            pages: listeners.pages,
            udp,
            syncing: self.syncing,
            filtering: self.filtering,
            keeping: self.keeping,
            lameduck: settings.lameduck,
            drain: settings.connections.drain,
            gateway: Arc::new(gateway),
            reload_check: settings.reload_check,
            liveness,
            sync: parts.sync,
            _background_runtime: self.background_runtime,
        })
    }
}
