//! Decides what is read next, from lists, frames, reads and the time; does no I/O, so that a model can drive it.
//!
//! Floor 2. A read is true at the index it came with: an older one never replaces a newer one, and one that does
//! not reach what a hint or a list demands is repeated. A full pass reads what is not yet true at the list's index.

mod demand;
mod hints;
mod lists;
#[cfg(test)]
mod model;
mod queue;
mod reads;
mod scope;
mod services;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::scope::StreamAgain;
pub(crate) use self::services::{Key, Told};

use self::queue::Queue;
use self::scope::{Pass, Scope};
use self::services::Services;
use super::settings::Times;

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
    scopes: Vec<Scope>,
    services: Services,
    queue: Queue,
    pass: Pass,
    pass_began: Option<Instant>,
}

/// A service to read.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) key: Key,
    pub(crate) told: Told,
    epoch: u64,
}

/// What a list meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken; these services are gone.
    Taken(Vec<Key>),
    /// Its index is lower than before: ask again, without waiting.
    Lower,
    /// It is the empty list of a token that may list nothing.
    Denied,
}

/// Whether a list was asked after the stream came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
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
pub(crate) enum Failure {
    /// Nomad is perhaps not there; the service itself is hardly to blame.
    Outage,
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
            scopes: Vec::new(),
            services: Services::default(),
            queue: Queue::default(),
            pass: Pass::NotNeeded,
            pass_began: None,
        }
    }

    /// Follows these lists from now on; what is known of other namespaces stays as it is.
    pub(crate) fn follow(&mut self, names: &[String]) {
        let mut before = std::mem::take(&mut self.scopes);
        for name in names {
            let kept = before.iter().position(|scope| *scope.name == **name);
            let mut scope = kept.map_or_else(|| Scope::new(name), |at| before.swap_remove(at));
            scope.follow_again();
            self.scopes.push(scope);
        }
    }

    /// Does what the time demands.
    pub(crate) fn tick(&mut self, now: Instant) {
        for at in 0..self.scopes.len() {
            let pass = self.scopes[at].tick(now);
            self.need(pass);
        }
    }

    /// Returns when `tick` will have something to do.
    pub(crate) fn tick_due(&self) -> Option<Instant> {
        self.scopes.iter().filter_map(Scope::due).min()
    }

    /// Returns when `next_read` will have something again, given that it has nothing now.
    pub(crate) fn read_due(&self) -> Option<Instant> {
        let began = self.pass_began.filter(|_| self.queue.pass_is_done());
        self.queue
            .due()
            .into_iter()
            .chain(began.map(|began| began + self.pass_gap()))
            .min()
    }

    /// Says whether every list has come and every service in them has been read.
    pub(crate) fn is_complete(&self) -> bool {
        !self.scopes.is_empty()
            && self.services.open == 0
            && self.scopes.iter().all(|scope| scope.index > 0)
    }

    /// Says whether nothing waits to be read for a full pass or a list.
    pub(crate) fn is_read(&self) -> bool {
        self.queue.pass_is_done() && self.is_complete()
    }

    /// Has a service read again, if it is known.
    pub(crate) fn read_again(&mut self, key: &Key) {
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

    /// Returns when the last full pass began.
    pub(crate) fn pass_began(&self) -> Option<Instant> {
        self.pass_began
    }

    fn need(&mut self, pass: Pass) {
        if pass == Pass::Needed {
            self.pass = Pass::Needed;
        }
    }

    fn pass_gap(&self) -> Duration {
        match self.pass {
            Pass::Needed => self.times.pass_gap,
            Pass::NotNeeded => self.times.pass_every,
        }
    }
}
