//! The handle of the simulated Nomad for scripts: starts it, tells its address and the requests that it got.
//!
//! Changes to the cluster are in `changes`, faults in `breakage`. Clones share one agent, which stops when the last
//! clone is dropped.

mod breakage;
mod bulk;
mod changes;
mod health;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::demo::agent::{Agent, Membership, Version};
use crate::demo::replica::Replica;
use crate::demo::seen::Load;
use crate::demo::server::{InMemory, Server};
use crate::demo::state::{Cluster, Table};

pub use bulk::BulkLoad;

/// How often a stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Nomad's `event_buffer_size`, in raft indexes.
const EVENT_BUFFER: usize = 100;

/// How a simulated Nomad is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the HTTP API listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Where the task API's unix socket is, if there is one.
    pub task_socket: Option<PathBuf>,
    /// Which Nomad it is.
    pub version: Version,
    /// The time between heartbeats of an event stream.
    pub heartbeat: Duration,
    /// How many raft indexes the event buffer holds.
    pub event_buffer: usize,
    /// How many connections are accepted at a time; more get 429.
    pub max_connections: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            task_socket: None,
            version: Version::default(),
            heartbeat: HEARTBEAT,
            event_buffer: EVENT_BUFFER,
            max_connections: None,
        }
    }
}

/// A running simulated Nomad.
#[derive(Clone, Debug)]
pub struct SimulatedNomad {
    agent: Arc<Agent>,
    server: Arc<Server>,
    task_socket: Option<PathBuf>,
}

impl SimulatedNomad {
    /// Starts an agent with an empty cluster, serving when this returns. Wants a tokio runtime around it.
    ///
    /// # Errors
    /// The address or the socket's path cannot be bound.
    pub fn start(options: Options) -> io::Result<Self> {
        let Options {
            address,
            task_socket,
            version,
            heartbeat,
            event_buffer,
            max_connections,
        } = options;
        let agent = alone(version, heartbeat, event_buffer);
        let server = Server::start(
            Arc::clone(&agent),
            address,
            task_socket.clone(),
            max_connections,
        )?;
        Ok(Self::of(agent, server, task_socket))
    }

    /// Makes an agent with an empty cluster and no port, which is asked in memory only: see [`Self::service`]. The
    /// address is a mere name, and there is no limit to connections.
    pub fn in_memory(options: &Options) -> Self {
        let agent = alone(options.version, options.heartbeat, options.event_buffer);
        let server = Server::in_memory(Arc::clone(&agent), options.address);
        Self::of(agent, server, None)
    }

    pub(crate) fn of(agent: Arc<Agent>, server: Server, task_socket: Option<PathBuf>) -> Self {
        Self {
            agent,
            server: Arc::new(server),
            task_socket,
        }
    }

    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Gives what answers as the port does, without a socket.
    pub fn service(&self) -> InMemory {
        self.server.service()
    }

    /// Gives the address that is bound.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Gives the value for `NOMAD_ADDR`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Gives the path of the task API's socket.
    pub fn task_socket(&self) -> Option<&Path> {
        self.task_socket.as_deref()
    }

    /// Gives the index of the table of services, which all service reads carry.
    pub fn index(&self) -> u64 {
        self.agent.read(|cluster| cluster.index(Table::Services))
    }

    /// Gives the last raft index.
    pub fn raft_index(&self) -> u64 {
        self.agent.read(|cluster| cluster.raft_index())
    }

    /// Tells how a route was used, by its template: `/v1/service/:name`.
    pub fn load(&self, route: &str) -> Load {
        self.agent.seen.load(route)
    }

    /// Tells how every route was used that anybody asked, by their templates; what is no route is "".
    pub fn loads(&self) -> Vec<(&'static str, Load)> {
        self.agent.seen.loads()
    }

    /// Gives the octets that were sent over the port's connections, with all headers.
    pub fn sent_octets(&self) -> u64 {
        self.agent.seen.sent_octets()
    }

    /// Gives the last thousand request targets, oldest first.
    pub fn recent_requests(&self) -> Vec<String> {
        self.agent.seen.recent()
    }

    /// Forgets the requests so far, and the octets that were sent.
    pub fn forget_requests(&self) {
        self.agent.seen.forget();
    }

    /// Gives the number of open connections.
    pub fn connections(&self) -> usize {
        self.agent.connections.now()
    }

    /// Gives the most connections that were open at the same time.
    pub fn peak_connections(&self) -> usize {
        self.agent.connections.peak()
    }

    /// Gives the number of open event streams.
    pub fn streams(&self) -> usize {
        self.agent.streams.now()
    }

    /// Waits until so many event streams are open.
    pub async fn streams_reach(&self, count: usize) {
        self.agent.streams.reaches(count).await;
    }

    /// Gives the number of blocking queries that wait now.
    pub fn waiting_queries(&self) -> usize {
        self.agent.waiting.now()
    }

    /// Waits until so many blocking queries wait.
    pub async fn waiting_queries_reach(&self, count: usize) {
        self.agent.waiting.reaches(count).await;
    }
}

fn alone(version: Version, heartbeat: Duration, event_buffer: usize) -> Arc<Agent> {
    let replica = Arc::new(Replica::new(Cluster::new(), event_buffer));
    // Who is alone either has a leader or will get none by waiting.
    let times = (heartbeat, Duration::ZERO);
    Arc::new(Agent::new(version, times, Membership::Single, replica))
}
