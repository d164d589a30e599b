//! How many reads on demand are begun in a second: what is not used is saved up for one second.
//!
//! Floor 2, no I/O.

use tokio::time::Instant;

/// The reads that may be begun.
#[derive(Debug)]
pub(super) struct Budget {
    per_second: f64,
    left: f64,
    counted: Instant,
}

impl Budget {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            left: per_second,
            counted: now,
        }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.counted).as_secs_f64();
        self.counted = now;
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}
