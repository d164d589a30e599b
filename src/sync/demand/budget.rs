//! How many reads on demand may start in a second; what is not used is saved for one second.
//!
//! Floor 2, no I/O. A part is reserved for names that are known to have a service, so that known services stay
//! current.

use std::time::Duration;

use tokio::time::Instant;

use crate::token_bucket::TokenBucket;

/// Which part is kept back from names that are not known to have a service.
const KEPT_FROM_UNKNOWN: u32 = 4;

/// The reads that may be begun.
#[derive(Debug)]
pub(super) struct ReadBudget {
    per_second: u32,
    reads: TokenBucket,
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
        Self {
            per_second,
            reads: TokenBucket::new(per_second, Duration::from_secs(1), now),
        }
    }

    /// Whether there is a read now.
    pub(super) fn has(&self, share: BudgetShare, now: Instant) -> bool {
        self.reads.has(self.wanted(share), now)
    }

    /// Takes one that there is.
    pub(super) fn take(&mut self, now: Instant) {
        self.reads.take(now);
    }

    /// When there will be one, if none is taken meanwhile.
    pub(super) fn when(&self, share: BudgetShare) -> Instant {
        self.reads.when(self.wanted(share))
    }

    /// What has to be left to take one.
    fn wanted(&self, share: BudgetShare) -> u32 {
        let kept_back = match share {
            BudgetShare::All => 0,
            BudgetShare::Unknown => self.per_second / KEPT_FROM_UNKNOWN,
        };
        // A single read is for whoever comes first.
        (1 + kept_back).min(self.per_second)
    }
}
