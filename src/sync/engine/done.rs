//! What the engine's tasks bring back, and who takes it.
//!
//! Floor 2.

use std::time::Duration;

use tokio::task::{Id, JoinError};
use tokio::time::Instant;

use super::Engine;
use super::outage::Loss;
use crate::nomad::{AllocationStub, Check, Listed, NomadError};
use crate::sync::access::Lists;
use crate::sync::health::Ticket;
use crate::sync::plan::{Asked, Failure};
use crate::sync::registration::Converted;

/// What a task brings back.
pub(super) enum Done {
    Found(u64, Result<Lists, NomadError>),
    /// The same, found out beside what is followed.
    Looked(u64, Result<Lists, NomadError>),
    Listed(u64, usize, Asked, Result<Listed, NomadError>),
    Read(Result<(u64, Converted), NomadError>),
    Demanded(Result<(u64, Converted), NomadError>),
    Checks(Ticket, Result<Vec<Check>, NomadError>),
    /// The allocations that ended, and how long Nomad took to list them.
    Ended(Duration, Result<Vec<AllocationStub>, NomadError>),
    /// A stream, which has told its end already.
    Stream,
}

impl Engine {
    /// Takes what a task brings back.
    pub(super) fn done(&mut self, done: Result<(Id, Done), JoinError>) {
        match done {
            Ok((_, Done::Found(session, found))) if session == self.session => self.found(found),
            Ok((_, Done::Listed(session, watch, asked, listed))) if session == self.session => {
                let services = listed.as_ref().map_or(0, |listed| listed.services.len());
                self.watches[watch].listed(services, &self.settings.times);
                self.listed(watch, asked, listed);
            }
            Ok((_, Done::Looked(session, found))) if session == self.session => self.looked(found),
            Ok((id, Done::Demanded(read))) => {
                if let Some(key) = self.demanding.remove(&id) {
                    self.demanded(&key, read);
                }
            }
            Ok((id, Done::Read(read))) => {
                if let Some(order) = self.reading.remove(&id) {
                    self.read(&order, read);
                }
            }
            Ok((id, Done::Checks(ticket, checks))) => {
                self.health.is_over(id);
                self.checked(ticket, checks);
            }
            Ok((id, Done::Ended(took, ended))) => {
                self.health.is_over(id);
                self.listed_ended(took, ended);
            }
            Ok((_, Done::Found(..) | Done::Looked(..) | Done::Listed(..) | Done::Stream)) => {}
            Err(error) if error.is_cancelled() => {}
            Err(error) => self.panicked(&error),
        }
    }

    /// A task of ours has a bug: what it did is done again later.
    fn panicked(&mut self, error: &JoinError) {
        tracing::error!(%error, "a task of the synchronisation panicked");
        if let Some(key) = self.demanding.remove(&error.id()) {
            return self.demands.failed(&key, Instant::now());
        }
        match self.reading.remove(&error.id()) {
            Some(order) => self.plan.failed(&order, Failure::Other, Instant::now()),
            None if self.health.is_over(error.id()) => {}
            None => self.lose(Loss::List, "an internal error", None),
        }
    }
}
