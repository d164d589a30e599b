//! The pauses before Nomad is tried again after a failure: exponential backoff with full jitter.
//!
//! Floor 2. Each is a random time up to a limit that doubles, so that many gateways do not come back together.

use std::time::Duration;

use rand::RngExt;

/// The first bound.
const FIRST: Duration = Duration::from_millis(100);

/// Failures in a row, and the pauses that they make.
#[derive(Debug)]
pub(in crate::sync) struct Backoff {
    failures: u32,
    most: Duration,
}

impl Backoff {
    pub(in crate::sync) fn new(most: Duration) -> Self {
        Self { failures: 0, most }
    }

    /// Counts a failure and returns the pause after it.
    pub(in crate::sync) fn failed(&mut self) -> Duration {
        let bound = self.bound();
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(rand::rng().random_range(0.0..=1.0))
    }

    /// Forgets the failures.
    pub(in crate::sync) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Counts the failures in a row.
    pub(in crate::sync) fn failures(&self) -> u32 {
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
        let mut backoff = Backoff::new(Duration::from_secs(30));
        let bounds: Vec<_> = (0..12)
            .map(|_| {
                let bound = backoff.bound();
                assert!(backoff.failed() <= bound);
                bound.as_millis()
            })
            .collect();
        assert_eq!(bounds[..4], [100, 200, 400, 800]);
        assert_eq!(bounds[9..], [30_000, 30_000, 30_000]);
        backoff.succeeded();
        assert_eq!(backoff.bound(), FIRST);
    }
}
