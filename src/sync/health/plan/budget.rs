//! How many requests a second may be used for health.
//!
//! Floor 2. What was not used in the last second may be used at once.

use tokio::time::{Duration, Instant};

/// The time over which an unused budget is kept.
const BURST: Duration = Duration::from_secs(1);

/// A budget of requests.
#[derive(Debug)]
pub(super) struct RequestBudget {
    each: Duration,
    free_at: Instant,
}

impl RequestBudget {
    pub(super) fn new(per_second: u32) -> Self {
        let now = Instant::now();
        Self {
            each: Duration::from_secs(1) / per_second.max(1),
            free_at: now.checked_sub(BURST).unwrap_or(now),
        }
    }

    /// Returns when the next request may be made.
    pub(super) fn free_at(&self) -> Instant {
        self.free_at
    }

    /// Spends one request.
    pub(super) fn take(&mut self, now: Instant) {
        let most = now.checked_sub(BURST).unwrap_or(now);
        self.free_at = self.free_at.max(most) + self.each;
    }
}
