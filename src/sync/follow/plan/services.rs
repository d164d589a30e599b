//! The state of each service in the plan: the index of its last read, and whether it has to be read.
//!
//! Floor 2, no I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::catalog::UnknownReason;
use crate::sync::key::{ServiceKey, Trigger};

type Map<V> = HashMap<Arc<str>, V, ahash::RandomState>;

/// Stands for the number of a list, where none has a service.
pub(super) const NOT_LISTED: u64 = 0;

/// One service.
#[derive(Debug)]
pub(super) struct PlannedService {
    pub(super) key: ServiceKey,
    /// The index of what the catalogue has of it; 0 when it was never read.
    pub(super) applied: u64,
    /// The index that a read must reach.
    pub(super) wanted: u64,
    /// The number of the last list that had it; `NOT_LISTED` when the last one had it not.
    pub(super) list: u64,
    /// The instances that the catalogue has of it.
    pub(super) instances: usize,
    /// Reads in a row that failed or came too old.
    pub(super) tries: u32,
    pub(super) work: ReadState,
    /// What asked for the read that is due.
    pub(super) trigger: Trigger,
    /// When the first event came of those that are not read yet.
    pub(super) changed_at: Option<Instant>,
    /// When the last read was over, whatever came of it.
    pub(super) tried_at: Option<Instant>,
    /// Since when its reads have failed.
    pub(super) failing_since: Option<Instant>,
    pub(super) first_read: FirstRead,
    /// Why it is not known what it has; none when it is. The catalogue gets it.
    pub(super) unknown: Option<UnknownReason>,
}

/// Where a service stands on its way to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadState {
    Idle,
    Urgent,
    Bulk,
    Later(Instant),
    Reading,
}

/// Whether a service has been read, or tried often enough not to hold up the first publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstRead {
    Open,
    Settled,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Services {
    by_namespace: Map<Map<PlannedService>>,
    count: usize,
    /// Services whose first read is open.
    pub(super) open: usize,
    /// Services with an instance.
    pub(super) present: usize,
    /// Instances of all services.
    pub(super) instances: usize,
    /// The highest index at which a service that is forgotten was known: it comes back by a newer state only.
    pub(super) forgotten_at: u64,
    /// First reads that have begun, the oldest first.
    pub(super) silent: VecDeque<(Instant, ServiceKey)>,
    /// Services that became known or unknown and that the catalogue has to mark.
    pub(super) unknowns_changed: Vec<ServiceKey>,
}

impl Services {
    pub(super) fn find(&mut self, namespace: &str, name: &str) -> Option<&mut PlannedService> {
        self.by_namespace.get_mut(namespace)?.get_mut(name)
    }

    pub(super) fn is_present(&self, namespace: &str, name: &str) -> bool {
        let found = self
            .by_namespace
            .get(namespace)
            .and_then(|services| services.get(name));
        found.is_some_and(|service| service.instances > 0)
    }

    /// Takes over instances that were not read yet; false when no list has the service.
    pub(super) fn inherit(&mut self, namespace: &str, name: &str, instances: usize) -> bool {
        match self.find(namespace, name) {
            Some(service) if service.instances > 0 => true,
            Some(service) if service.list != NOT_LISTED => {
                // What is listed and could not be read yet: when the list drops it, it has to go.
                let key = service.key.clone();
                self.set_instances(&key, instances);
                true
            }
            _ => false,
        }
    }

    pub(super) fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_namespace.keys()
    }

    /// Returns a service, made new when it was not known.
    pub(super) fn ensure(&mut self, namespace: &str, name: &str) -> &mut PlannedService {
        if self.find(namespace, name).is_none() {
            let shared = self
                .by_namespace
                .get_key_value(namespace)
                .map(|(key, _)| Arc::clone(key));
            let namespace = shared.unwrap_or_else(|| namespace.into());
            let key = ServiceKey {
                namespace: Arc::clone(&namespace),
                name: name.into(),
            };
            let service = PlannedService::new(key.clone());
            self.by_namespace
                .entry(namespace)
                .or_default()
                .insert(key.name, service);
            self.count += 1;
            self.open += 1;
        }
        self.find(namespace, name)
            .expect("it was found or just inserted")
    }

    /// Notes how many instances the catalogue has of a service now.
    pub(super) fn set_instances(&mut self, key: &ServiceKey, instances: usize) {
        let Some(service) = self.find(&key.namespace, &key.name) else {
            return;
        };
        let before = std::mem::replace(&mut service.instances, instances);
        self.instances = self.instances + instances - before;
        self.present = self.present + usize::from(instances > 0) - usize::from(before > 0);
    }

    /// Notes that a service no longer holds up the first publication.
    pub(super) fn settle(&mut self, key: &ServiceKey) {
        let Some(service) = self.find(&key.namespace, &key.name) else {
            return;
        };
        if std::mem::replace(&mut service.first_read, FirstRead::Settled) == FirstRead::Open {
            self.open -= 1;
        }
    }

    /// Sets why it is not known what a service has; none when it is.
    pub(super) fn set_unknown(&mut self, key: &ServiceKey, reason: Option<UnknownReason>) {
        let Some(service) = self.find(&key.namespace, &key.name) else {
            return;
        };
        if std::mem::replace(&mut service.unknown, reason) != reason {
            self.unknowns_changed.push(key.clone());
        }
    }

    /// Forgets a service without instances that is not waited for.
    pub(super) fn forget(&mut self, key: &ServiceKey) {
        self.settle(key);
        let Some(services) = self.by_namespace.get_mut(&key.namespace) else {
            return;
        };
        let idle = services
            .get(&key.name)
            .is_some_and(|service| service.instances == 0 && service.work == ReadState::Idle);
        if idle && let Some(gone) = services.remove(&key.name) {
            self.count -= 1;
            self.forgotten_at = self.forgotten_at.max(gone.applied);
            if gone.unknown.is_some() {
                self.unknowns_changed.push(key.clone());
            }
        }
        if services.is_empty() {
            self.by_namespace.remove(&key.namespace);
        }
    }

    /// Counts the services of one namespace, or of all.
    pub(super) fn count(&self, namespace: Option<&str>) -> usize {
        match namespace {
            None => self.count,
            Some(name) => self.by_namespace.get(name).map_or(0, HashMap::len),
        }
    }

    /// Goes through the services of one namespace, or of all.
    pub(super) fn each(
        &mut self,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &mut PlannedService> {
        self.by_namespace
            .iter_mut()
            .filter(move |(name, _)| namespace.is_none_or(|only| ***name == *only))
            .flat_map(|(_, services)| services.values_mut())
    }
}

impl PlannedService {
    /// Keeps what asked for a read that has to be repeated.
    pub(super) fn remember(&mut self, trigger: Trigger) {
        if trigger == Trigger::Event {
            self.trigger = trigger;
        }
    }

    /// Notes that no list has it any more at this index; whether it had instances.
    pub(super) fn leave_list(&mut self, index: u64) -> bool {
        self.list = NOT_LISTED;
        if self.work == ReadState::Bulk {
            self.work = ReadState::Idle;
        }
        let had_instances = self.instances > 0;
        if had_instances {
            self.applied = index;
        }
        had_instances
    }

    fn new(key: ServiceKey) -> Self {
        Self {
            key,
            applied: 0,
            wanted: 0,
            list: NOT_LISTED,
            instances: 0,
            tries: 0,
            work: ReadState::Idle,
            trigger: Trigger::List,
            changed_at: None,
            tried_at: None,
            failing_since: None,
            first_read: FirstRead::Open,
            unknown: None,
        }
    }
}
