//! The services to read next: hints before full passes, and those that must wait until their time.
//!
//! Floor 2, no I/O. An entry whose service went elsewhere meanwhile is skipped when it comes up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::services::{Key, Service, Services, Work};

/// Three queues; each service stands in one at most.
#[derive(Debug, Default)]
pub(super) struct Queue {
    urgent: VecDeque<Key>,
    bulk: VecDeque<Key>,
    later: BinaryHeap<Reverse<(Instant, Key)>>,
}

impl Queue {
    /// Puts a service at the end of the hints; one that must wait for its time stays where it is.
    pub(super) fn urgent(&mut self, service: &mut Service) {
        if matches!(service.work, Work::Idle | Work::Bulk) {
            service.work = Work::Urgent;
            self.urgent.push_back(service.key.clone());
        }
    }

    /// Has a service read as soon as its last read is long enough ago.
    pub(super) fn hint(&mut self, service: &mut Service, debounce: Duration, now: Instant) {
        match service.read_at.map(|read_at| read_at + debounce) {
            Some(at) if at > now => self.later(service, at),
            _ => self.urgent(service),
        }
    }

    /// Puts a service at the end of the full pass.
    pub(super) fn bulk(&mut self, service: &mut Service) {
        if service.work == Work::Idle {
            service.work = Work::Bulk;
            self.bulk.push_back(service.key.clone());
        }
    }

    /// Puts a service aside until its time.
    pub(super) fn later(&mut self, service: &mut Service, at: Instant) {
        if matches!(service.work, Work::Idle | Work::Bulk) {
            service.work = Work::Later;
            self.later.push(Reverse((at, service.key.clone())));
        }
    }

    /// Says whether a full pass has nothing left to read.
    pub(super) fn pass_is_done(&self) -> bool {
        self.bulk.is_empty()
    }

    /// Returns when the first of those put aside is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the next service to read.
    pub(super) fn pop(&mut self, services: &mut Services, now: Instant) -> Option<Key> {
        while self.due().is_some_and(|at| at <= now) {
            let Some(Reverse((_, key))) = self.later.pop() else {
                break;
            };
            if let Some(service) = services.find(&key.namespace, &key.name)
                && service.work == Work::Later
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
