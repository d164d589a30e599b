//! Starts the listeners on their sockets and logs their addresses.

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::layers::{Stacks, WorkerStack};
use crate::listeners::admin::{self, Admin};
use crate::listeners::http::{self, Security};
use crate::listeners::udp::{Buffers, UdpCounters, UdpLimits, UdpRuntimes, UdpWorker};
use crate::listeners::{ListenerContext, ListenerKind, LiveServer, ServerConfig, dot, tcp};

/// What UDP workers are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct UdpWorkers<'parts> {
    pub(super) stacks: &'parts Stacks,
    pub(super) server: &'parts LiveServer,
    pub(super) limits: UdpLimits,
    pub(super) counters: &'parts Arc<UdpCounters>,
    pub(super) runtimes: &'parts UdpRuntimes,
}

impl UdpWorkers<'_> {
    /// Starts a worker on each socket; those of one address come together.
    ///
    /// # Errors
    /// A socket that cannot be set up, or no more threads.
    pub(super) fn start(self, addresses: Vec<Vec<UdpSocket>>) -> io::Result<Vec<UdpWorker>> {
        let mut workers = Vec::new();
        for sockets in addresses {
            for socket in sockets {
                workers.push(UdpWorker::start(
                    socket,
                    self.stacks.worker(),
                    self.stacks.forwarded_names(),
                    self.server.clone(),
                    self.limits,
                    Arc::clone(self.counters),
                    self.runtimes.clone(),
                )?);
            }
        }
        if let Some(worker) = workers.first() {
            say_less(self.limits.buffers, worker.buffers());
        }
        Ok(workers)
    }
}

/// Says when the kernel gives less room than it should; all sockets get the same.
fn say_less(wanted: Buffers, given: Buffers) {
    for (key, sysctl, wanted, given) in [
        (
            "limits.udp_receive_octets",
            "net.core.rmem_max",
            wanted.receive_octets,
            given.receive_octets,
        ),
        (
            "limits.udp_send_octets",
            "net.core.wmem_max",
            wanted.send_octets,
            given.send_octets,
        ),
    ] {
        if given < wanted {
            tracing::info!(
                key,
                wanted,
                given,
                "the kernel allows smaller UDP buffers than configured: raise {sysctl}, or give the process CAP_NET_ADMIN"
            );
        }
    }
}

/// The listeners that have connections, all before one stack.
pub(super) struct Listeners {
    pub(super) tasks: JoinSet<io::Result<()>>,
    /// The operator's pages, which end last.
    pub(super) pages: JoinSet<io::Result<()>>,
    stack: WorkerStack,
    shared: ListenerContext,
    http: http::HttpSettings,
    shutdown: CancellationToken,
}

impl Listeners {
    pub(super) fn new(
        stack: WorkerStack,
        shared: ListenerContext,
        http: http::HttpSettings,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            tasks: JoinSet::new(),
            pages: JoinSet::new(),
            stack,
            shared,
            http,
            shutdown,
        }
    }

    pub(super) fn serve_dns(&mut self, sockets: Vec<TcpListener>) {
        for socket in sockets {
            let (stack, shared) = (self.stack.clone(), self.shared.clone());
            self.tasks
                .spawn(tcp::serve(socket, stack, shared, self.shutdown.clone()));
        }
    }

    pub(super) fn serve_dns_over_tls(
        &mut self,
        sockets: Vec<TcpListener>,
        config: &Arc<ServerConfig>,
    ) {
        for socket in sockets {
            let (stack, shared) = (self.stack.clone(), self.shared.clone());
            let (config, shutdown) = (Arc::clone(config), self.shutdown.clone());
            self.tasks
                .spawn(dot::serve(socket, stack, config, shared, shutdown));
        }
    }

    pub(super) fn serve_https(&mut self, sockets: Vec<TcpListener>, config: &Arc<ServerConfig>) {
        self.serve_queries(
            sockets,
            ListenerKind::Https,
            &Security::Tls(Arc::clone(config)),
        );
    }

    pub(super) fn serve_http(&mut self, sockets: Vec<TcpListener>) {
        self.serve_queries(sockets, ListenerKind::Http, &Security::Plain);
    }

    /// Serves the operator's pages until what comes back says so.
    pub(super) fn serve_pages(
        &mut self,
        sockets: Vec<TcpListener>,
        pages: &Admin,
    ) -> CancellationToken {
        let shutdown = CancellationToken::new();
        let kind = ListenerKind::Admin;
        for socket in sockets {
            let router = admin::router(pages.clone(), self.http.hosts.clone());
            let plain = Security::Plain;
            let (shared, shutdown) = (self.shared.clone(), shutdown.clone());
            self.pages
                .spawn(http::serve(socket, kind, router, plain, shared, shutdown));
        }
        shutdown
    }

    fn serve_queries(
        &mut self,
        sockets: Vec<TcpListener>,
        kind: ListenerKind,
        security: &Security,
    ) {
        for socket in sockets {
            let router = http::router(self.stack.clone(), &self.shared, &self.http, kind);
            let (shared, shutdown) = (self.shared.clone(), self.shutdown.clone());
            let serving = http::serve(socket, kind, router, security.clone(), shared, shutdown);
            self.tasks.spawn(serving);
        }
    }
}
