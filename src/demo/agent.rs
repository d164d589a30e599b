//! One simulated agent: its state, its relation to the cluster's leader, and its simulated faults.

use std::sync::Arc;
use std::time::Duration;

use crate::demo::faults::{Faults, Leader};
use crate::demo::raft::{Contact, Raft};
use crate::demo::replica::Replica;
use crate::demo::seen::SeenRequests;
use crate::demo::shared::{Gauge, locked};
use crate::demo::state::Cluster;
use crate::demo::state::acl::{Acl, Enforcement, Token};

/// The RPC port of the first server; the others have those after it.
const FIRST_RPC_PORT: usize = 4647;

/// Which Nomad is simulated, where versions differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// As the captured answers: a denied stream is a status, `*` streams need a right somewhere only.
    #[default]
    V1_6_5,
    /// A stream of `*` needs every namespace, and its namespaces are those of its start.
    V1_10_5,
    /// A stream begins with `HTTP/0.0 200 OK`, which no client should accept.
    V1_11_2,
    /// A stream is `200 OK` and `Connection: close` before the token is looked at.
    V2_0_5,
}

impl Version {
    /// The version as Nomad writes it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::V1_6_5 => "1.6.5",
            Self::V1_10_5 => "1.10.5",
            Self::V1_11_2 => "1.11.2",
            Self::V2_0_5 => "2.0.5",
        }
    }
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    Expired,
}

/// Whether an agent is the whole cluster, or one of its servers.
#[derive(Clone, Debug)]
pub(crate) enum Membership {
    Single,
    Server { raft: Arc<Raft>, number: usize },
}

/// A simulated agent.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) version: Version,
    pub(crate) heartbeat: Duration,
    /// How long a read that needs a leader waits for one.
    pub(crate) hold: Duration,
    membership: Membership,
    replica: Arc<Replica>,
    pub(crate) faults: Faults,
    pub(crate) seen: SeenRequests,
    pub(crate) streams: Gauge,
    pub(crate) waiting: Gauge,
    pub(crate) connections: Gauge,
}

impl Agent {
    pub(crate) fn new(
        version: Version,
        (heartbeat, hold): (Duration, Duration),
        membership: Membership,
        replica: Arc<Replica>,
    ) -> Self {
        Self {
            version,
            heartbeat,
            hold,
            membership,
            replica,
            faults: Faults::default(),
            seen: SeenRequests::default(),
            streams: Gauge::default(),
            waiting: Gauge::default(),
            connections: Gauge::default(),
        }
    }

    /// Gives what the agent itself holds, with all that is due by now.
    pub(crate) fn replica(&self) -> &Arc<Replica> {
        if let Membership::Server { raft, .. } = &self.membership {
            raft.advance();
        }
        &self.replica
    }

    /// Gives what the leader holds; none where the agent knows no leader, or does not get through to it.
    pub(crate) fn leader(&self) -> Option<Arc<Replica>> {
        if *locked(&self.faults.leader) == Leader::Lost {
            return None;
        }
        match &self.membership {
            Membership::Single => Some(Arc::clone(&self.replica)),
            Membership::Server { raft, number } => raft.leader_for(*number),
        }
    }

    /// Gives the address of the leader, as far as the agent knows it.
    pub(crate) fn leader_address(&self) -> Option<String> {
        if *locked(&self.faults.leader) == Leader::Lost {
            return None;
        }
        let number = match &self.membership {
            Membership::Single => 0,
            Membership::Server { raft, number } => raft.known_leader(*number)?,
        };
        Some(rpc_address(number))
    }

    /// Tells whether the agent believes in a leader who does not run.
    pub(crate) fn leader_is_down(&self) -> bool {
        match &self.membership {
            Membership::Single => false,
            Membership::Server { raft, number } => raft
                .known_leader(*number)
                .is_some_and(|leader| !raft.is_up(leader)),
        }
    }

    /// Says whether the agent knows a leader, and how long ago it heard from it.
    pub(crate) fn contact(&self) -> Contact {
        let (leader, ago) = (
            *locked(&self.faults.leader),
            *locked(&self.faults.last_contact),
        );
        let contact = match &self.membership {
            Membership::Single => Contact {
                known_leader: true,
                last_contact: Duration::ZERO,
            },
            Membership::Server { raft, number } => raft.contact(*number),
        };
        Contact {
            known_leader: contact.known_leader && leader == Leader::Elected,
            last_contact: contact.last_contact.max(ago),
        }
    }

    /// Looks at the agent's own state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        self.replica().read(look)
    }

    /// Looks at the state of the whole cluster: what was changed last, whichever server knows it.
    pub(crate) fn read_newest<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        match &self.membership {
            Membership::Single => self.replica.read(look),
            Membership::Server { raft, .. } => raft.read(look),
        }
    }

    /// Changes the state of the cluster and wakes who waits for it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        match &self.membership {
            Membership::Single => self.replica.change(change),
            Membership::Server { raft, .. } => raft.change(change),
        }
    }

    /// Wakes who waits at this agent, so that he sees what is broken.
    pub(crate) fn nudge(&self) {
        self.replica.nudge();
    }

    /// Ends all event streams, as a change of a token or policy does.
    pub(crate) fn end_streams(&self) {
        self.replica.end_streams();
    }

    /// Gives the rights of a request; management where ACLs are off.
    pub(crate) fn rights(&self, secret: Option<&str>) -> Result<Token, Refusal> {
        self.read(|cluster| match (cluster.acl().enforcement, secret) {
            (Enforcement::Off, _) => Ok(Token::management()),
            (Enforcement::On, None) => Ok(Token::without_rights()),
            (Enforcement::On, Some(secret)) => known(cluster.acl(), secret).cloned(),
        })
    }

    /// Tells whether a secret is a token's, whether ACLs are on or off.
    pub(crate) fn knows(&self, secret: &str) -> bool {
        self.read(|cluster| known(cluster.acl(), secret).is_ok())
    }
}

/// Where the servers of a cluster would talk to each other.
fn rpc_address(number: usize) -> String {
    format!("127.0.0.1:{}", FIRST_RPC_PORT + number)
}

fn known<'a>(acl: &'a Acl, secret: &str) -> Result<&'a Token, Refusal> {
    match acl.tokens.get(secret) {
        None => Err(Refusal::Unknown),
        Some(token) if token.is_expired() => Err(Refusal::Expired),
        Some(token) => Ok(token),
    }
}
