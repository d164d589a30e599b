//! How long the synchronisation takes: to read everything, and to bring a change into the answers.
//!
//! Floor 2. The engine measures, and metrics read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::exposition::{Histogram, HistogramCounts};

/// The upper ends of the buckets of changes, in microseconds.
const CHANGE_BUCKETS_MICROSECONDS: [u64; 14] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000,
];
const MICROSECONDS: f64 = 1e6;

/// The durations that were measured.
#[derive(Debug)]
pub(super) struct SyncDurations {
    changes: Histogram,
    /// Of the last time that everything was read, in microseconds; 0 before the first.
    full_read: AtomicU64,
}

impl Default for SyncDurations {
    fn default() -> Self {
        Self {
            changes: Histogram::new(&CHANGE_BUCKETS_MICROSECONDS),
            full_read: AtomicU64::new(0),
        }
    }
}

impl SyncDurations {
    /// Notes how long it took from an event until its change was published.
    pub(super) fn change(&self, took: Duration) {
        self.changes.observe(microseconds(took));
    }

    /// Notes how long it took to read everything.
    pub(super) fn full_read(&self, took: Duration) {
        self.full_read.store(microseconds(took), Ordering::Relaxed);
    }

    /// How long changes took, in seconds.
    pub(super) fn changes(&self) -> HistogramCounts {
        self.changes.counts(MICROSECONDS)
    }

    /// How long it took to read everything the last time; zero before the first.
    pub(super) fn last_full_read(&self) -> Duration {
        Duration::from_micros(self.full_read.load(Ordering::Relaxed))
    }
}

fn microseconds(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
