//! The catalogue: the services known now, as an immutable snapshot behind an atomic pointer.
//!
//! Floor 1. `answers` reads it through a view, only `sync` writes it. A reader loads one pointer and sees one
//! consistent state. The cost of a change depends on what changes, because snapshots share the rest. It does no I/O
//! and knows neither the DNS wire format nor Nomad.

mod cell;
mod changes;
mod counts;
mod demand;
mod epoch;
mod health;
mod index;
mod instance;
mod judge;
mod labels;
mod marking;
mod place_set;
mod policy;
mod retired;
mod serial;
mod service;
mod snapshot;
mod sources;
mod tags;
mod unknown;
mod view;
mod writer;

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use cell::{Cell, ReferenceBit};
use changes::Changes;
use demand::DemandChannel;

use crate::fair_queue::ClientAddress;

pub use changes::ChangedKeys;
pub use demand::{NotRead, ReadRequest};
pub use epoch::Epoch;
pub use health::{Health, HealthCounts};
pub use index::Index;
pub use instance::{Group, Id, Identity, Instance, InstanceAddress};
pub use labels::{ServiceNameError, is_label};
pub use place_set::PlaceSet;
pub use policy::HealthPolicy;
pub use serial::Serial;
pub use service::{Service, ServicePart, ServiceVersion};
pub use snapshot::{Coverage, Snapshot};
pub use sources::Sources;
pub use unknown::{UnknownReason, UnknownScope};
pub use view::{Lookup, View};
pub use writer::{PutOutcome, Writer};

/// Holds the snapshot that answers are made from.
#[derive(Debug, Default)]
pub struct Catalog {
    current: ArcSwapOption<Snapshot>,
    demand: DemandChannel,
    changes: Changes,
}

impl Catalog {
    /// Makes a catalogue without a snapshot: nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the snapshot of this moment; none before the first publication or after it was withdrawn.
    pub fn snapshot(&self) -> Option<Guard<Option<Arc<Snapshot>>>> {
        let guard = self.current.load();
        guard.is_some().then_some(guard)
    }

    /// Opens a view of this moment's snapshot, to look things up; none where there is no snapshot.
    pub fn view(&self) -> Option<View> {
        self.current.load_full().map(View::new)
    }

    /// Whether the snapshot of this moment has all that there is; none where there is no snapshot.
    pub fn coverage(&self) -> Option<Coverage> {
        self.current.load().as_ref().map(|it| it.coverage())
    }

    /// Has a service read for a client where the catalogue is filled on demand, and waits until it has it.
    ///
    /// # Errors
    /// It is not known whether the service exists.
    pub async fn demand(
        &self,
        namespace: &[u8],
        service: &[u8],
        client: ClientAddress,
    ) -> Result<(), NotRead> {
        self.demand.request(namespace, service, client).await
    }

    /// Makes the one writer, which starts from nothing.
    pub fn writer(self: &Arc<Self>) -> Writer {
        Writer::new(Arc::clone(self))
    }
}
