//! Which service is read next, and how a read or its failure is handled.
//!
//! Floor 2, no I/O. A demanded index is never lowered: a read that does not reach it is repeated, after some attempts
//! on the leader.

use std::time::Duration;

use tokio::time::Instant;

use super::scope::Scope;
use super::services::{FirstRead, NOT_LISTED, PlannedService, ReadState};
use super::{Apply, Order, Plan, ReadFailure, Trigger};
use crate::catalog::UnknownReason;
use crate::nomad::Consistency;

/// Reads of any server that failed or came too old, after which the leader is asked.
const STALE_TRIES: u32 = 3;
/// Failures that are more likely Nomad's than the service's, after which it no longer holds up the first publication.
const SETTLING_OUTAGES: u32 = 2;

impl Plan {
    /// Returns the next service to read.
    pub(crate) fn next_read(&mut self, now: Instant) -> Option<Order> {
        self.begin_resync_when_due(now);
        let Some(key) = self.queue.pop(&mut self.services, now) else {
            self.note_end_of_resync(now);
            return None;
        };
        self.note_end_of_resync(now);
        let listed_at = self.listed_at(&key.namespace);
        let forgotten_at = self.services.forgotten_at;
        let service = self.services.find(&key.namespace, &key.name)?;
        let trigger = std::mem::replace(&mut service.trigger, Trigger::List);
        let consistency = match service.tries < STALE_TRIES {
            true => Consistency::Stale,
            false => Consistency::Default,
        };
        let min_index = match service.applied {
            0 => listed_at.max(forgotten_at).max(self.went_back_to),
            applied => applied,
        };
        if service.first_read == FirstRead::Open {
            self.services.silent.push_back((now, key.clone()));
        }
        Some(Order {
            key,
            trigger,
            consistency,
            min_index,
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
        service.work = ReadState::Idle;
        service.tried_at = Some(now);
        if order.epoch != self.epoch {
            service.remember(order.trigger);
            self.queue.urgent(service);
            return Apply::No;
        }
        let is_older = index < service.applied;
        if is_older && order.consistency == Consistency::Default {
            self.leader_is_lower = true;
        }
        self.highest = self.highest.max(index);
        self.has_read = true;
        service.applied = service.applied.max(index);
        service.failing_since = None;
        if service.wanted > service.applied || is_older {
            let pause = doubled(self.times.reread, service.tries, self.times.reread_max);
            service.tries += 1;
            service.remember(order.trigger);
            self.queue.later(service, now + pause);
        } else {
            service.tries = 0;
            // The changes of events in the meantime are in it.
            service.trigger = Trigger::List;
            self.changes_read.extend(service.changed_at.take());
        }
        let listed = service.list != NOT_LISTED;
        self.observe(index, now);
        self.services.settle(key);
        if is_older {
            return Apply::No;
        }
        self.services.set_unknown(key, None);
        self.services.set_instances(key, instances);
        if !listed {
            self.services.forget(key);
        }
        Apply::Yes
    }

    /// Takes a read that failed.
    pub(crate) fn failed(&mut self, order: &Order, failure: ReadFailure, now: Instant) {
        let key = &order.key;
        let Some(service) = self.services.find(&key.namespace, &key.name) else {
            return;
        };
        service.work = ReadState::Idle;
        service.tried_at = Some(now);
        let unlisted = service.list == NOT_LISTED && service.instances == 0;
        if failure == ReadFailure::Denied && unlisted {
            // An event may tell of services that the token may not see.
            self.services.forget(key);
            return;
        }
        let (first, most) = match failure {
            ReadFailure::Behind => (self.times.reread, self.times.reread_max),
            _ => (self.times.retry, self.times.retry_max),
        };
        let pause = doubled(first, service.tries, most);
        service.tries += 1;
        service.remember(order.trigger);
        // Of a namespace that may not be listed, each service is read again once it is listed.
        if failure != ReadFailure::Denied || service.list != NOT_LISTED {
            self.queue.later(service, now + pause);
        }
        let since = *service.failing_since.get_or_insert(now);
        let lasts = now.saturating_duration_since(since) >= self.times.unknown_after;
        let tries = service.tries;
        let reason = unknown_reason(service, failure, lasts);
        if matches!(failure, ReadFailure::Denied | ReadFailure::Other) || tries >= SETTLING_OUTAGES
        {
            self.services.settle(key);
        }
        self.services.set_unknown(key, reason);
    }

    /// Takes when the events came whose services were read since it was last asked.
    pub(crate) fn take_changes_read(&mut self) -> Vec<Instant> {
        std::mem::take(&mut self.changes_read)
    }

    /// Says whether the leader answered a read with a lower index than is known, once: only its lists can prove it.
    pub(crate) fn take_leader_is_lower(&mut self) -> bool {
        std::mem::take(&mut self.leader_is_lower)
    }

    /// Notes the index of Nomad's table in an answer that is no list.
    pub(crate) fn observe(&mut self, index: u64, now: Instant) {
        for at in 0..self.scopes.len() {
            let resync = self.scopes[at].observed(index, now, self.times.event_grace);
            self.need(resync);
        }
    }

    /// Has nobody wait for a first read that is silent for long, while others are answered.
    pub(super) fn settle_silent_reads(&mut self, now: Instant) {
        while let Some((began, key)) = self.services.silent.front().cloned() {
            let is_open = self
                .services
                .find(&key.namespace, &key.name)
                .is_some_and(|service| service.first_read == FirstRead::Open);
            let patience = began + self.times.first_read_patience;
            if is_open && (now < patience || !self.has_read) {
                return;
            }
            self.services.silent.pop_front();
            self.services.settle(&key);
        }
    }

    /// Returns when the next silent first read is waited for no longer.
    pub(super) fn silent_reads_due(&self) -> Option<Instant> {
        let (began, _) = self.services.silent.front().filter(|_| self.has_read)?;
        Some(*began + self.times.first_read_patience)
    }

    /// Returns the index of the list that has a namespace.
    fn listed_at(&self, namespace: &str) -> u64 {
        let covering = self.scopes.iter().filter(|scope| scope.covers(namespace));
        covering.map(|scope| scope.index).max().unwrap_or(0)
    }

    fn begin_resync_when_due(&mut self, now: Instant) {
        let is_due = self.resync_due().is_some_and(|due| due <= now);
        if !is_due || !self.queue.resync_has_all_begun() {
            return;
        }
        let routine = self.resync == super::Resync::NotNeeded;
        self.resync = super::Resync::NotNeeded;
        (self.resync_began, self.resync_ended) = (Some(now), None);
        for scope in &mut self.scopes {
            let index = scope.resync_begins();
            for service in self.services.each(scope.namespace()) {
                // What no list has was named by an event, or is of a namespace that may not be listed.
                if service.list == NOT_LISTED {
                    continue;
                }
                if routine || service.applied < index {
                    service.wanted = service.wanted.max(index);
                    self.queue.bulk(service);
                }
            }
        }
    }

    fn note_end_of_resync(&mut self, now: Instant) {
        if self.resync_ended.is_none() && self.queue.resync_has_all_begun() {
            self.resync_ended = Some(now);
        }
    }
}

/// Why it is not known what a service has, after a failure.
fn unknown_reason(
    service: &PlannedService,
    failure: ReadFailure,
    lasts: bool,
) -> Option<UnknownReason> {
    match failure {
        ReadFailure::Denied => Some(UnknownReason::Refused),
        // It has a last state, which is not old yet.
        _ if service.applied > 0 && !lasts => service.unknown,
        ReadFailure::Outage | ReadFailure::Behind | ReadFailure::Other => {
            Some(UnknownReason::Unreadable)
        }
    }
}

fn doubled(first: Duration, tries: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << tries.min(16)).min(most)
}

impl Scope {
    /// Says which word the next list has to be, after those that were behind.
    pub(super) fn consistency(&self) -> Consistency {
        match self.lower {
            0 => Consistency::Stale,
            _ => Consistency::Default,
        }
    }
}
