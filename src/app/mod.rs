//! Puts the gateway together: settings -> stack -> listeners; starts it, watches it, drains it.
//!
//! Floor 7. It decides nothing about queries; it hands the parts to each other.

mod bind;
mod certificate;
mod connect;
mod demo;
mod listening;
mod logs;
mod metrics;
mod running;
mod status;

use std::io;
use std::sync::Arc;

pub use bind::{BindError, Bound, Taken};
pub use certificate::Renewable;
pub use connect::{ConnectError, connect};
pub use demo::{Demo, DemoError, DemoOptions, PortChoice};
pub use logs::start as start_log;
pub use running::{Ended, Running};

use self::listening::Listeners;
use crate::answers::Router;
use crate::catalog::Catalog;
use crate::config::{Certificate, Settings};
use crate::layers::Stacks;
use crate::layers::metrics::Workers;
use crate::listeners::http::admin::Admin;
use crate::listeners::udp::UdpCounters;
use crate::listeners::{Certificates, ServerConfig, Shared, Shutdown, TlsUse, tls_config};
use crate::nomad::Client;
use crate::sync;

/// Why the gateway cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What is configured about Nomad cannot be used.
    #[error("nomad: {0}")]
    Nomad(#[from] crate::nomad::SettingsError),
    /// The certificate or its key cannot be used.
    #[error("tls: {0}")]
    Certificate(#[from] crate::listeners::CertificateError),
    /// TLS cannot be set up with it.
    #[error("tls: {0}")]
    Tls(#[from] rustls::Error),
    /// The system refused a socket or a thread.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}

/// Checks what reading the configuration cannot: certificates, and what is told of Nomad.
///
/// # Errors
/// What `start` would fail with.
pub fn try_out(settings: &Settings) -> Result<(), StartError> {
    Client::new(settings.nomad.clone())?;
    certificates(settings.certificate.as_ref())?;
    Ok(())
}

/// Starts the gateway on sockets that are bound already. Wants a tokio runtime around it.
///
/// # Errors
/// Settings that cannot be used, or what the system refuses; nothing runs then.
pub fn start(settings: Settings, bound: Bound) -> Result<Running, StartError> {
    let client = Client::new(settings.nomad.clone())?;
    let certificates = certificates(settings.certificate.as_ref())?;
    let tls = server_configs(certificates.as_ref())?;
    let (trigger, shutdown) = Shutdown::new();

    let parts = Parts::new(&settings);
    parts
        .workers
        .join(Arc::clone(&parts.connections.server.counters));
    // Before anything listens for queries: the first one finds what is on disk.
    let mut writer = parts.catalog.writer();
    if let Some(store) = &settings.store {
        sync::restore(store, &mut writer, &parts.sync, settings.sync.max_stale);
    }
    let router = Router::new(settings.zones.clone(), Arc::clone(&parts.catalog));
    let workers = Arc::clone(&parts.workers);
    let stacks = Stacks::new(router, settings.stack, settings.cache, workers);

    let udp = listening::start_udp(
        bound.udp,
        &stacks,
        &parts.connections.server,
        settings.udp,
        &parts.udp,
    )?;
    let mut listeners =
        Listeners::new(stacks.worker(), parts.connections.clone(), shutdown.clone());
    listeners.serve_dns(bound.tcp);
    if let Some(tls) = tls {
        listeners.serve_dns_over_tls(bound.tls, &tls.dns);
        listeners.serve_https(bound.https, &tls.http);
    }
    listeners.serve_http(bound.http);
    let last_trigger = listeners.serve_pages(bound.admin, &parts.pages(shutdown.clone()));

    let certificate = certificates.zip(settings.certificate);
    let certificate = certificate.map(|(used, files)| Renewable::new(used, files));
    if let (Some(certificate), Some(every)) = (&certificate, settings.certificate_check) {
        tokio::spawn(certificate.clone().follow(every, shutdown.clone()));
    }
    let keeping = settings.store.map(|store| {
        let (catalog, status) = (Arc::clone(&parts.catalog), Arc::clone(&parts.sync));
        let (max_stale, mut ending) = (settings.sync.max_stale, shutdown.clone());
        let ending = async move { ending.requested().await };
        tokio::spawn(sync::keep(store, catalog, status, max_stale, ending))
    });
    let mut ending = shutdown;
    let ending = async move { ending.requested().await };
    let syncing = sync::run(settings.sync, client, writer, parts.sync, ending);
    Ok(Running {
        trigger,
        last_trigger,
        listeners: listeners.tasks,
        pages: listeners.pages,
        udp,
        syncing: tokio::spawn(syncing),
        keeping,
        drain: settings.connections.drain,
        certificate,
    })
}

/// What the parts of a gateway share, and what the operator's pages tell.
struct Parts {
    workers: Arc<Workers>,
    udp: Arc<UdpCounters>,
    connections: Shared,
    sync: Arc<sync::Status>,
    catalog: Arc<Catalog>,
}

impl Parts {
    fn new(settings: &Settings) -> Self {
        let sync = Arc::<sync::Status>::default();
        let mut server = settings.server.clone();
        server.stale = sync.stale_mark();
        Self {
            workers: Arc::default(),
            udp: Arc::default(),
            connections: Shared {
                limits: Arc::new(settings.connections.clone()),
                server: Arc::new(server),
                ..Shared::default()
            },
            sync,
            catalog: Arc::default(),
        }
    }

    /// The operator's pages; `ending` tells them when the gateway ends.
    fn pages(&self, ending: Shutdown) -> Admin {
        Admin {
            metrics: metrics::provider(self),
            readiness: status::readiness(Arc::clone(&self.sync)),
            status: status::page(Arc::clone(&self.sync)),
            ending,
        }
    }
}

fn certificates(pem: Option<&Certificate>) -> Result<Option<Arc<Certificates>>, StartError> {
    let Some(Certificate {
        pem: (chain, key), ..
    }) = pem
    else {
        return Ok(None);
    };
    Ok(Some(Arc::new(Certificates::from_pem(
        chain,
        key.expose().as_bytes(),
    )?)))
}

/// What the TLS listeners negotiate, by what is spoken inside.
#[derive(Clone)]
struct ServerConfigs {
    dns: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
}

fn server_configs(
    certificates: Option<&Arc<Certificates>>,
) -> Result<Option<ServerConfigs>, rustls::Error> {
    let Some(certificates) = certificates else {
        return Ok(None);
    };
    Ok(Some(ServerConfigs {
        dns: tls_config(Arc::clone(certificates), TlsUse::Dns)?,
        http: tls_config(Arc::clone(certificates), TlsUse::Http)?,
    }))
}
