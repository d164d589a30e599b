//! How long to wait before Nomad is asked again after it failed.
//!
//! Floor 2. Full jitter: any time up to a bound that doubles, so that many gateways do not come back together.

use std::time::Duration;

use rand::RngExt;

/// The first bound.
const FIRST: Duration = Duration::from_millis(100);

/// Failures in a row, and the pauses that they make.
#[derive(Debug)]
pub(super) struct Pace {
    failures: u32,
    most: Duration,
}

impl Pace {
    pub(super) fn new(most: Duration) -> Self {
        Self { failures: 0, most }
    }

    /// Counts a failure and returns the pause after it.
    pub(super) fn failed(&mut self) -> Duration {
        let bound = self.bound();
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(rand::rng().random_range(0.0..=1.0))
    }

    /// Forgets the failures.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Counts the failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    fn bound(&self) -> Duration {
        FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_most_and_begin_anew_after_success() {
        let mut pace = Pace::new(Duration::from_secs(30));
        let bounds: Vec<_> = (0..12)
            .map(|_| {
                let bound = pace.bound();
                assert!(pace.failed() <= bound);
                bound.as_millis()
            })
            .collect();
        assert_eq!(bounds[..4], [100, 200, 400, 800]);
        assert_eq!(bounds[9..], [30_000, 30_000, 30_000]);
        pace.succeeded();
        assert_eq!(pace.bound(), FIRST);
    }
}
