//! Decides what is read next, from lists, frames, reads and the time; without I/O, so that a model can drive it.
//!
//! Floor 2. A read is valid at its index: an older one never replaces a newer one. A read that does not reach the
//! index that an event or a list demands is repeated, finally on the leader. A resync reads everything that is not
//! yet valid at the list's index.

mod demand;
mod events;
mod lists;
#[cfg(test)]
mod model;
mod queue;
mod reads;
mod scope;
mod services;
mod unknown;
mod vanished;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::scope::StreamAgain;

use self::queue::ReadQueue;
use self::scope::{Resync, Scope};
use self::services::Services;
use crate::nomad::Consistency;
use crate::sync::key::{ServiceKey, Trigger};
use crate::sync::settings::Times;

/// The state of the synchronisation.
#[derive(Debug)]
pub(crate) struct Plan {
    times: Times,
    /// Changes when Nomad's index goes back: what was asked before counts no longer.
    epoch: u64,
    /// The number of the last list.
    list: u64,
    /// The highest index that a list or a read came with.
    highest: u64,
    /// The index that Nomad went back to: nothing older is taken.
    went_back_to: u64,
    scopes: Vec<Scope>,
    services: Services,
    queue: ReadQueue,
    resync: Resync,
    resync_began: Option<Instant>,
    /// When the last resync had nothing left to begin.
    resync_ended: Option<Instant>,
    /// Whether the leader answered a read with a lower index than is known.
    leader_is_lower: bool,
    /// Whether any service was read: where none is, it is not the single one that is silent.
    has_read: bool,
    /// When the events came whose services were read and are not published yet.
    changes_read: Vec<Instant>,
}

/// A service to read.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) key: ServiceKey,
    pub(crate) trigger: Trigger,
    pub(crate) consistency: Consistency,
    /// An answer of an older state is not taken.
    pub(crate) min_index: u64,
    epoch: u64,
}

/// What a list meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken.
    Taken(Removed),
    /// Its index is lower than what is known: ask again, of the leader.
    Lower,
    /// It is the empty list of a token that may list nothing.
    Denied,
}

/// What a list took away.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Services that are gone.
    pub(crate) gone: Vec<ServiceKey>,
    /// Namespaces that are in the list no more: empty, or no longer allowed. Nothing of them is gone yet.
    pub(crate) vanished: Vec<Arc<str>>,
    /// Whether the leader said that Nomad's state went back: every list has to be asked anew.
    pub(crate) went_back: bool,
}

/// How a list was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListProvenance {
    /// Whose word it is.
    pub(crate) consistency: Consistency,
    pub(crate) asked: ListTiming,
}

/// Whether a list was asked after the stream came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListTiming {
    Before,
    AfterStream,
}

/// Whether what was read goes into the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apply {
    Yes,
    No,
}

/// Why a read failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadFailure {
    /// Nomad is perhaps not there; the service itself is hardly to blame.
    Outage,
    /// The servers that were asked are behind what is known.
    Behind,
    /// The token may not read it.
    Denied,
    /// Anything else.
    Other,
}

impl Plan {
    pub(crate) fn new(times: Times) -> Self {
        Self {
            times,
            epoch: 0,
            list: 0,
            highest: 0,
            went_back_to: 0,
            scopes: Vec::new(),
            services: Services::default(),
            queue: ReadQueue::default(),
            resync: Resync::NotNeeded,
            resync_began: None,
            resync_ended: None,
            leader_is_lower: false,
            has_read: false,
            changes_read: Vec::new(),
        }
    }

    /// Follows these lists from now on; what is known of other namespaces stays as it is.
    pub(crate) fn follow(&mut self, names: &[Arc<str>]) {
        let mut before = std::mem::take(&mut self.scopes);
        for name in names {
            let kept = before.iter().position(|scope| scope.name == *name);
            let mut scope = kept.map_or_else(|| Scope::new(name), |at| before.swap_remove(at));
            scope.follow_again();
            self.scopes.push(scope);
        }
    }

    /// Follows one more list.
    pub(crate) fn follow_also(&mut self, name: &Arc<str>) {
        self.scopes.push(Scope::new(name));
    }

    /// Follows a list no longer; the last takes its place.
    pub(crate) fn unfollow(&mut self, scope: usize) {
        self.scopes.swap_remove(scope);
    }

    /// Does what the time demands.
    pub(crate) fn tick(&mut self, now: Instant) {
        for at in 0..self.scopes.len() {
            let resync = self.scopes[at].tick(now);
            self.need(resync);
        }
        self.settle_silent_reads(now);
    }

    /// Returns when `tick` will have something to do.
    pub(crate) fn tick_due(&self) -> Option<Instant> {
        let owed = self.scopes.iter().filter_map(Scope::due);
        owed.chain(self.silent_reads_due()).min()
    }

    /// Returns when `next_read` will have something again, given that it has nothing now.
    pub(crate) fn read_due(&self) -> Option<Instant> {
        let resync = self
            .resync_due()
            .filter(|_| self.queue.resync_has_all_begun());
        self.queue.due().into_iter().chain(resync).min()
    }

    /// Says whether every list has come, and every service in them was read or is not waited for.
    pub(crate) fn is_complete(&self) -> bool {
        !self.scopes.is_empty()
            && self.services.open == 0
            && self.scopes.iter().all(|scope| scope.index > 0)
    }

    /// Says whether nothing waits to be read for a resync or a list.
    pub(crate) fn is_read(&self) -> bool {
        self.queue.resync_has_all_begun() && self.is_complete()
    }

    /// Has a service read again, if it is known.
    pub(crate) fn read_again(&mut self, key: &ServiceKey) {
        if let Some(service) = self.services.find(&key.namespace, &key.name) {
            self.queue.bulk(service);
        }
    }

    /// Returns the index of the list.
    pub(crate) fn index(&self, scope: usize) -> u64 {
        self.scopes[scope].index
    }

    /// Returns the highest index that is known.
    pub(crate) fn highest_index(&self) -> u64 {
        self.highest
    }

    /// Says whether the catalogue has instances of a service.
    pub(crate) fn is_present(&self, namespace: &str, name: &str) -> bool {
        self.services.is_present(namespace, name)
    }

    /// Takes over instances that the catalogue has from before; false when no list has the service.
    pub(crate) fn inherit(&mut self, namespace: &str, name: &str, instances: usize) -> bool {
        self.services.inherit(namespace, name, instances)
    }

    /// Counts the services with an instance, and the instances.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.services.present, self.services.instances)
    }

    /// Counts the services whose first read is still open, for telling how far the first sync is.
    pub(crate) fn open(&self) -> usize {
        self.services.open
    }

    /// Counts the services that are known from lists, read or not.
    pub(crate) fn known(&self) -> usize {
        self.services.count(None)
    }

    /// Returns when the last resync began.
    pub(crate) fn resync_began(&self) -> Option<Instant> {
        self.resync_began
    }

    /// Names the namespaces that have a service.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        self.services.namespaces()
    }

    fn need(&mut self, resync: Resync) {
        if resync == Resync::Needed {
            self.resync = Resync::Needed;
        }
    }

    /// Returns when the next resync may begin.
    fn resync_due(&self) -> Option<Instant> {
        let began = self.resync_began?;
        if self.resync == Resync::NotNeeded {
            return Some(began + self.times.resync_every);
        }
        // One that takes long is a load for Nomad: it may take a part of the time only.
        let took = self.resync_ended.map_or(Duration::ZERO, |ended| {
            ended.saturating_duration_since(began)
        });
        Some(began + self.times.resync_gap.max(took * RESYNC_SHARE))
    }
}

/// A resync may take one part in so many of Nomad's time.
const RESYNC_SHARE: u32 = 4;
