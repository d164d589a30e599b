//! Puts the gateway together: settings -> stack -> listeners; starts it, watches it, drains it.
//!
//! Floor 7. It decides nothing about queries; it hands the parts to each other.

mod bind;
mod certificate;
mod demo;
mod filter;
mod gauge;
mod health;
mod listening;
mod logs;
mod metrics;
mod running;
mod status;

use std::io;
use std::sync::Arc;

pub use bind::{BindError, Bound, Taken};
pub use certificate::Renewable;
pub use demo::{Demo, DemoError, DemoOptions, PortChoice};
pub use filter::try_filter;
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
    /// Nomad does not understand the filter expression.
    #[error("nomad.filter = {expression:?}: Nomad does not understand it: {words}")]
    Filter {
        /// The expression, as it is configured.
        expression: String,
        /// What Nomad says about it.
        words: String,
    },
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
    let writer = parts.catalog.writer();
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
        Self {
            workers: Arc::default(),
            udp: Arc::default(),
            connections: Shared {
                limits: Arc::new(settings.connections.clone()),
                server: Arc::new(settings.server.clone()),
                ..Shared::default()
            },
            sync: Arc::default(),
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
