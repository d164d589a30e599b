//! Handles a list: which services are new, which are gone, and whether Nomad's index went back.
//!
//! Floor 2, no I/O.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::services::NOT_LISTED;
use super::{ListProvenance, ListTiming, Plan, Removed, ServiceKey, Trigger, Verdict};
use crate::catalog::UnknownReason;
use crate::nomad::{Consistency, ListedService};

/// One answer that is behind and two of the leader with a lower index, in a row, prove that Nomad's index went back.
///
/// One alone proves nothing: a leader may be behind its followers for a moment.
const LOWER_LISTS: u32 = 3;

impl Plan {
    /// Notes that a list is asked now; returns whose word it has to be, and the index that it has to reach.
    pub(crate) fn list_asked(&mut self, scope: usize) -> (Consistency, u64) {
        let scope = &mut self.scopes[scope];
        scope.floor = self.highest;
        (scope.consistency(), scope.floor)
    }

    /// Has the next list be the leader's word.
    pub(crate) fn list_was_behind(&mut self, scope: usize) {
        let scope = &mut self.scopes[scope];
        scope.lower = scope.lower.max(1);
    }

    /// Takes a list.
    pub(crate) fn listed(
        &mut self,
        scope: usize,
        index: u64,
        listed: &[ListedService],
        heard: ListProvenance,
        now: Instant,
    ) -> Verdict {
        if index == 0 {
            return Verdict::Denied;
        }
        let mut went_back = false;
        if index < self.scopes[scope].floor {
            // Whoever but the leader says so is behind.
            self.list_was_behind(scope);
            if heard.consistency == Consistency::Default {
                self.scopes[scope].lower += 1;
            }
            if self.scopes[scope].lower < LOWER_LISTS {
                return Verdict::Lower;
            }
            self.restart(index);
            went_back = true;
        }
        self.highest = self.highest.max(index);
        let first = self.scopes[scope].index == 0;
        let fresh = heard.asked == ListTiming::AfterStream;
        let resync = self.scopes[scope].listed(index, fresh, now, self.times.event_grace);
        self.need(resync);
        if first {
            self.resync_began.get_or_insert(now);
        }
        let (gone, vanished) = self.compare(scope, (index, listed), first, now);
        if first {
            // A scope that begins anew, after another one or after an index that went back.
            self.read_what_is_older(scope, index);
        }
        Verdict::Taken(Removed {
            gone,
            vanished,
            went_back,
        })
    }

    /// Compares a list with what is known; returns the services that are gone, and the namespaces that vanished.
    fn compare(
        &mut self,
        scope: usize,
        (index, listed): (u64, &[ListedService]),
        first: bool,
        now: Instant,
    ) -> (Vec<ServiceKey>, Vec<Arc<str>>) {
        self.list += 1;
        let namespace = self.scopes[scope].namespace().map(Arc::<str>::from);
        let mut seen = 0;
        let mut namespaces: HashSet<Arc<str>> = HashSet::new();
        let mut last: Option<&Arc<str>> = None;
        for entry in listed {
            if namespace
                .as_ref()
                .is_some_and(|only| *only != entry.namespace)
            {
                continue;
            }
            if last.is_none_or(|last| *last != entry.namespace) {
                namespaces.insert(Arc::clone(&entry.namespace));
                last = Some(&entry.namespace);
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
            // One that is listed again without an instance was dropped at an index that may be the same.
            let is_less = service.applied < index || service.instances == 0;
            if service.applied == 0 || (new && is_less) {
                service.wanted = service.wanted.max(index);
                if first {
                    self.queue.bulk(service);
                } else {
                    self.queue.changed(service, self.times.debounce, now);
                }
                // It exists, and what it has is not known yet.
                if service.applied == 0 && service.instances == 0 && service.unknown.is_none() {
                    service.unknown = Some(UnknownReason::Unread);
                    self.services.unknowns_changed.push(ServiceKey {
                        namespace: Arc::clone(&entry.namespace),
                        name: (&*entry.name).into(),
                    });
                }
            }
        }
        if seen == self.services.count(namespace.as_deref()) {
            return (Vec::new(), Vec::new());
        }
        self.sweep(index, namespace.as_deref(), &namespaces)
    }

    /// Takes out what the last list no longer has, unless it was read at a later index than the list's.
    fn sweep(
        &mut self,
        index: u64,
        namespace: Option<&str>,
        listed: &HashSet<Arc<str>>,
    ) -> (Vec<ServiceKey>, Vec<Arc<str>>) {
        let list = self.list;
        // What has a list of its own is that one's to say.
        let by_itself: HashSet<&str> = match namespace {
            None => self.scopes.iter().filter_map(|it| it.namespace()).collect(),
            Some(_) => HashSet::new(),
        };
        let missing = self
            .services
            .each(namespace)
            .filter(|service| service.list != list && !by_itself.contains(&*service.key.namespace));
        let (mut gone, mut idle, mut vanished) = (Vec::new(), Vec::new(), HashSet::new());
        for service in missing {
            if service.applied > index {
                service.list = NOT_LISTED;
                continue;
            }
            // A namespace that vanished as a whole may be one that the token may list no longer.
            if namespace.is_none()
                && service.instances > 0
                && !listed.contains(&service.key.namespace)
            {
                vanished.insert(Arc::clone(&service.key.namespace));
                continue;
            }
            if service.leave_list(index) {
                gone.push(service.key.clone());
            }
            idle.push(service.key.clone());
        }
        self.take_out(&gone, &idle);
        (gone, vanished.into_iter().collect())
    }

    /// Notes that the catalogue loses services, and forgets those that nothing else holds.
    pub(super) fn take_out(&mut self, gone: &[ServiceKey], idle: &[ServiceKey]) {
        for key in gone {
            self.services.set_instances(key, 0);
        }
        for key in idle {
            self.services.set_unknown(key, None);
            self.services.forget(key);
        }
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

    /// Forgets every index: Nomad's went back, to this one.
    fn restart(&mut self, index: u64) {
        self.epoch += 1;
        (self.highest, self.went_back_to) = (index, index);
        self.services.forgotten_at = 0;
        for scope in &mut self.scopes {
            scope.restart();
        }
        for service in self.services.each(None) {
            service.applied = 0;
            service.wanted = 0;
            service.trigger = Trigger::List;
        }
    }
}
