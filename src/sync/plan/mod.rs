//! Decides what is read next, from lists, frames, reads and the time; does no I/O, so that a model can drive it.
//!
//! Floor 2. A read is true at the index it came with: an older one never replaces a newer one, and one that does
//! not reach what a hint or a list demands is repeated. A full pass reads what is not yet true at the list's index.

mod queue;
mod scope;
mod services;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::scope::StreamAgain;
pub(crate) use self::services::Key;

use self::queue::Queue;
use self::scope::{Pass, Scope};
use self::services::{NOT_LISTED, Service, Services, Work};
use super::settings::Times;
use crate::nomad::{Change, ListedService};

/// Lower indexes in a row that prove that Nomad's index went back, and is not a server that lags.
const LOWER_INDEXES: u32 = 3;
/// Failures after which a service no longer holds up the first publication.
const SETTLING_TRIES: u32 = 2;
/// The same for failures that are more likely Nomad's than the service's.
const SETTLING_OUTAGES: u32 = 6;
/// Reads that came too old, after which the last one is taken for what it is.
const REREADS_MAX: u32 = 8;
/// Services that are known at once; names that only the stream tells are not taken beyond.
const SERVICES_MAX: usize = 1_000_000;

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
            self.scopes
                .push(kept.map_or_else(|| Scope::new(name), |at| before.swap_remove(at)));
        }
    }

    /// Notes that a list is asked now: its index must not be lower than any that is known already.
    pub(crate) fn list_asked(&mut self, scope: usize) {
        self.scopes[scope].floor = self.highest;
    }

    /// Takes a list.
    pub(crate) fn listed(
        &mut self,
        scope: usize,
        index: u64,
        listed: &[ListedService],
        asked: Asked,
        now: Instant,
    ) -> Verdict {
        if index == 0 {
            return Verdict::Denied;
        }
        if index < self.scopes[scope].floor {
            self.scopes[scope].lower += 1;
            if self.scopes[scope].lower < LOWER_INDEXES {
                return Verdict::Lower;
            }
            self.restart();
        }
        self.highest = self.highest.max(index);
        let first = self.scopes[scope].index == 0;
        let fresh = asked == Asked::AfterStream;
        let pass = self.scopes[scope].listed(index, fresh, now, self.times.hint_grace);
        self.need(pass);
        if first {
            self.pass_began.get_or_insert(now);
        }
        let gone = self.compare(scope, (index, listed), first, now);
        if first {
            // A scope that begins anew, after another one or after an index that went back.
            self.read_what_is_older(scope, index);
        }
        Verdict::Taken(gone)
    }

    /// Says whether the stream must be opened again, for a namespace that it was not opened for.
    pub(crate) fn must_resubscribe(&self, scope: usize) -> bool {
        let scope = &self.scopes[scope];
        scope.has_stream()
            && scope.namespace().is_none()
            && self
                .services
                .namespaces()
                .any(|name| !scope.subscribed.contains(name))
    }

    /// Returns the index that a stream is to be asked from, and notes for which namespaces.
    pub(crate) fn subscribe(&mut self, scope: usize) -> u64 {
        let names = self.services.namespaces().cloned().collect();
        let scope = &mut self.scopes[scope];
        scope.subscribed = names;
        scope.resume_from()
    }

    /// Notes that a stream has sent its first frame; the list must be asked now, without waiting.
    pub(crate) fn stream_up(&mut self, scope: usize, asked: u64) {
        self.scopes[scope].stream_up(asked);
    }

    /// Notes that a stream ended.
    pub(crate) fn stream_down(&mut self, scope: usize, again: StreamAgain) {
        let pass = self.scopes[scope].stream_down(again);
        self.need(pass);
    }

    /// Takes a frame of the stream.
    pub(crate) fn frame(
        &mut self,
        scope: usize,
        index: u64,
        changes: &[Change],
        unreadable: usize,
        now: Instant,
    ) {
        let pass = self.scopes[scope].frame(index);
        self.need(pass);
        if unreadable > 0 {
            self.need(Pass::Needed);
        }
        for change in changes {
            if self.services.count(None) >= SERVICES_MAX {
                self.need(Pass::Needed);
                return;
            }
            let service = self.services.ensure(&change.namespace, &change.service);
            if index > service.applied {
                service.wanted = service.wanted.max(index);
                hint(&mut self.queue, service, self.times.debounce, now);
            }
        }
    }

    /// Returns the next service to read.
    pub(crate) fn next_read(&mut self, now: Instant) -> Option<Order> {
        self.begin_pass_when_due(now);
        let key = self.queue.pop(&mut self.services, now)?;
        Some(Order {
            key,
            epoch: self.epoch,
        })
    }

    /// Takes a read: its index, and how many instances it has.
    pub(crate) fn read(
        &mut self,
        order: &Order,
        index: u64,
        instances: usize,
        now: Instant,
    ) -> Apply {
        let key = &order.key;
        let Some(service) = self.services.find(&key.namespace, &key.name) else {
            return Apply::No;
        };
        service.work = Work::Idle;
        service.read_at = Some(now);
        if order.epoch != self.epoch {
            self.queue.urgent(service);
            return Apply::No;
        }
        let apply = if index < service.applied {
            Apply::No
        } else {
            Apply::Yes
        };
        self.highest = self.highest.max(index);
        service.applied = service.applied.max(index);
        if service.wanted > service.applied && service.tries < REREADS_MAX {
            let pause = doubled(self.times.reread, service.tries, self.times.retry_max);
            service.tries += 1;
            self.queue.later(service, now + pause);
        } else {
            service.tries = 0;
            service.wanted = service.applied;
        }
        let listed = service.list != NOT_LISTED;
        self.services.settle(key);
        if apply == Apply::Yes {
            self.services.set_instances(key, instances);
        }
        if !listed {
            self.services.forget(key);
        }
        apply
    }

    /// Takes a read that failed.
    pub(crate) fn failed(&mut self, order: &Order, failure: Failure, now: Instant) {
        let key = &order.key;
        let Some(service) = self.services.find(&key.namespace, &key.name) else {
            return;
        };
        service.work = Work::Idle;
        let unlisted = service.list == NOT_LISTED && service.instances == 0;
        if failure == Failure::Denied && unlisted {
            // An event may tell of services that the token may not see.
            self.services.forget(key);
            return;
        }
        let pause = doubled(self.times.retry, service.tries, self.times.retry_max);
        service.tries += 1;
        self.queue.later(service, now + pause);
        let enough = match failure {
            Failure::Outage => SETTLING_OUTAGES,
            Failure::Denied | Failure::Other => SETTLING_TRIES,
        };
        if service.tries >= enough {
            self.services.settle(key);
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
}

/// How lists, passes and indexes that go back work on the services.
impl Plan {
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

    fn begin_pass_when_due(&mut self, now: Instant) {
        let Some(began) = self.pass_began else { return };
        if now < began + self.pass_gap() || !self.queue.pass_is_done() {
            return;
        }
        let routine = self.pass == Pass::NotNeeded;
        self.pass = Pass::NotNeeded;
        self.pass_began = Some(now);
        for scope in &mut self.scopes {
            scope.pass_begins();
            for service in self.services.each(scope.namespace()) {
                if routine || service.applied < scope.index {
                    service.wanted = service.wanted.max(scope.index);
                    self.queue.bulk(service);
                }
            }
        }
    }

    /// Compares a list with what is known: reads the new services, returns those that are gone.
    fn compare(
        &mut self,
        scope: usize,
        (index, listed): (u64, &[ListedService]),
        first: bool,
        now: Instant,
    ) -> Vec<Key> {
        self.list += 1;
        let namespace = self.scopes[scope].namespace().map(Arc::<str>::from);
        let mut seen = 0;
        for entry in listed {
            if namespace
                .as_ref()
                .is_some_and(|only| *only != entry.namespace)
            {
                continue;
            }
            let service = self.services.ensure(&entry.namespace, &entry.name);
            // A name may stand in a list twice.
            if service.list != self.list {
                seen += 1;
            }
            let new = std::mem::replace(&mut service.list, self.list) == NOT_LISTED;
            if service.applied == 0 || (new && service.applied < index) {
                service.wanted = service.wanted.max(index);
                if first {
                    self.queue.bulk(service);
                } else {
                    hint(&mut self.queue, service, self.times.debounce, now);
                }
            }
        }
        if seen == self.services.count(namespace.as_deref()) {
            return Vec::new();
        }
        self.sweep(index, namespace.as_deref())
    }

    /// Takes out what the last list no longer has, unless it was read at a later index than the list's.
    fn sweep(&mut self, index: u64, namespace: Option<&str>) -> Vec<Key> {
        let list = self.list;
        let missing = self
            .services
            .each(namespace)
            .filter(|service| service.list != list);
        let (mut gone, mut idle) = (Vec::new(), Vec::new());
        for service in missing {
            service.list = NOT_LISTED;
            if service.applied > index {
                continue;
            }
            if service.instances > 0 {
                service.applied = index;
                gone.push(service.key.clone());
            }
            if matches!(service.work, Work::Bulk) {
                service.work = Work::Idle;
            }
            idle.push(service.key.clone());
        }
        for key in &gone {
            self.services.set_instances(key, 0);
        }
        for key in &idle {
            self.services.forget(key);
        }
        gone
    }

    fn read_what_is_older(&mut self, scope: usize, index: u64) {
        let namespace = self.scopes[scope].namespace();
        for service in self.services.each(namespace) {
            if service.applied < index {
                service.wanted = service.wanted.max(index);
                self.queue.bulk(service);
            }
        }
    }

    fn restart(&mut self) {
        self.epoch += 1;
        self.highest = 0;
        for scope in &mut self.scopes {
            scope.restart();
        }
        for service in self.services.each(None) {
            service.applied = 0;
            service.wanted = 0;
        }
    }
}

/// Has a service read as soon as its last read is long enough ago.
fn hint(queue: &mut Queue, service: &mut Service, debounce: Duration, now: Instant) {
    match service.read_at.map(|read_at| read_at + debounce) {
        Some(at) if at > now => queue.later(service, at),
        _ => queue.urgent(service),
    }
}

fn doubled(first: Duration, tries: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << tries.min(16)).min(most)
}
