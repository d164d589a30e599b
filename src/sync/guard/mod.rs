//! Protects the catalogue against losing most of its instances at once, which is more likely an error than a real
//! change.
//!
//! Floor 2, no I/O. If a list or a full read would remove too much, the removal is held back, and done if Nomad still
//! reports it after a grace period. Removals by the event stream do not come here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::apply::Converted;
use super::key::{ServiceKey, Trigger};

/// Instances that may always go at once: a small cluster stops half of itself every day.
pub(super) const FEW_INSTANCES: usize = 10;

/// What is held back, and since when.
#[derive(Debug)]
pub(super) struct Guard {
    grace: Duration,
    state: GuardState,
    /// What the full read that is under way would take away.
    weighed: HashMap<ServiceKey, PendingRemoval>,
    held: HashMap<ServiceKey, PendingRemoval>,
    /// The lists that have not confirmed yet what is held back.
    unconfirmed: HashSet<Arc<str>>,
}

/// What a service would have, and how many instances it would lose.
#[derive(Debug)]
pub(super) struct PendingRemoval {
    pub(super) converted: Converted,
    pub(super) instances: usize,
}

impl PendingRemoval {
    /// All of a service, which has so many instances.
    pub(super) fn whole(instances: usize) -> Self {
        Self {
            converted: Converted::none(),
            instances,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GuardState {
    Open,
    /// Losses are held back until then.
    Holding(Instant),
    /// The grace is over: Nomad is asked once more.
    Asking,
}

/// What is to be done about losses.
#[derive(Debug)]
pub(super) enum Ruling {
    /// They go into the catalogue.
    Take(Vec<(ServiceKey, PendingRemoval)>),
    /// They are held back; so many instances are now.
    Hold(usize),
}

impl Guard {
    /// Makes a guard; without a grace it holds nothing back.
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            grace,
            state: GuardState::Open,
            weighed: HashMap::new(),
            held: HashMap::new(),
            unconfirmed: HashSet::new(),
        }
    }

    /// Takes what was read of a service with so many instances; returns it unless it waits for the end of the resync.
    pub(super) fn take(
        &mut self,
        key: &ServiceKey,
        trigger: Trigger,
        converted: Converted,
        before: usize,
    ) -> Option<Converted> {
        let after = converted.instances.len();
        if trigger == Trigger::Event || !self.must_weigh(before, after) {
            self.forget(key);
            return Some(converted);
        }
        let instances = before - after;
        let loss = PendingRemoval {
            converted,
            instances,
        };
        self.weigh(key.clone(), loss);
        None
    }

    /// Whether a full read that leaves a service so many instances must be weighed with the others.
    ///
    /// Less than half of each is less than half of all, so nothing else has to wait for the end of the read.
    pub(super) fn must_weigh(&self, before: usize, after: usize) -> bool {
        !self.grace.is_zero() && after * 2 < before
    }

    /// Puts a loss of the full read aside until all of it has come, or to what is held back already.
    pub(super) fn weigh(&mut self, key: ServiceKey, loss: PendingRemoval) {
        match self.state {
            GuardState::Open => self.weighed.insert(key, loss),
            GuardState::Holding(_) | GuardState::Asking => self.held.insert(key, loss),
        };
    }

    /// Forgets what was held back of a service: something newer is known.
    pub(super) fn forget(&mut self, key: &ServiceKey) {
        self.weighed.remove(key);
        self.held.remove(key);
        if self.held.is_empty() {
            self.state = GuardState::Open;
        }
    }

    /// Whether the full read put something aside.
    pub(super) fn has_weighed(&self) -> bool {
        !self.weighed.is_empty()
    }

    /// Rules on what the full read put aside, out of so many instances in all.
    pub(super) fn rule_on_weighed(&mut self, total: usize, now: Instant) -> Ruling {
        let losses = self.weighed.drain().collect();
        self.rule(losses, total, now)
    }

    /// Rules on losses that came together, out of so many instances in all.
    pub(super) fn rule(
        &mut self,
        losses: Vec<(ServiceKey, PendingRemoval)>,
        total: usize,
        now: Instant,
    ) -> Ruling {
        let lost: usize = losses.iter().map(|(_, loss)| loss.instances).sum();
        let is_mass = lost >= FEW_INSTANCES && lost * 2 > total;
        if self.grace.is_zero() || (self.state == GuardState::Open && !is_mass) {
            return Ruling::Take(losses);
        }
        if self.state == GuardState::Open {
            self.state = GuardState::Holding(now + self.grace);
        }
        self.held.extend(losses);
        Ruling::Hold(self.held_instances())
    }

    /// Says whether the grace is over, once; then Nomad is to be asked again.
    pub(super) fn begins_to_ask(&mut self, now: Instant) -> bool {
        let over = matches!(self.state, GuardState::Holding(until) if until <= now);
        if over {
            self.state = GuardState::Asking;
        }
        over
    }

    /// Returns when the grace is over.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            GuardState::Holding(until) => Some(until),
            GuardState::Open | GuardState::Asking => None,
        }
    }

    /// Notes which lists are asked again, to confirm what is held back.
    pub(super) fn ask_again(&mut self, lists: impl Iterator<Item = Arc<str>>) {
        self.unconfirmed = lists.collect();
    }

    /// Notes that a list has answered, which counts if it was asked after the grace.
    pub(super) fn list_answered(&mut self, list: &Arc<str>) {
        self.unconfirmed.remove(list);
    }

    /// Whether Nomad was asked again, and every list that is followed has answered.
    pub(super) fn is_confirmed<'a>(&self, mut lists: impl Iterator<Item = &'a Arc<str>>) -> bool {
        let waits = |list: &Arc<str>| self.unconfirmed.contains(list);
        self.state == GuardState::Asking && !lists.any(waits)
    }

    /// Gives up what is still held back: Nomad has said it again.
    pub(super) fn give_up(&mut self) -> Vec<(ServiceKey, PendingRemoval)> {
        self.state = GuardState::Open;
        self.weighed.clear();
        self.held.drain().collect()
    }

    /// Names the services of which something is held back.
    pub(super) fn held(&self) -> impl Iterator<Item = &ServiceKey> {
        self.held.keys()
    }

    /// Counts the instances that are held back.
    pub(super) fn held_instances(&self) -> usize {
        self.held.values().map(|loss| loss.instances).sum()
    }
}

#[cfg(test)]
mod proofs;
