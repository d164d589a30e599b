//! The services known now: an immutable snapshot behind an atomic pointer.
//!
//! Floor 1. `answers` reads it on the way of a query, only `sync` writes it. A reader takes one pointer
//! and sees one consistent state; a change costs what it changes, since snapshots share what they have
//! in common. It does no I/O, knows no DNS wire form and never speaks to Nomad.

mod cell;
mod counts;
mod health;
mod instance;
mod judge;
mod policy;
mod service;
mod snapshot;
mod writer;

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

pub use cell::{Asked, Cell};
pub use health::{Health, HealthCounts};
pub use instance::{Address, Group, Id, Identity, Instance};
pub use policy::HealthPolicy;
pub use service::{Part, Service};
pub use snapshot::{Namespace, Snapshot};
pub use writer::{NameError, Outcome, Writer};

/// Holds the snapshot that answers are made from.
#[derive(Debug, Default)]
pub struct Catalog {
    current: ArcSwapOption<Snapshot>,
}

impl Catalog {
    /// Makes a catalogue without a snapshot: nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the snapshot of this moment; none before the first publication or after `forget`.
    pub fn snapshot(&self) -> Option<Guard<Option<Arc<Snapshot>>>> {
        let guard = self.current.load();
        guard.is_some().then_some(guard)
    }

    /// Makes the one writer, which starts from nothing.
    pub fn writer(self: &Arc<Self>) -> Writer {
        Writer::new(Arc::clone(self))
    }
}
