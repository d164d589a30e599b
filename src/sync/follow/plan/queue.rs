//! The services to read next: what events told before resyncs, and those that must wait until their time.
//!
//! Floor 2, no I/O. An entry whose service went elsewhere meanwhile is skipped when it comes up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::services::{Service, Services, Work};
use crate::sync::key::ServiceKey;

/// Three queues; each service stands in one at most, and perhaps in `later` with times that count no longer.
#[derive(Debug, Default)]
pub(super) struct ReadQueue {
    urgent: VecDeque<ServiceKey>,
    bulk: VecDeque<ServiceKey>,
    later: BinaryHeap<Reverse<(Instant, ServiceKey)>>,
}

impl ReadQueue {
    /// Puts a service at the end of the urgent ones; one that must wait for its time stays where it is.
    pub(super) fn urgent(&mut self, service: &mut Service) {
        if matches!(service.work, Work::Idle | Work::Bulk) {
            service.work = Work::Urgent;
            self.urgent.push_back(service.key.clone());
        }
    }

    /// Has a service read because something told of it, as soon as its last read is long enough ago.
    ///
    /// One whose reads failed does not wait out its pause: what failed may work again.
    pub(super) fn told(&mut self, service: &mut Service, debounce: Duration, now: Instant) {
        let at = service.tried_at.map_or(now, |tried_at| tried_at + debounce);
        match service.work {
            Work::Later(due) if at <= now && due > now => {
                service.work = Work::Urgent;
                self.urgent.push_back(service.key.clone());
            }
            Work::Later(due) if at < due => {
                service.work = Work::Idle;
                self.later(service, at);
            }
            Work::Later(_) => {}
            _ if at > now => self.later(service, at),
            _ => self.urgent(service),
        }
    }

    /// Puts a service at the end of the resync.
    pub(super) fn bulk(&mut self, service: &mut Service) {
        if service.work == Work::Idle {
            service.work = Work::Bulk;
            self.bulk.push_back(service.key.clone());
        }
    }

    /// Puts a service aside until its time.
    pub(super) fn later(&mut self, service: &mut Service, at: Instant) {
        if matches!(service.work, Work::Idle | Work::Bulk) {
            service.work = Work::Later(at);
            self.later.push(Reverse((at, service.key.clone())));
        }
    }

    /// Says whether every read of a resync has begun.
    pub(super) fn resync_has_all_begun(&self) -> bool {
        self.bulk.is_empty()
    }

    /// Returns when the first of those put aside is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the next service to read.
    pub(super) fn pop(&mut self, services: &mut Services, now: Instant) -> Option<ServiceKey> {
        while self.due().is_some_and(|at| at <= now) {
            let Some(Reverse((at, key))) = self.later.pop() else {
                break;
            };
            if let Some(service) = services.find(&key.namespace, &key.name)
                && service.work == Work::Later(at)
            {
                service.work = Work::Urgent;
                self.urgent.push_back(key);
            }
        }
        for (queue, work) in [
            (&mut self.urgent, Work::Urgent),
            (&mut self.bulk, Work::Bulk),
        ] {
            while let Some(key) = queue.pop_front() {
                if let Some(service) = services.find(&key.namespace, &key.name)
                    && service.work == work
                {
                    service.work = Work::Reading;
                    return Some(key);
                }
            }
        }
        None
    }
}
