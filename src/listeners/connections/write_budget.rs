//! The octets of answers that clients have not received: of one connection, of one client and in total.
//!
//! A connection has a small allowance of its own and leases more in pieces, so that an answer of usual size writes to
//! no memory that connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::super::limits::ConnectionLimits;
use super::activity::ConnectionActivity;

/// What a connection may hold without asking, in octets: a few usual answers.
const ALLOWANCE_OCTETS: usize = 4 * 1024;
/// What is leased at a time beyond that, in octets.
const LEASE_OCTETS: usize = 16 * 1024;
/// In how many ticks the time is divided in which a client has to take something.
const STALL_TICKS: u32 = 2;
/// For how many ticks it is known how many answers have to be taken by then; the longest that one may take.
const DUE_TICKS: u32 = 256;

/// What one connection has untaken, within what its client and all may have.
#[derive(Debug)]
pub struct WriteBudget {
    /// Where the registry sees how much is not taken.
    activity: Arc<ConnectionActivity>,
    /// What of it, beyond the allowance, the client and all count.
    leased: AtomicUsize,
    client: Option<SharedWriteBudget>,
    all: SharedWriteBudget,
    /// From how much on the connection's next answers wait.
    most: usize,
    /// Those that wait for octets to be taken.
    waiting: AtomicUsize,
    taken: Notify,
    /// What was taken so far.
    ever_taken: AtomicUsize,
    tick_length: Duration,
    /// What is taken in a tick at least.
    least: usize,
    tick: AtomicU32,
    /// How many charges are due at each tick.
    due: [AtomicU32; DUE_TICKS as usize],
}

/// What connections have untaken together, and the most of it, in octets.
#[derive(Clone, Debug)]
pub(super) struct SharedWriteBudget {
    pub(super) octets: Arc<AtomicUsize>,
    pub(super) most: usize,
}

/// Octets of an answer that its client has not taken, until it is dropped.
#[derive(Debug)]
pub(in crate::listeners) struct WriteCharge {
    budget: Arc<WriteBudget>,
    octets: usize,
    /// The tick by which all of the answer has to be taken.
    due: u32,
}

/// The client, or all clients together, have too much untaken already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::listeners) struct WriteBudgetExceeded;

impl WriteBudget {
    /// One that has its next answers wait while it has `most` octets untaken.
    pub(super) fn new(
        activity: Arc<ConnectionActivity>,
        most: usize,
        limits: &ConnectionLimits,
        client: Option<SharedWriteBudget>,
        all: SharedWriteBudget,
    ) -> Self {
        let tick_length = limits.write_stall / STALL_TICKS;
        let milliseconds = usize::try_from(tick_length.as_millis()).unwrap_or(usize::MAX);
        let least = limits.taken_octets_per_second.saturating_mul(milliseconds) / 1000;
        Self {
            activity,
            leased: AtomicUsize::new(0),
            client,
            all,
            most,
            waiting: AtomicUsize::new(0),
            taken: Notify::new(),
            ever_taken: AtomicUsize::new(0),
            tick_length,
            least: least.max(1),
            tick: AtomicU32::new(0),
            due: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    /// What is untaken, in octets.
    pub(in crate::listeners) fn held(&self) -> usize {
        self.activity.untaken.load(Ordering::Relaxed)
    }

    /// Whether another answer may be made; the last one may be of any size.
    pub(in crate::listeners) fn has_room(&self) -> bool {
        self.held() < self.most
    }

    /// Waits until `has_room`.
    pub(in crate::listeners) async fn room(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let waits = UntakenWaiter(self);
        while !self.has_room() {
            let taken = self.taken.notified();
            if self.has_room() {
                break;
            }
            taken.await;
        }
        drop(waits);
    }

    /// Says what is untaken now, where the connection knows it by itself.
    ///
    /// # Errors
    /// It is more than there is room for; it counts all the same.
    pub(in crate::listeners) fn hold(&self, octets: usize) -> Result<(), WriteBudgetExceeded> {
        self.activity.untaken.store(octets, Ordering::Relaxed);
        self.give_back(octets);
        self.lease(octets)
    }

    /// Has an answer of so many octets wait to be taken.
    ///
    /// # Errors
    /// There is no room for them.
    pub(in crate::listeners) fn charge(
        self: &Arc<Self>,
        octets: usize,
    ) -> Result<WriteCharge, WriteBudgetExceeded> {
        let held = self.activity.untaken.fetch_add(octets, Ordering::Relaxed) + octets;
        if let Err(exceeded) = self.lease(held) {
            self.release(octets);
            return Err(exceeded);
        }
        // What came before is on its way first. One tick more, since the current one has begun already.
        let ticks = u32::try_from(held / self.least).unwrap_or(DUE_TICKS);
        let ticks = ticks.saturating_add(STALL_TICKS + 1).min(DUE_TICKS - 1);
        let due = self.tick.load(Ordering::Relaxed).wrapping_add(ticks);
        self.due_at(due).fetch_add(1, Ordering::Relaxed);
        Ok(WriteCharge {
            budget: Arc::clone(self),
            octets,
            due,
        })
    }

    /// Waits until an answer was not taken whole in time, or nothing of any of them for as long as the client has.
    ///
    /// It looks now and then, so that an answer costs no clock; it can take half as long again.
    pub(in crate::listeners) async fn overdue(&self) {
        let (mut taken, mut quiet_ticks) = (None, 0);
        loop {
            sleep(self.tick_length).await;
            let now = self.tick.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let before = taken.replace(self.ever_taken.load(Ordering::Relaxed));
            if self.held() == 0 {
                (taken, quiet_ticks) = (None, 0);
                continue;
            }
            quiet_ticks = if before == taken { quiet_ticks + 1 } else { 0 };
            if quiet_ticks >= STALL_TICKS || self.due_at(now).load(Ordering::Relaxed) > 0 {
                return;
            }
        }
    }

    fn due_at(&self, tick: u32) -> &AtomicU32 {
        &self.due[(tick % DUE_TICKS) as usize]
    }

    /// Leases what is missing for so many octets.
    fn lease(&self, held: usize) -> Result<(), WriteBudgetExceeded> {
        let beyond = held.saturating_sub(ALLOWANCE_OCTETS);
        let leased = self.leased.load(Ordering::Relaxed);
        if beyond <= leased {
            return Ok(());
        }
        let more = (beyond - leased).next_multiple_of(LEASE_OCTETS);
        if let Some(client) = &self.client {
            // A client may have as much as is left for all others, so that however many take all they may, those who
            // have nothing find room (dynamic thresholds, as in switches).
            client.take(more, client.most.min(self.all.left()))?;
        }
        if let Err(exceeded) = self.all.take(more, self.all.most) {
            self.client.iter().for_each(|client| client.put(more));
            return Err(exceeded);
        }
        self.leased.fetch_add(more, Ordering::Relaxed);
        Ok(())
    }

    /// Gives back what is not needed any more for so many octets.
    fn give_back(&self, held: usize) {
        let needed = held.saturating_sub(ALLOWANCE_OCTETS);
        let needed = needed.next_multiple_of(LEASE_OCTETS);
        let leased = self.leased.load(Ordering::Relaxed);
        if leased <= needed {
            return;
        }
        let taken =
            self.leased
                .compare_exchange(leased, needed, Ordering::Relaxed, Ordering::Relaxed);
        // Who was quicker gives back what is left.
        if taken.is_ok() {
            let less = leased - needed;
            self.client.iter().for_each(|client| client.put(less));
            self.all.put(less);
        }
    }

    fn release(&self, octets: usize) {
        let held = self.activity.untaken.fetch_sub(octets, Ordering::Relaxed) - octets;
        self.ever_taken.fetch_add(octets, Ordering::Relaxed);
        self.give_back(held);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.taken.notify_waiters();
        }
    }
}

impl Default for WriteBudget {
    /// One that is bounded by itself only.
    fn default() -> Self {
        let all = SharedWriteBudget {
            octets: Arc::default(),
            most: usize::MAX,
        };
        let limits = ConnectionLimits::default();
        Self::new(Arc::default(), limits.unwritten_octets, &limits, None, all)
    }
}

impl Drop for WriteBudget {
    fn drop(&mut self) {
        self.give_back(0);
    }
}

/// Somebody that waits for octets to be taken.
struct UntakenWaiter<'budget>(&'budget WriteBudget);

impl Drop for UntakenWaiter<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SharedWriteBudget {
    fn left(&self) -> usize {
        self.most
            .saturating_sub(self.octets.load(Ordering::Relaxed))
    }

    fn take(&self, more: usize, most: usize) -> Result<(), WriteBudgetExceeded> {
        let before = self.octets.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > most {
            self.put(more);
            return Err(WriteBudgetExceeded);
        }
        Ok(())
    }

    fn put(&self, less: usize) {
        self.octets.fetch_sub(less, Ordering::Relaxed);
    }
}

impl WriteCharge {
    /// Splits off what is counted for a part of the answer that goes on its way.
    pub(in crate::listeners) fn part(&mut self, octets: usize) -> Self {
        let octets = octets.min(self.octets);
        self.octets -= octets;
        let (budget, due) = (Arc::clone(&self.budget), self.due);
        budget.due_at(due).fetch_add(1, Ordering::Relaxed);
        Self {
            budget,
            octets,
            due,
        }
    }
}

impl Drop for WriteCharge {
    fn drop(&mut self) {
        self.budget.due_at(self.due).fetch_sub(1, Ordering::Relaxed);
        self.budget.release(self.octets);
    }
}
