//! Several simulated servers that share one log: a leader, its followers, and the faults that a script causes.
//!
//! Each server is a [`SimulatedNomad`] with its own port and counters. A change made through any of them goes through
//! the leader; each server answers from what it has applied. Communication between servers is in `raft`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::demo::agent::{Agent, Membership};
use crate::demo::faults::Fault;
use crate::demo::handle::{Options, SimulatedNomad};
use crate::demo::raft::{Lag, Raft, RaftTimes};
use crate::demo::replica::Replica;
use crate::demo::server::{InMemory, Server};
use crate::demo::state::{Cluster, Table};

/// Nomad's port, of servers that have none.
const HTTP_PORT: u16 = 4646;
/// Nomad's `rpc_hold_timeout`.
const HOLD: Duration = Duration::from_secs(5);

/// How a simulated cluster is started.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// How many servers there are.
    pub servers: usize,
    /// What each of them is. Of addresses only the host counts: each server takes a free port.
    pub server: Options,
    /// How long a read that needs the leader waits for one before it is `500 No cluster leader`.
    pub hold: Duration,
    /// How fast servers notice what happens to the others.
    pub times: RaftTimes,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            servers: 3,
            server: Options::default(),
            hold: HOLD,
            times: RaftTimes::default(),
        }
    }
}

/// A state of the cluster that can be gone back to, as `nomad operator snapshot save` makes it.
#[derive(Clone, Debug)]
pub struct StateSnapshot(Cluster);

/// A running simulated cluster. Its first server leads at the start.
#[derive(Clone, Debug)]
pub struct SimulatedCluster {
    raft: Arc<Raft>,
    servers: Vec<SimulatedNomad>,
}

impl SimulatedCluster {
    /// Starts servers with an empty state, each on a port of its own. Wants a tokio runtime around it.
    ///
    /// # Errors
    /// An address cannot be bound.
    pub fn start(options: &ClusterOptions) -> io::Result<Self> {
        let address = SocketAddr::new(options.server.address.ip(), 0);
        let max_connections = options.server.max_connections;
        Self::of(options, |agent, _| {
            Server::start(agent, address, None, max_connections)
        })
    }

    /// Makes servers that are asked in memory only: see [`Self::service`]. Their addresses are mere names.
    pub fn in_memory(options: &ClusterOptions) -> Self {
        let name = |number: usize| {
            let last = u8::try_from(number % 250 + 1).unwrap_or(1);
            SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), HTTP_PORT))
        };
        let servers = Self::of(options, |agent, number| {
            Ok(Server::in_memory(agent, name(number)))
        });
        servers.unwrap_or_else(|error| unreachable!("nothing is bound: {error}"))
    }

    fn of(
        options: &ClusterOptions,
        serve: impl Fn(Arc<Agent>, usize) -> io::Result<Server>,
    ) -> io::Result<Self> {
        let ClusterOptions {
            servers,
            server,
            hold,
            times,
        } = options;
        let head = Cluster::new();
        let replica = |_| Arc::new(Replica::new(head.clone(), server.event_buffer));
        let replicas: Vec<_> = (0..(*servers).max(1)).map(replica).collect();
        let raft = Arc::new(Raft::new(replicas.clone(), head, *times));
        let serve = |(number, replica)| {
            let raft = Arc::clone(&raft);
            let membership = Membership::Server { raft, number };
            let times = (server.heartbeat, *hold);
            let agent = Arc::new(Agent::new(server.version, times, membership, replica));
            let served = serve(Arc::clone(&agent), number)?;
            Ok(SimulatedNomad::of(agent, served, None))
        };
        let servers = replicas.into_iter().enumerate().map(serve);
        let servers = servers.collect::<io::Result<_>>()?;
        tokio::spawn(Raft::drive(Arc::downgrade(&raft)));
        Ok(Self { raft, servers })
    }

    /// Gives a server: changes, faults and counters are as of any simulated Nomad. A change goes through the leader.
    ///
    /// # Panics
    /// When there are not so many servers.
    pub fn server(&self, number: usize) -> &SimulatedNomad {
        &self.servers[number]
    }

    /// Gives all servers.
    pub fn servers(&self) -> &[SimulatedNomad] {
        &self.servers
    }

    /// Gives what answers as a server's port does, without a socket. It fails when the server is killed.
    pub fn service(&self, number: usize) -> InMemory {
        self.servers[number].service()
    }

    /// Gives the number of the leader; none during an election, or without a majority.
    pub fn leader(&self) -> Option<usize> {
        self.raft.leader()
    }

    /// Counts the elections, from 1 at the start.
    pub fn term(&self) -> u64 {
        self.raft.term()
    }

    /// Gives the index of the table of services after everything that was changed, whoever knows it.
    pub fn index(&self) -> u64 {
        self.raft.read(|cluster| cluster.index(Table::Services))
    }

    /// Tells whether a server holds everything that was changed.
    pub fn is_current(&self, number: usize) -> bool {
        let mark = |cluster: &Cluster| (cluster.raft_index(), cluster.restores());
        self.raft.advance();
        let newest = self.raft.read(mark);
        self.servers[number].agent().read(mark) == newest
    }

    /// Tells whether a server has applied the last [`Self::restore`].
    pub fn has_restored(&self, number: usize) -> bool {
        let newest = self.raft.read(Cluster::restores);
        self.servers[number].agent().read(Cluster::restores) == newest
    }

    /// Tells whether a server is not killed.
    pub fn is_up(&self, number: usize) -> bool {
        self.raft.is_up(number)
    }

    /// Lets a follower apply what it is told later: by a time, or by a number of indexes.
    pub fn lag(&self, number: usize, lag: impl Into<Lag>) {
        self.raft.lag(number, lag.into());
    }

    /// Lets a follower apply nothing, though it hears of its leader.
    pub fn freeze(&self, number: usize) {
        self.raft.freeze(number, true);
    }

    /// Ends [`Self::freeze`].
    pub fn thaw(&self, number: usize) {
        self.raft.freeze(number, false);
    }

    /// Cuts a server off from all others; clients still reach it.
    pub fn cut_off(&self, number: usize) {
        self.raft.cut_off(number);
    }

    /// Heals the network: no server is cut off any more.
    pub fn heal(&self) {
        self.raft.heal();
    }

    /// Ends the leader's term; after a time without any leader this server leads, if it can.
    pub fn elect(&self, number: usize) {
        self.raft.elect(number);
    }

    /// Restarts a server: its connections are cut, and it begins with what it has on disk, an empty event buffer and no
    /// leader until it has heard of one.
    pub fn restart(&self, number: usize) {
        self.raft.restart(number);
        self.servers[number].cut_connections();
    }

    /// Writes a server's state to its disk: with that it starts the next time. Without it it starts with none.
    pub fn save(&self, number: usize) {
        self.raft.save(number);
    }

    /// Kills a server: connections are cut, new ones refused.
    pub async fn kill(&self, number: usize) {
        self.raft.stop(number);
        self.servers[number].vanish().await;
    }

    /// Starts a server that was killed.
    ///
    /// # Errors
    /// Somebody took its address meanwhile.
    pub fn start_again(&self, number: usize) -> io::Result<()> {
        self.raft.restart(number);
        self.servers[number].come_back()
    }

    /// Lets a server hang, as SIGSTOP does: it accepts connections and says nothing, to clients and to servers.
    pub fn hang(&self, number: usize) {
        self.raft.hang(number, true);
        self.servers[number].server().set_hung(true);
    }

    /// Ends [`Self::hang`].
    pub fn resume(&self, number: usize) {
        self.raft.hang(number, false);
        self.servers[number].server().set_hung(false);
    }

    /// Lets every answer of a server come later, until [`SimulatedNomad::mend`].
    pub fn slow(&self, number: usize, delay: Duration) {
        self.servers[number].break_requests("/", Fault::Slow(delay));
    }

    /// Saves the state of the cluster.
    pub fn snapshot(&self) -> StateSnapshot {
        StateSnapshot(self.raft.read(Cluster::clone))
    }

    /// Restores a state: the leader has it at once, the others when they apply it. As in Nomad the tables' indexes go
    /// back with it and the raft index does not; event buffers are empty and streams end.
    pub fn restore(&self, snapshot: &StateSnapshot) {
        self.raft.change(|cluster| cluster.restore(&snapshot.0));
    }

    /// Mends everything: the network, what lags, is frozen or hangs, and the faults of every server. A server that was
    /// killed is started by [`Self::start_again`].
    pub fn mend(&self) {
        self.heal();
        for (number, server) in self.servers.iter().enumerate() {
            self.thaw(number);
            self.lag(number, Lag::None);
            self.resume(number);
            server.mend();
        }
    }
}
