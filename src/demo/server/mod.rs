//! The accept loop: an agent on a port and a unix socket, which can vanish and come back where it was.
//!
//! The port stays reserved through an outage, so that nobody else gets it meanwhile. There are no
//! timeouts, as in Nomad: a client has to bring his own.

mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::demo::agent::Agent;
use crate::demo::api::{self, Entrance};
use crate::demo::shared::locked;
use wire::Wire;

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
    cuts: watch::Sender<u64>,
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
        let server = Self {
            agent,
            address,
            task_socket,
            max_connections,
            _reservation: reservation,
            accepting: Mutex::default(),
            cuts: watch::Sender::new(0),
        };
        server.accept_on(socket)?;
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops to accept and cuts every connection: from outside the agent is gone.
    pub(crate) async fn vanish(&self) {
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
        if locked(&self.accepting).is_empty() {
            self.accept_on(bound(self.address)?)
        } else {
            Ok(())
        }
    }

    /// Cuts every connection, in the middle of whatever it does.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    fn accept_on(&self, socket: Socket) -> io::Result<()> {
        socket.listen(BACKLOG)?;
        let port = TcpListener::from_std(socket.into())?;
        let mut accepting = vec![tokio::spawn(accept(
            port,
            Arc::clone(&self.agent),
            self.cuts.clone(),
            self.max_connections,
        ))];
        if let Some(path) = &self.task_socket {
            // What a server before left there is in the way.
            let _ = std::fs::remove_file(path);
            let listener = UnixListener::bind(path)?;
            let (agent, cuts) = (Arc::clone(&self.agent), self.cuts.clone());
            accepting.push(tokio::spawn(accept_tasks(listener, agent, cuts)));
        }
        *locked(&self.accepting) = accepting;
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
    cuts: watch::Sender<u64>,
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
        let wire = Wire::new(stream, Arc::clone(&spoil));
        let entrance = Entrance::Port(spoil);
        tokio::spawn(serve(wire, Arc::clone(&agent), entrance, cuts.subscribe()));
    }
}

async fn accept_tasks(listener: UnixListener, agent: Arc<Agent>, cuts: watch::Sender<u64>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let agent = Arc::clone(&agent);
                tokio::spawn(serve(stream, agent, Entrance::TaskSocket, cuts.subscribe()));
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    agent: Arc<Agent>,
    entrance: Entrance,
    mut cuts: watch::Receiver<u64>,
) {
    let _open = agent.connections.enter();
    let service = service_fn(|request| api::answer(Arc::clone(&agent), entrance.clone(), request));
    // Go's spelling: `X-Nomad-Index`.
    let mut http = http1::Builder::new();
    let connection = http
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A client that breaks off is his own business.
        _ = connection => {}
        _ = cuts.changed() => {}
    }
}

async fn refuse(mut stream: TcpStream) {
    let _ = stream.write_all(TOO_MANY_CONNECTIONS).await;
    let _ = stream.shutdown().await;
}
