//! Which checks are read next: first those that were never read, then those that were read longest ago.
//!
//! Floor 2, no I/O. A namespace that refuses waits for its pause to end, and delays no other.

use std::cmp::Reverse;

use tokio::time::Instant;

use super::{CheckTurn, HealthPlan};
use crate::catalog::Id;

impl HealthPlan {
    /// Returns the next allocation whose checks are to be read, within the budget.
    pub(in crate::sync::health) fn next_read(&mut self, now: Instant) -> Option<CheckTurn> {
        if self.next_due(now)? > now {
            return None;
        }
        let turn = self.fresh.pop_front().or_else(|| {
            let Reverse((_, number, allocation)) = self.again.pop()?;
            Some(CheckTurn { allocation, number })
        })?;
        self.budget.take(now);
        Some(turn)
    }

    /// Returns when there is something to read; none while there is nothing at all.
    pub(in crate::sync::health) fn next_due(&mut self, now: Instant) -> Option<Instant> {
        while let Some(turn) = self.fresh.front() {
            let denied = self.denied_until(&turn.allocation).filter(|at| *at > now);
            if self.is_good(turn) && denied.is_none() {
                break;
            }
            self.put_off_first(denied);
        }
        while let Some(Reverse((at, number, allocation))) = self.again.peek() {
            let turn = CheckTurn {
                allocation: allocation.clone(),
                number: *number,
            };
            let denied = self.denied_until(allocation).filter(|until| until > at);
            if self.is_good(&turn) && denied.is_none() {
                break;
            }
            self.again.pop();
            if let Some(at) = denied.filter(|_| self.is_good(&turn)) {
                self.later(turn, at);
            }
        }
        let due = match self.fresh.front() {
            Some(_) => now,
            None => self.again.peek()?.0.0,
        };
        Some(due.max(self.budget.when(1)))
    }

    pub(super) fn is_good(&self, turn: &CheckTurn) -> bool {
        let found = self.allocations.get(&turn.allocation);
        found.is_some_and(|it| it.turn == turn.number)
    }

    fn denied_until(&self, allocation: &Id) -> Option<Instant> {
        self.denied.get(self.namespace(allocation)?).copied()
    }

    fn put_off_first(&mut self, until: Option<Instant>) {
        if let Some(turn) = self.fresh.pop_front()
            && let Some(until) = until
            && self.is_good(&turn)
        {
            self.later(turn, until);
        }
    }

    pub(super) fn later(&mut self, turn: CheckTurn, at: Instant) {
        self.again.push(Reverse((at, turn.number, turn.allocation)));
    }
}
