//! Puts the gateway together: settings -> stack -> listeners; starts it, watches it, drains it.
//!
//! Floor 7. It decides nothing about queries; it hands the parts to each other.

mod bind;
mod demo;
mod logs;
mod metrics;
mod running;
mod status;

use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

pub use bind::{BindError, Bound, Taken};
pub use demo::{Demo, DemoError, DemoOptions, PortChoice};
pub use logs::start as start_log;
pub use running::{Ended, Running};

use crate::answers::Router;
use crate::catalog::Catalog;
use crate::config::{Certificate, Settings};
use crate::layers::metrics::Workers;
use crate::layers::{Stacks, WorkerStack};
use crate::listeners::http::admin::{self, Admin};
use crate::listeners::http::{self, Security};
use crate::listeners::udp::{UdpCounters, UdpWorker};
use crate::listeners::{
    Certificates, Connections, Counters, ListenerKind, ServerConfig, Shared, Shutdown, TlsUse, tcp,
    tls, tls_config,
};
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

/// Starts the gateway on sockets that are bound already.
///
/// # Errors
/// Settings that cannot be used, or what the system refuses; nothing runs then.
pub fn start(settings: Settings, bound: Bound) -> Result<Running, StartError> {
    let client = Client::new(settings.nomad.clone())?;
    let certificates = certificates(settings.certificate.as_ref())?;
    let (trigger, shutdown) = Shutdown::new();
    // The operator's pages stay until all else has ended, and tell that it does.
    let (last_trigger, last_shutdown) = Shutdown::new();

    let catalog = Arc::new(Catalog::new());
    let status = Arc::new(sync::Status::default());
    let workers = Arc::new(Workers::default());
    let router = Router::new(settings.zones.clone(), Arc::clone(&catalog));
    let stacks = Stacks::new(router, settings.stack, settings.cache, Arc::clone(&workers));

    let udp_counters = Arc::new(UdpCounters::default());
    let mut udp = Vec::new();
    for socket in bound.udp.into_iter().flatten() {
        let counters = Arc::clone(&udp_counters);
        let worker = UdpWorker::start(
            socket,
            stacks.worker(),
            settings.udp,
            counters,
            Handle::current(),
        )?;
        udp.push(worker);
    }

    let shared = Shared {
        limits: Arc::new(settings.connections.clone()),
        counters: Arc::new(Counters::default()),
        connections: Connections::default(),
    };
    let parts = metrics::Parts {
        workers,
        udp: udp_counters,
        connections: shared.clone(),
        sync: Arc::clone(&status),
        catalog: Arc::clone(&catalog),
    };
    let admin = Admin {
        metrics: metrics::provider(parts),
        readiness: status::readiness(Arc::clone(&status)),
        status: status::page(Arc::clone(&status)),
        ending: shutdown.clone(),
    };
    let mut listeners = Listeners {
        tasks: JoinSet::new(),
        pages: JoinSet::new(),
        stack: stacks.worker(),
        shared,
        shutdown: shutdown.clone(),
        last_shutdown,
        tls: server_configs(certificates.as_ref())?,
        admin,
    };
    listeners.spawn(bound.tcp, bound.tls, bound.https, bound.http, bound.admin);

    let writer = catalog.writer();
    let mut ending = shutdown;
    let syncing = tokio::spawn(sync::run(
        settings.sync,
        client,
        writer,
        status,
        async move {
            ending.requested().await;
        },
    ));
    Ok(Running {
        trigger,
        last_trigger,
        listeners: listeners.tasks,
        pages: listeners.pages,
        udp,
        syncing,
        drain: settings.connections.drain,
        certificates: certificates.zip(settings.certificate),
    })
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

/// The listeners that have connections, all before one stack.
struct Listeners {
    tasks: JoinSet<io::Result<()>>,
    /// The operator's pages, which end last.
    pages: JoinSet<io::Result<()>>,
    stack: WorkerStack,
    shared: Shared,
    shutdown: Shutdown,
    last_shutdown: Shutdown,
    tls: Option<ServerConfigs>,
    admin: Admin,
}

type Sockets = Vec<std::net::TcpListener>;

impl Listeners {
    fn spawn(&mut self, dns: Sockets, dot: Sockets, https: Sockets, http: Sockets, pages: Sockets) {
        for socket in dns {
            let (stack, shared) = (self.stack.clone(), self.shared.clone());
            self.tasks
                .spawn(tcp::serve(socket, stack, shared, self.shutdown.clone()));
        }
        for socket in dot {
            let Some(ServerConfigs { dns: config, .. }) = self.tls.clone() else {
                continue;
            };
            let (stack, shared) = (self.stack.clone(), self.shared.clone());
            self.tasks.spawn(tls::serve(
                socket,
                stack,
                config,
                shared,
                self.shutdown.clone(),
            ));
        }
        for socket in https {
            let Some(ServerConfigs { http: config, .. }) = self.tls.clone() else {
                continue;
            };
            let security = Security::Tls(config);
            let router = http::dns_router(self.stack.clone(), &self.shared.limits);
            let (shared, shutdown) = (self.shared.clone(), self.shutdown.clone());
            let kind = ListenerKind::Https;
            self.tasks.spawn(http::serve(
                socket, kind, router, security, shared, shutdown,
            ));
        }
        for socket in http {
            let router = http::dns_router(self.stack.clone(), &self.shared.limits);
            let (shared, shutdown) = (self.shared.clone(), self.shutdown.clone());
            let (kind, plain) = (ListenerKind::Http, Security::Plain);
            self.tasks
                .spawn(http::serve(socket, kind, router, plain, shared, shutdown));
        }
        for socket in pages {
            let router = admin::router(self.admin.clone());
            let (shared, shutdown) = (self.shared.clone(), self.last_shutdown.clone());
            let (kind, plain) = (ListenerKind::Admin, Security::Plain);
            self.pages
                .spawn(http::serve(socket, kind, router, plain, shared, shutdown));
        }
    }
}
