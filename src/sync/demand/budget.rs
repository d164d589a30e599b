//! How many reads on demand are begun in a second: what is not used is saved up for one second.
//!
//! Floor 2, no I/O. A part is kept back from names that are not known to have a service, so that what is known stays new.

use std::time::Duration;

use tokio::time::Instant;

/// Which part is kept back from names that are not known to have a service.
const KEPT_FROM_UNKNOWN: f64 = 4.0;

/// The reads that may be begun.
#[derive(Debug)]
pub(super) struct ReadBudget {
    per_second: f64,
    left: f64,
    counted: Instant,
}

/// Which reads of the budget are for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BudgetShare {
    All,
    /// Those that are not kept back.
    Unknown,
}

impl ReadBudget {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            left: per_second,
            counted: now,
        }
    }

    /// Whether there is a read now.
    pub(super) fn has(&mut self, part: BudgetShare, now: Instant) -> bool {
        let passed = now.duration_since(self.counted).as_secs_f64();
        self.counted = now;
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        self.left >= self.wanted(part)
    }

    /// Takes one that there is.
    pub(super) fn take(&mut self) {
        self.left -= 1.0;
    }

    /// When there will be one, if none is taken meanwhile.
    pub(super) fn when(&self, part: BudgetShare) -> Instant {
        let missing = (self.wanted(part) - self.left).max(0.0);
        let seconds = Duration::from_secs_f64(missing / self.per_second);
        // What is rounded off must not have it looked for too early, again and again.
        self.counted + seconds + Duration::from_millis(1)
    }

    /// What has to be left to take one.
    fn wanted(&self, part: BudgetShare) -> f64 {
        let kept_back = match part {
            BudgetShare::All => 0.0,
            BudgetShare::Unknown => (self.per_second / KEPT_FROM_UNKNOWN).floor(),
        };
        // A single read is for whoever comes first.
        (1.0 + kept_back).min(self.per_second)
    }
}
