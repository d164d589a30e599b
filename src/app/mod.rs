//! Builds the gateway from the settings (settings -> stack -> listeners, in `starting.rs`), starts it, watches it and shuts it down.
//!
//! Floor 7. It makes no decisions about queries; it connects the parts.

mod background_runtime;
mod bind;
mod binder;
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
mod notify;
mod page;
mod parts;
mod passed;
mod process;
mod query_log;
mod reload;
mod reload_status;
mod renewal;
mod running;
mod service_manager;
mod shown;
mod starting;
mod status;
mod tls;
mod transfer;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use bind::Bound;
pub use binder::{BindError, PortConflict, lacks_ipv6};
pub use connect::{ConnectError, NOTHING_ODD, NomadSummary, SummaryRow, connect};
pub use demo::{Demo, DemoError, DemoOptions, LookupTrust, PortChoice};
pub use descriptors::raise_descriptors;
pub use error::StartError;
pub use filter::try_filter;
pub use logs::{Log, start as start_log};
pub use page::lookup_paths;
pub use passed::{PassedSocketError, PassedSockets};
pub use reload::{ReadSource, Reloader};
pub use renewal::Renewable;
pub use running::{Ending, ExitReason, Running};
pub use service_manager::{ServiceReporter, keep_sockets};

use self::bind::EncryptedPorts;
use self::parts::GatewayParts;
use self::renewal::Renewal;
use self::starting::Starting;
use self::tls::Tls;
use crate::answers::Router;
use crate::config::{CredentialsFile, Settings, TsigKeys};
use crate::layers::Stacks;
use crate::nomad::{Client, TlsSettings};
use crate::sync;

/// Starts the gateway on sockets that are bound already. Wants a tokio runtime around it.
///
/// # Errors
/// Settings that cannot be used, or what the system refuses; nothing runs then.
pub fn start(settings: Settings, bound: Bound) -> Result<Running, StartError> {
    Starting::begin(settings, bound)?.serve()
}

/// Does the same, and leaves sockets that systemd passed unread until the cluster is known: who asks then waits a moment,
/// and is not told that nothing is known yet.
///
/// # Errors
/// The same.
pub async fn take_over(settings: Settings, bound: Bound) -> Result<Running, StartError> {
    let starting = Starting::begin(settings, bound)?;
    starting.until_known().await;
    starting.serve()
}

/// Has Nomad read the filter, beside everything.
fn filtering(client: Client, sync: sync::SyncSettings) -> JoinHandle<Result<(), StartError>> {
    tokio::spawn(async move { try_filter(&client, &sync).await })
}

/// Makes what answers queries from the catalogue.
fn router(settings: &Settings, ports: EncryptedPorts, parts: &GatewayParts) -> Router {
    Router::new(parts.transfer.share(settings), Arc::clone(&parts.catalog))
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
    if settings.tsig_keys.content.has_file() {
        // Those of this configuration: another one has its own.
        let live = parts.server().now().keys.clone();
        let replace = move |keys: &TsigKeys| {
            live.replace(keys.ring()?);
            Ok(())
        };
        let renewal = Renewal::new("TSIG key", settings.tsig_keys.clone(), replace);
        renewable.add(renewal, settings.tsig_keys.content.check(), ending);
    }
    for CredentialsFile { used, what, files } in settings.credentials.iter().cloned() {
        let replace = move |text: &_| used.replace(text).map_err(|error| error.to_string());
        let renewal = Renewal::new(what, files, replace);
        renewable.add(renewal, settings.credentials_check, ending);
    }
    renewable
}
