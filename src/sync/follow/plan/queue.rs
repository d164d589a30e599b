//! The services to read next: those from events before those from resyncs, and those that must wait for their time.
//!
//! Floor 2, no I/O. An entry whose service has moved to another queue meanwhile is skipped.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::services::{PlannedService, ReadState, Services};
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
    pub(super) fn urgent(&mut self, service: &mut PlannedService) {
        if matches!(service.work, ReadState::Idle | ReadState::Bulk) {
            service.work = ReadState::Urgent;
            self.urgent.push_back(service.key.clone());
        }
    }

    /// Has a service read that has changed, as soon as its last read is long enough ago.
    ///
    /// One whose reads failed does not wait out its pause: what failed may work again.
    pub(super) fn changed(
        &mut self,
        service: &mut PlannedService,
        debounce: Duration,
        now: Instant,
    ) {
        let at = service.tried_at.map_or(now, |tried_at| tried_at + debounce);
        match service.work {
            ReadState::Later(due) if at <= now && due > now => {
                service.work = ReadState::Urgent;
                self.urgent.push_back(service.key.clone());
            }
            ReadState::Later(due) if at < due => {
                service.work = ReadState::Idle;
                self.later(service, at);
            }
            ReadState::Later(_) => {}
            _ if at > now => self.later(service, at),
            _ => self.urgent(service),
        }
    }

    /// Puts a service at the end of the resync.
    pub(super) fn bulk(&mut self, service: &mut PlannedService) {
        if service.work == ReadState::Idle {
            service.work = ReadState::Bulk;
            self.bulk.push_back(service.key.clone());
        }
    }

    /// Puts a service aside until its time.
    pub(super) fn later(&mut self, service: &mut PlannedService, at: Instant) {
        if matches!(service.work, ReadState::Idle | ReadState::Bulk) {
            service.work = ReadState::Later(at);
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
                && service.work == ReadState::Later(at)
            {
                service.work = ReadState::Urgent;
                self.urgent.push_back(key);
            }
        }
        for (queue, work) in [
            (&mut self.urgent, ReadState::Urgent),
            (&mut self.bulk, ReadState::Bulk),
        ] {
            while let Some(key) = queue.pop_front() {
                if let Some(service) = services.find(&key.namespace, &key.name)
                    && service.work == work
                {
                    service.work = ReadState::Reading;
                    return Some(key);
                }
            }
        }
        None
    }
}
