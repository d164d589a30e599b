//! What each server knows about the others: who leads, and when it last heard from the leader.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Raft;
use crate::demo::replica::Replica;
use crate::demo::shared::locked;

/// A leader lets its followers hear of it so often.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// What a server says of the last contact that it never had: Go's longest duration.
const NEVER: Duration = Duration::from_nanos(i64::MAX as u64);

/// How a server stands to its leader now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) known_leader: bool,
    pub(crate) last_contact: Duration,
}

impl Raft {
    /// Gives the leader's replica, where a server knows him and gets through to him.
    pub(crate) fn leader_for(&self, number: usize) -> Option<Arc<Replica>> {
        let now = Instant::now();
        let mut inner = locked(&self.inner);
        inner.advance(now);
        let leader = inner.leader?;
        let reaches = leader == number || inner.is_in_contact(number, now);
        reaches.then(|| Arc::clone(&inner.replicas[leader]))
    }

    /// Gives the server that a server takes for the leader.
    pub(crate) fn known_leader(&self, number: usize) -> Option<usize> {
        let now = Instant::now();
        let mut inner = locked(&self.inner);
        inner.advance(now);
        if inner.leader == Some(number) || inner.is_in_contact(number, now) {
            return inner.leader;
        }
        inner.members[number].believed(now, inner.times.heartbeat_timeout)
    }

    /// Gives the server that leads, if there is one.
    pub(crate) fn leader(&self) -> Option<usize> {
        self.advance();
        locked(&self.inner).leader
    }

    pub(crate) fn term(&self) -> u64 {
        self.advance();
        locked(&self.inner).term
    }

    /// Says how a server stands to its leader, as its answers do.
    pub(crate) fn contact(&self, number: usize) -> Contact {
        let known_leader = self.known_leader(number).is_some();
        let now = Instant::now();
        let inner = locked(&self.inner);
        let last_contact = if inner.leader == Some(number) {
            Duration::ZERO
        } else if inner.is_in_contact(number, now) {
            let nanos = (now - inner.started).as_nanos() % HEARTBEAT.as_nanos();
            Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
        } else {
            inner.members[number]
                .heard
                .map_or(NEVER, |heard| now.duration_since(heard))
        };
        Contact {
            known_leader,
            last_contact,
        }
    }
}
