//! One simulated agent: the cluster's state behind a lock, who waits for it, and what is broken.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::demo::faults::Faults;
use crate::demo::seen::Seen;
use crate::demo::shared::Gauge;
use crate::demo::state::Cluster;
use crate::demo::state::acl::{Acl, Enforcement, Token};

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

/// A simulated agent.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) version: Version,
    pub(crate) heartbeat: Duration,
    cluster: RwLock<Cluster>,
    acl: RwLock<Acl>,
    changes: watch::Sender<u64>,
    stream_ends: watch::Sender<u64>,
    pub(crate) faults: Faults,
    pub(crate) seen: Seen,
    pub(crate) streams: Gauge,
    pub(crate) waiting: Gauge,
    pub(crate) connections: Gauge,
}

impl Agent {
    pub(crate) fn new(version: Version, heartbeat: Duration, event_buffer: usize) -> Self {
        Self {
            version,
            heartbeat,
            cluster: RwLock::new(Cluster::new(event_buffer)),
            acl: RwLock::new(Acl::default()),
            changes: watch::Sender::new(0),
            stream_ends: watch::Sender::new(0),
            faults: Faults::default(),
            seen: Seen::default(),
            streams: Gauge::default(),
            waiting: Gauge::default(),
            connections: Gauge::default(),
        }
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        look(&self.cluster.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state and wakes who waits for it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let result = change(&mut self.cluster.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Gives a receiver that sees every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn change_acl(&self, change: impl FnOnce(&mut Acl)) {
        change(&mut self.acl.write().unwrap_or_else(PoisonError::into_inner));
        self.end_streams();
    }

    /// Ends all event streams, as a change of a token or policy does.
    pub(crate) fn end_streams(&self) {
        self.stream_ends.send_modify(|count| *count += 1);
    }

    pub(crate) fn stream_ends(&self) -> watch::Receiver<u64> {
        self.stream_ends.subscribe()
    }

    /// Gives the rights of a request; management where ACLs are off.
    pub(crate) fn rights(&self, secret: Option<&str>) -> Result<Token, Refusal> {
        let acl = self.acl.read().unwrap_or_else(PoisonError::into_inner);
        if acl.enforcement == Enforcement::Off {
            return Ok(Token::management());
        }
        match secret {
            None => Ok(Token::without_rights()),
            Some(secret) => known(&acl, secret).cloned(),
        }
    }

    /// Tells whether a secret is a token's, whether ACLs are on or off.
    pub(crate) fn knows(&self, secret: &str) -> bool {
        let acl = self.acl.read().unwrap_or_else(PoisonError::into_inner);
        known(&acl, secret).is_ok()
    }
}

fn known<'a>(acl: &'a Acl, secret: &str) -> Result<&'a Token, Refusal> {
    match acl.tokens.get(secret) {
        None => Err(Refusal::Unknown),
        Some(token) if token.is_expired() => Err(Refusal::Expired),
        Some(token) => Ok(token),
    }
}
