//! The accept loop: an agent on a port and a unix socket, which can hang, disappear and come back at the same
//! address.
//!
//! The port stays reserved during an outage, so that nobody else can take it. As in Nomad there are no timeouts:
//! clients need their own.

mod gate;
mod memory;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::demo::agent::Agent;
use crate::demo::api::{self, Entrance};
use crate::demo::shared::locked;
use gate::{Gate, Way};
use wire::SpoiledStream;

pub use memory::InMemory;

const BACKLOG: i32 = 1024;

/// A failed accept is most likely one for lack of file descriptors: others have to finish first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What Nomad's listener writes to a client with too many connections, before any HTTP.
const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n\r\n";

/// A server for one agent.
#[derive(Debug)]
pub(crate) struct Server {
    agent: Arc<Agent>,
    address: SocketAddr,
    task_socket: Option<PathBuf>,
    max_connections: Option<usize>,
    /// Bound and never listening: it only keeps the port.
    _reservation: Option<Socket>,
    accepting: Mutex<Vec<JoinHandle<()>>>,
    gate: Gate,
    /// Whether it listens, for those who ask in memory.
    is_open: Arc<AtomicBool>,
    has_port: bool,
}

impl Server {
    /// Binds and serves. Port 0 takes a free one.
    ///
    /// # Errors
    /// The address or the socket's path cannot be bound.
    pub(crate) fn start(
        agent: Arc<Agent>,
        address: SocketAddr,
        task_socket: Option<PathBuf>,
        max_connections: Option<usize>,
    ) -> io::Result<Self> {
        let socket = bound(address)?;
        let address = socket.local_addr()?.as_socket().unwrap_or(address);
        // Elsewhere a second socket on a bound address is refused; there the port is not kept.
        let reservation = if cfg!(target_os = "linux") {
            Some(bound(address)?)
        } else {
            None
        };
        let mut server = Self::in_memory(agent, address);
        server.task_socket = task_socket;
        server.max_connections = max_connections;
        server._reservation = reservation;
        server.has_port = true;
        server.accept_on(socket)?;
        Ok(server)
    }

    /// Serves without a port, to those who ask in memory only. The address is a mere name.
    pub(crate) fn in_memory(agent: Arc<Agent>, address: SocketAddr) -> Self {
        Self {
            agent,
            address,
            task_socket: None,
            max_connections: None,
            _reservation: None,
            accepting: Mutex::default(),
            gate: Gate::new(),
            is_open: Arc::new(AtomicBool::new(true)),
            has_port: false,
        }
    }

    /// Gives what answers in memory, as the port does.
    pub(crate) fn service(&self) -> InMemory {
        InMemory {
            agent: Arc::clone(&self.agent),
            gate: self.gate.clone(),
            is_open: Arc::clone(&self.is_open),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops to accept and cuts every connection: from outside the agent is gone.
    pub(crate) async fn vanish(&self) {
        self.is_open.store(false, Ordering::Relaxed);
        let accepting = std::mem::take(&mut *locked(&self.accepting));
        for task in accepting {
            task.abort();
            // Aborted is what it should be; only then the listener is closed.
            let _ = task.await;
        }
        self.cut();
    }

    /// Listens again where it did before; without effect while it listens.
    ///
    /// # Errors
    /// The address cannot be bound again.
    pub(crate) fn come_back(&self) -> io::Result<()> {
        if self.has_port && locked(&self.accepting).is_empty() {
            self.accept_on(bound(self.address)?)
        } else {
            self.is_open.store(true, Ordering::Relaxed);
            Ok(())
        }
    }

    /// Cuts every connection, in the middle of whatever it does.
    pub(crate) fn cut(&self) {
        self.gate.cut();
    }

    /// Lets the agent hang: it accepts, and says nothing more.
    pub(crate) fn set_hung(&self, is_hung: bool) {
        self.gate.set_hung(is_hung);
    }

    fn accept_on(&self, socket: Socket) -> io::Result<()> {
        socket.listen(BACKLOG)?;
        let port = TcpListener::from_std(socket.into())?;
        let mut accepting = vec![tokio::spawn(accept(
            port,
            Arc::clone(&self.agent),
            self.gate.clone(),
            self.max_connections,
        ))];
        if let Some(path) = &self.task_socket {
            // What a server before left there is in the way.
            let _ = std::fs::remove_file(path);
            let listener = UnixListener::bind(path)?;
            let (agent, gate) = (Arc::clone(&self.agent), self.gate.clone());
            accepting.push(tokio::spawn(accept_tasks(listener, agent, gate)));
        }
        *locked(&self.accepting) = accepting;
        self.is_open.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &*locked(&self.accepting) {
            task.abort();
        }
        self.cut();
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

async fn accept(
    listener: TcpListener,
    agent: Arc<Agent>,
    gate: Gate,
    max_connections: Option<usize>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if max_connections.is_some_and(|max| agent.connections.now() >= max) {
            tokio::spawn(refuse(stream));
            continue;
        }
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let spoil = Arc::new(AtomicBool::new(false));
        let wire = SpoiledStream::new(stream, Arc::clone(&spoil), agent.seen.clone());
        let entrance = Entrance::Port(spoil);
        tokio::spawn(serve(wire, Arc::clone(&agent), entrance, gate.way()));
    }
}

async fn accept_tasks(listener: UnixListener, agent: Arc<Agent>, gate: Gate) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let agent = Arc::clone(&agent);
                tokio::spawn(serve(stream, agent, Entrance::TaskSocket, gate.way()));
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    agent: Arc<Agent>,
    entrance: Entrance,
    mut way: Way,
) {
    let _open = agent.connections.enter();
    let service = service_fn(|request| api::answer(Arc::clone(&agent), entrance.clone(), request));
    // Go's spelling: `X-Nomad-Index`.
    let mut http = http1::Builder::new();
    let connection = http
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off is his own business.
    let _ = way.through(connection).await;
}

async fn refuse(mut stream: TcpStream) {
    let _ = stream.write_all(TOO_MANY_CONNECTIONS).await;
    let _ = stream.shutdown().await;
}
