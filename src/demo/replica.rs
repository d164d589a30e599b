//! The data of one server: its copy of the cluster's state, its event buffer, and the requests that wait for either.
//!
//! A single agent changes its replica itself; in a cluster `raft` passes each change to every server.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use tokio::sync::watch;

use crate::demo::state::Cluster;
use crate::demo::state::log::{EventLog, Frame};

/// The state and the events of one server.
#[derive(Debug)]
pub(crate) struct Replica {
    held: RwLock<Held>,
    changes: watch::Sender<u64>,
    stream_ends: watch::Sender<u64>,
}

#[derive(Debug)]
struct Held {
    cluster: Cluster,
    events: EventLog,
}

impl Replica {
    /// Holds a state, with an empty buffer for the events of so many raft indexes.
    pub(crate) fn new(cluster: Cluster, event_buffer: usize) -> Self {
        let events = EventLog::new(event_buffer);
        Self {
            held: RwLock::new(Held { cluster, events }),
            changes: watch::Sender::new(0),
            stream_ends: watch::Sender::new(0),
        }
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        look(
            &self
                .held
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .cluster,
        )
    }

    /// Looks at the event buffer.
    pub(crate) fn read_events<T>(&self, look: impl FnOnce(&EventLog) -> T) -> T {
        look(
            &self
                .held
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .events,
        )
    }

    /// Changes the state and wakes who waits for it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let mut held = self.write();
        let before = Marks::of(&held.cluster);
        let result = change(&mut held.cluster);
        let frames = held.cluster.take_frames();
        held.follow(before, frames);
        self.wake(held, before);
        result
    }

    /// Takes over a state that another server has already, and what happened on the way to it.
    pub(crate) fn apply(&self, cluster: &Cluster, frames: &[Arc<Frame>]) {
        let mut held = self.write();
        let before = Marks::of(&held.cluster);
        held.cluster = cluster.clone();
        held.follow(before, frames.iter().cloned());
        self.wake(held, before);
    }

    /// Begins anew with a state, as a server that starts, or gets a whole snapshot: the event buffer is empty.
    pub(crate) fn reset(&self, cluster: &Cluster) {
        let mut held = self.write();
        held.cluster = cluster.clone();
        held.events.clear();
        drop(held);
        self.end_streams();
        self.changes.send_modify(|count| *count += 1);
    }

    /// Wakes who waits, so that he looks again.
    pub(crate) fn nudge(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Gives a receiver that sees every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Ends all event streams, as a change of a token or policy does.
    pub(crate) fn end_streams(&self) {
        self.stream_ends.send_modify(|count| *count += 1);
    }

    pub(crate) fn stream_ends(&self) -> watch::Receiver<u64> {
        self.stream_ends.subscribe()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, held: RwLockWriteGuard<'_, Held>, before: Marks) {
        let ends_streams = held.cluster.acl_changes() != before.acl_changes;
        drop(held);
        if ends_streams {
            self.end_streams();
        }
        self.nudge();
    }
}

/// What tells that events begin anew, or that streams end.
#[derive(Clone, Copy)]
struct Marks {
    restores: u64,
    acl_changes: u64,
}

impl Marks {
    fn of(cluster: &Cluster) -> Self {
        Self {
            restores: cluster.restores(),
            acl_changes: cluster.acl_changes(),
        }
    }
}

impl Held {
    fn follow(&mut self, before: Marks, frames: impl IntoIterator<Item = Arc<Frame>>) {
        if self.cluster.restores() != before.restores {
            self.events.clear();
        }
        for frame in frames {
            self.events.push(frame);
        }
    }
}
