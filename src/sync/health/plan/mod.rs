//! Decides which checks are read next, and handles the results; does no I/O.
//!
//! Floor 2. Only the node of an allocation knows its checks, so each costs a request. They are read only for services
//! that were queried lately, in turn and within a budget. Allocations that have ended come as one short list.

#[cfg(test)]
mod proofs;
mod turns;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::catalog::{Health, Id, Instance};
use crate::nomad::Check;
use crate::sync::key::ServiceKey;
use crate::sync::settings::HealthSettings;
use crate::token_bucket::TokenBucket;

/// Allocations whose checks are read, at most; services that would bring more are not looked at.
const ALLOCATIONS_MAX: usize = 10_000;
/// When Nomad is asked again for what it refused.
pub(super) const DENIED_PAUSE: Duration = Duration::from_secs(60);

/// What is known of health, and what is to be read.
#[derive(Debug)]
pub(super) struct HealthPlan {
    settings: HealthSettings,
    /// The reads of a second; those of the last one that were not used may be used at once.
    budget: TokenBucket,
    watched: HashMap<ServiceKey, Watched>,
    allocations: HashMap<Id, Allocation>,
    /// Those that were never read, then those that were, oldest first.
    fresh: VecDeque<CheckTurn>,
    again: BinaryHeap<Reverse<(Instant, u64, Id)>>,
    turns: u64,
    /// Namespaces whose checks Nomad refuses, and when it is asked again.
    denied: HashMap<Arc<str>, Instant>,
    /// Allocations that ended, or whose node is gone.
    gone: HashSet<Id>,
}

/// A service that was asked for.
#[derive(Debug)]
struct Watched {
    until: Instant,
    allocations: Vec<Id>,
}

/// An allocation with instances of watched services.
#[derive(Debug)]
struct Allocation {
    services: Vec<ServiceKey>,
    turn: u64,
    known: KnownChecks,
}

/// What is known of an allocation's checks.
#[derive(Debug, PartialEq, Eq)]
enum KnownChecks {
    Nothing,
    /// Nomad could not say.
    Unproven,
    /// What the checks of each service come to.
    Verdicts(Vec<(String, Health)>),
}

/// An allocation whose checks are to be read; void once its number is not the allocation's any more.
#[derive(Clone, Debug)]
pub(super) struct CheckTurn {
    pub(super) allocation: Id,
    number: u64,
}

/// What a read of checks brought.
#[derive(Debug)]
pub(super) enum ChecksRead {
    Checks(Vec<Check>),
    /// Nobody can say: the allocation, or the way to its node, is not known.
    NotFound,
    Denied,
    /// Nomad is not there: what was known stays.
    Failed,
}

impl HealthPlan {
    pub(super) fn new(settings: HealthSettings) -> Self {
        Self {
            budget: TokenBucket::new(
                settings.reads_per_second,
                Duration::from_secs(1),
                Instant::now(),
            ),
            settings,
            watched: HashMap::new(),
            allocations: HashMap::new(),
            fresh: VecDeque::new(),
            again: BinaryHeap::new(),
            turns: 0,
            denied: HashMap::new(),
            gone: HashSet::new(),
        }
    }

    /// Notes that a service was asked for, and in which allocations its instances are.
    pub(super) fn asked(&mut self, key: &ServiceKey, allocations: Vec<Id>, now: Instant) {
        let until = now + self.settings.asked_for;
        if let Some(watched) = self.watched.get_mut(key) {
            watched.until = until;
        } else if self.allocations.len() + allocations.len() <= ALLOCATIONS_MAX {
            let watched = Watched {
                until,
                allocations: Vec::new(),
            };
            self.watched.insert(key.clone(), watched);
            self.changed(key, allocations);
        }
    }

    /// Notes in which allocations the instances of a service are now.
    pub(super) fn changed(&mut self, key: &ServiceKey, mut allocations: Vec<Id>) {
        let Some(watched) = self.watched.get_mut(key) else {
            return;
        };
        let mut seen = HashSet::with_capacity(allocations.len());
        allocations.retain(|id| seen.insert(id.clone()));
        let before = std::mem::replace(&mut watched.allocations, allocations.clone());
        for id in before.iter().filter(|id| !seen.contains(*id)) {
            self.leave(id, key);
        }
        let before: HashSet<Id> = before.into_iter().collect();
        for id in allocations.into_iter().filter(|id| !before.contains(id)) {
            self.enter(id, key);
        }
        if seen.is_empty() {
            self.watched.remove(key);
        }
    }

    /// Forgets the services that were not asked for lately, and returns them.
    pub(super) fn forget(&mut self, now: Instant) -> Vec<ServiceKey> {
        let over = self.watched.iter().filter(|(_, it)| it.until <= now);
        let over: Vec<ServiceKey> = over.map(|(key, _)| key.clone()).collect();
        for key in &over {
            self.changed(key, Vec::new());
        }
        if self.watched.is_empty() {
            self.denied.clear();
        }
        over
    }

    /// Takes what a read brought; returns the services to judge anew.
    pub(super) fn read(
        &mut self,
        turn: CheckTurn,
        read: ChecksRead,
        now: Instant,
    ) -> Vec<ServiceKey> {
        if !self.is_good(&turn) {
            return Vec::new();
        }
        let Some(namespace) = self.namespace(&turn.allocation).cloned() else {
            return Vec::new();
        };
        let known = match read {
            ChecksRead::Denied => Some(KnownChecks::Nothing),
            ChecksRead::NotFound => Some(KnownChecks::Unproven),
            ChecksRead::Checks(checks) => Some(KnownChecks::Verdicts(verdicts(checks))),
            ChecksRead::Failed => None,
        };
        let id = turn.allocation.clone();
        self.later(turn, now + self.settings.check_every);
        if known == Some(KnownChecks::Nothing) {
            return self.denied_in(&namespace, now);
        }
        if known.is_some() {
            self.denied.remove(&namespace);
        }
        match (self.allocations.get_mut(&id), known) {
            (Some(it), Some(known)) if it.known != known => {
                it.known = known;
                it.services.clone()
            }
            _ => Vec::new(),
        }
    }

    /// Names the namespaces whose checks Nomad refuses to tell.
    pub(super) fn denied(&self) -> BTreeSet<Arc<str>> {
        self.denied.keys().cloned().collect()
    }

    /// Nothing may be read of a namespace: nothing is known of any allocation in it.
    fn denied_in(&mut self, namespace: &Arc<str>, now: Instant) -> Vec<ServiceKey> {
        self.denied
            .insert(Arc::clone(namespace), now + DENIED_PAUSE);
        for it in self.allocations.values_mut() {
            if it.services.iter().any(|key| key.namespace == *namespace) {
                it.known = KnownChecks::Nothing;
            }
        }
        let watched = self.watched.keys();
        watched
            .filter(|key| key.namespace == *namespace)
            .cloned()
            .collect()
    }

    fn namespace(&self, allocation: &Id) -> Option<&Arc<str>> {
        let services = &self.allocations.get(allocation)?.services;
        services.first().map(|key| &key.namespace)
    }

    /// Takes the allocations that ended or whose node is gone; returns those of which that is new, or over.
    pub(super) fn ended(&mut self, gone: HashSet<Id>) -> HashSet<Id> {
        let before = std::mem::replace(&mut self.gone, gone);
        self.gone.symmetric_difference(&before).cloned().collect()
    }

    /// Judges one instance of a service.
    pub(super) fn judge(&self, service: &str, instance: &Instance) -> Health {
        if self.gone.is_empty() && self.allocations.is_empty() {
            return Health::Unread;
        }
        let id = instance.allocation_id();
        if self.gone.contains(&id) {
            return Health::Gone;
        }
        match self.allocations.get(&id).map(|it| &it.known) {
            None | Some(KnownChecks::Nothing) => Health::Unread,
            Some(KnownChecks::Unproven) => Health::Unproven,
            // What has no check has none that fails.
            Some(KnownChecks::Verdicts(verdicts)) => verdicts
                .iter()
                .find(|(name, _)| name == service)
                .map_or(Health::Passing, |(_, health)| *health),
        }
    }

    /// Counts the services that are watched, and their allocations.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.watched.len(), self.allocations.len())
    }

    fn enter(&mut self, id: Id, key: &ServiceKey) {
        if let Some(it) = self.allocations.get_mut(&id) {
            it.services.push(key.clone());
            return;
        }
        self.turns += 1;
        let allocation = Allocation {
            services: vec![key.clone()],
            turn: self.turns,
            known: KnownChecks::Nothing,
        };
        self.fresh.push_back(CheckTurn {
            allocation: id.clone(),
            number: self.turns,
        });
        self.allocations.insert(id, allocation);
    }

    fn leave(&mut self, id: &Id, key: &ServiceKey) {
        let Some(it) = self.allocations.get_mut(id) else {
            return;
        };
        it.services.retain(|other| other != key);
        if it.services.is_empty() {
            self.allocations.remove(id);
        }
    }
}

/// What the checks of each service of an allocation come to: the worst of them.
fn verdicts(checks: Vec<Check>) -> Vec<(String, Health)> {
    let mut found: Vec<(String, Health)> = Vec::new();
    for check in checks {
        let health = match &*check.status {
            "success" => Health::Passing,
            "failure" => Health::Failing,
            _ => Health::Unproven,
        };
        match found.iter_mut().find(|(name, _)| *name == check.service) {
            None => found.push((check.service, health)),
            Some((_, worst)) if *worst == Health::Failing || health == Health::Passing => {}
            Some((_, worst)) => *worst = health,
        }
    }
    // In one order, so that the same checks are the same.
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}
