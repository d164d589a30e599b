//! The services that wait to be read: clients take turns, as fast as the budget allows.
//!
//! Floor 2, no I/O. Names that are known to have a service have priority, but not every time. A request that does not
//! fit, or that no query waits for any more, costs no read.

use std::collections::HashMap;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::KnownService;
use super::budget::{BudgetShare, ReadBudget};
use super::kept::Waiter;
use crate::fair_queue::{ClientAddress, FairQueue, QueueCapacity};
use crate::sync::key::ServiceKey;

/// Queries that wait for the read of one service.
pub(super) const WAITERS_MAX: usize = 1024;
/// Names with a service that are read before one that is not known to have one, if any waits.
const KNOWN_IN_ROW: u32 = 3;

/// The names that wait.
#[derive(Debug)]
pub(super) struct DemandQueue {
    known: FairQueue<ServiceKey>,
    unknown: FairQueue<ServiceKey>,
    waiting: HashMap<ServiceKey, WaitingName, ahash::RandomState>,
    known_in_row: u32,
    budget: ReadBudget,
}

/// One name that waits.
#[derive(Debug, Default)]
pub(super) struct WaitingName {
    pub(super) waiters: Vec<Waiter>,
    /// It is read though nobody waits.
    is_refresh: bool,
    /// Whose turns have it read: the first of them does.
    clients: SmallVec<[ClientAddress; 1]>,
}

impl DemandQueue {
    /// Makes one: so many names of one class of clients may wait, and so many reads are begun in a second.
    pub(super) fn new(most: usize, reads_per_second: u32, now: Instant) -> Self {
        let room = QueueCapacity {
            per_client: most,
            per_class: most,
        };
        Self {
            known: FairQueue::new(room),
            unknown: FairQueue::new(room),
            waiting: HashMap::default(),
            known_in_row: 0,
            budget: ReadBudget::new(reads_per_second, now),
        }
    }

    /// Whether a name that has a service would be read at once.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.known.is_empty() && self.budget.has(BudgetShare::All, now)
    }

    /// Has a name read in the client's turn, for who waits or to keep it new.
    ///
    /// Returns who waits in vain, with the name: there is no room.
    pub(super) fn push(
        &mut self,
        key: ServiceKey,
        known: KnownService,
        client: ClientAddress,
        waiter: Option<Waiter>,
    ) -> Option<(ServiceKey, Vec<Waiter>)> {
        let waiting = self.waiting.entry(key.clone()).or_default();
        let refused = match waiter {
            Some(waiter) => add_waiter(&mut waiting.waiters, waiter),
            None => {
                waiting.is_refresh = true;
                None
            }
        };
        if let Some(waiter) = refused {
            return Some((key, vec![waiter]));
        }
        if waiting.clients.contains(&client) {
            return None;
        }
        waiting.clients.push(client);
        let queue = match known {
            KnownService::Here => &mut self.known,
            KnownService::Absent | KnownService::Nothing => &mut self.unknown,
        };
        let gone = queue.push(client, key).err()?;
        // It may have another place, of another client.
        let waiting = self.waiting.get_mut(&gone)?;
        waiting.clients.pop();
        if !waiting.clients.is_empty() {
            return None;
        }
        let waiting = self.waiting.remove(&gone)?;
        Some((gone, waiting.waiters))
    }

    /// Takes the name that is read next, if one may be read now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(ServiceKey, WaitingName)> {
        loop {
            let part = self.next_part()?;
            if !self.budget.has(part, now) {
                return None;
            }
            let is_known = self.is_known_next();
            let queue = match is_known {
                true => &mut self.known,
                false => &mut self.unknown,
            };
            let key = queue.pop()?;
            let Some(mut waiting) = self.waiting.remove(&key) else {
                continue;
            };
            waiting.waiters.retain(|waiter| !waiter.is_closed());
            if waiting.waiters.is_empty() && !waiting.is_refresh {
                continue;
            }
            self.known_in_row = if is_known { self.known_in_row + 1 } else { 0 };
            self.budget.take(now);
            return Some((key, waiting));
        }
    }

    /// When the next name may be read; none where none waits.
    pub(super) fn when(&self) -> Option<Instant> {
        Some(self.budget.when(self.next_part()?))
    }

    /// Takes all that waits.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (ServiceKey, Vec<Waiter>)> + use<> {
        self.known.clear();
        self.unknown.clear();
        let all = std::mem::take(&mut self.waiting).into_iter();
        all.map(|(key, waiting)| (key, waiting.waiters))
    }

    fn is_known_next(&self) -> bool {
        !self.known.is_empty() && (self.unknown.is_empty() || self.known_in_row < KNOWN_IN_ROW)
    }

    /// Which reads the next name may take; none where none waits.
    fn next_part(&self) -> Option<BudgetShare> {
        match (self.known.is_empty(), self.unknown.is_empty()) {
            (true, true) => None,
            (true, false) => Some(BudgetShare::Unknown),
            (false, _) => Some(BudgetShare::All),
        }
    }
}

/// Adds one who waits; returns it where there is no room.
pub(super) fn add_waiter(waiters: &mut Vec<Waiter>, waiter: Waiter) -> Option<Waiter> {
    if waiters.len() >= WAITERS_MAX {
        // Queries that timed out wait no longer.
        waiters.retain(|waiter| !waiter.is_closed());
    }
    if waiters.len() >= WAITERS_MAX {
        return Some(waiter);
    }
    waiters.push(waiter);
    None
}
