//! Builds the gateway from the settings (settings -> stack -> listeners), starts it, watches it and shuts it down.
//!
//! Floor 7. It makes no decisions about queries; it connects the parts.

mod bind;
mod collectors;
mod connect;
mod connections;
mod core_dns;
mod demo;
mod descriptors;
mod error;
mod expiry;
mod filter;
mod first_sync;
mod forward_runtime;
mod forwarding;
mod health;
mod listening;
mod live_forwarder;
mod live_gateway;
mod liveness;
mod local;
mod logs;
mod metrics;
mod namespaces;
mod page;
mod parts;
mod process;
mod query_log;
mod reload;
mod reload_status;
mod renewal;
mod running;
mod shown;
mod status;
mod tls;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use bind::{BindError, Bound, PortConflict};
pub use connect::{ConnectError, NOTHING_ODD, NomadSummary, SummaryRow, connect};
pub use demo::{Demo, DemoError, DemoOptions, LookupTrust, PortChoice};
pub use descriptors::raise_descriptors;
pub use error::StartError;
pub use filter::try_filter;
pub use logs::{Log, start as start_log};
pub use reload::{ReadSource, Reloader};
pub use renewal::Renewable;
pub use running::{Ending, ExitReason, Running};

use self::bind::EncryptedPorts;
use self::forward_runtime::ForwardRuntime;
use self::listening::Listeners;
use self::live_gateway::LiveGateway;
use self::page::PageParts;
use self::parts::GatewayParts;
use self::renewal::Renewal;
use self::tls::Tls;
use crate::answers::Router;
use crate::config::{CredentialsFile, Settings};
use crate::dns::Transport;
use crate::layers::Stacks;
use crate::listeners::exchange::Exchange;
use crate::listeners::udp::UdpWorker;
use crate::nomad::{Client, TlsSettings};
use crate::sync;

/// Starts the gateway on sockets that are bound already. Wants a tokio runtime around it.
///
/// # Errors
/// Settings that cannot be used, or what the system refuses; nothing runs then.
pub fn start(mut settings: Settings, bound: Bound) -> Result<Running, StartError> {
    let client = Client::new(settings.nomad.clone())?;
    let state_lock = alone_and_warned(&settings)?;
    descriptors::fit(&mut settings, &bound);
    let tls = Tls::new(&settings)?;
    let page = PageParts::new(&bound, tls.as_ref());
    let (shutdown, leaving) = (CancellationToken::new(), CancellationToken::new());

    let forward_runtime = ForwardRuntime::start()?;
    let parts = GatewayParts::new(&settings, client.clone(), forward_runtime.and_own());
    let server = parts.server();
    parts.workers.join(Arc::clone(&server.counters));
    // Before anything listens for queries: the first one finds what is on disk.
    let mut writer = parts.catalog.writer();
    if let Some(store) = &settings.store {
        sync::restore(store, &mut writer, &parts.sync, settings.sync.max_stale);
    }
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
    let pages = parts.pages(liveness, page, (leaving.clone(), shutdown.clone()));
    let last = listeners.serve_pages(bound.admin, &pages);

    let gateway = LiveGateway::new(&settings, &parts, (stacks, ports), tls, &shutdown);
    let keeping = settings
        .store
        .map(|store| parts.keep(store, state_lock, settings.sync.max_stale, shutdown.clone()));
    let ending = shutdown.clone().cancelled_owned();
    let filtering = filtering(client.clone(), settings.sync.clone());
    let syncing = sync::run(settings.sync, client, writer, parts.sync, ending);
    Ok(Running {
        _guards: [&leaving, &shutdown, &last].map(|token| token.clone().drop_guard()),
        leaving,
        shutdown,
        last,
        listeners: listeners.tasks,
        pages: listeners.pages,
        udp,
        syncing: tokio::spawn(syncing),
        filtering,
        keeping,
        lameduck: settings.lameduck,
        drain: settings.connections.drain,
        gateway: Arc::new(gateway),
        reload_check: settings.reload_check,
        _forward_runtime: forward_runtime,
    })
}

/// Has Nomad read the filter, beside everything.
fn filtering(client: Client, sync: sync::SyncSettings) -> JoinHandle<Result<(), StartError>> {
    tokio::spawn(async move { try_filter(&client, &sync).await })
}

/// Makes what answers queries from the catalogue.
fn router(settings: &Settings, ports: EncryptedPorts, parts: &GatewayParts) -> Router {
    Router::new(settings.zones.clone(), Arc::clone(&parts.catalog))
        .outside(settings.outside_zones)
        .counting_loops(Arc::clone(&parts.loops))
        .with_local_names(parts.local.names())
        .designating(bind::designated_resolver(settings, ports))
}

/// Makes the layers around it.
fn stacks(router: Router, settings: &Settings, parts: &GatewayParts) -> Stacks {
    let (workers, forwarder) = (Arc::clone(&parts.workers), parts.forwarder.now());
    Stacks::new(router, settings.stack, settings.cache, workers)
        .knowing_cookies(parts.server().now().cookies.clone())
        .forwarding(forwarder, forwarding::worker_cache(settings))
        .noting_not_found(parts.shown.not_found())
}

/// Makes sure that the folder of the snapshot is this gateway's alone, and says what may surprise.
fn alone_and_warned(settings: &Settings) -> Result<Option<sync::StateLock>, sync::StateInUse> {
    let lock = match &settings.state_folder {
        Some(folder) => folder.lock()?,
        None => None,
    };
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    Ok(lock)
}

/// What came from files, each looked at as often as the settings say.
fn renewable(
    settings: &Settings,
    tls: Option<&Tls>,
    parts: &GatewayParts,
    ending: &CancellationToken,
) -> Renewable {
    let mut renewable = Renewable::default();
    for renewal in tls.map(|tls| tls.renewals(settings)).unwrap_or_default() {
        renewable.add(renewal, settings.tls_check, ending);
    }
    if let Some(files) = settings.nomad_tls.clone() {
        let client = parts.client.clone();
        let replace = move |tls: &TlsSettings| {
            let replaced = client.replace_tls(tls.clone());
            replaced.map_err(|error| error.to_string())
        };
        let renewal = Renewal::new("certificate and CA for Nomad", files, replace);
        renewable.add(renewal, settings.tls_check, ending);
    }
    let servers = settings.system_servers.as_ref();
    if let Some(renewal) = parts.forwarder.renewal(servers) {
        renewable.add(renewal, settings.system_servers_check, ending);
    }
    if let Some(renewal) = parts.local.renewal(&settings.hosts) {
        renewable.add(renewal, settings.hosts.check, ending);
    }
    for CredentialsFile { used, what, files } in settings.credentials.iter().cloned() {
        let replace = move |text: &_| used.replace(text).map_err(|error| error.to_string());
        let renewal = Renewal::new(what, files, replace);
        renewable.add(renewal, settings.credentials_check, ending);
    }
    renewable
}
