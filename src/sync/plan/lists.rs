//! What a list means: which services are new, which are gone, and whether Nomad's index went back.
//!
//! Floor 2, no I/O.

use std::sync::Arc;

use tokio::time::Instant;

use super::services::{Key, NOT_LISTED, Work};
use super::{Asked, Plan, Told, Verdict};
use crate::nomad::ListedService;

/// Lower indexes in a row that prove that Nomad's index went back, and is not a server that lags.
const LOWER_INDEXES: u32 = 3;

impl Plan {
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
            // Nearly all are known, and looking them up is most of what a long list costs.
            let service = match self.services.find(&entry.namespace, &entry.name) {
                Some(service) => service,
                None => self.services.ensure(&entry.namespace, &entry.name),
            };
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
                    self.queue.hint(service, self.times.debounce, now);
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
            service.told = Told::ByList;
        }
    }
}
