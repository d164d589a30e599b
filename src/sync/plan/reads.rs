//! Which service is read next, and what a read or its failure means.
//!
//! Floor 2, no I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::scope::Pass;
use super::services::{NOT_LISTED, Work};
use super::{Apply, Failure, Order, Plan, Told};

/// Failures after which a service no longer holds up the first publication.
const SETTLING_TRIES: u32 = 2;
/// The same for failures that are more likely Nomad's than the service's.
const SETTLING_OUTAGES: u32 = 6;
/// Reads that came too old, after which the last one is taken for what it is.
const REREADS_MAX: u32 = 8;

impl Plan {
    /// Returns the next service to read.
    pub(crate) fn next_read(&mut self, now: Instant) -> Option<Order> {
        self.begin_pass_when_due(now);
        let key = self.queue.pop(&mut self.services, now)?;
        let service = self.services.find(&key.namespace, &key.name);
        let told = service.map_or(Told::ByList, |it| {
            std::mem::replace(&mut it.told, Told::ByList)
        });
        Some(Order {
            key,
            told,
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
            service.remember(order.told);
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
            service.remember(order.told);
            self.queue.later(service, now + pause);
        } else {
            service.tries = 0;
            service.wanted = service.applied;
            // What an event told meanwhile is in it.
            service.told = Told::ByList;
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
        service.remember(order.told);
        self.queue.later(service, now + pause);
        let enough = match failure {
            Failure::Outage => SETTLING_OUTAGES,
            Failure::Denied | Failure::Other => SETTLING_TRIES,
        };
        if service.tries >= enough {
            self.services.settle(key);
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
}

fn doubled(first: Duration, tries: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << tries.min(16)).min(most)
}
