//! What forwarding counts: of each upstream, of questions, and of the cache. Labels come from the configuration alone.
//!
//! Floor 2. They are written to where a client waits for an upstream anyway, and read when they are scraped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::dns::Rcode;

/// The upper ends of the buckets of round trips, in microseconds.
pub const ROUND_TRIP_BUCKETS_MICROSECONDS: [u64; 12] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
];

/// What became of a query to an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamResult {
    /// An answer.
    Answered,
    /// An answer that says that there is none: SERVFAIL, REFUSED, a referral.
    Failed,
    /// An answer that cannot be read or believed.
    Malformed,
    /// An answer that is cut short: over UDP it is asked for again over TCP.
    Truncated,
    /// No answer in time.
    Silent,
    /// Nobody there.
    Unreachable,
}

impl UpstreamResult {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Failed,
        Self::Malformed,
        Self::Truncated,
        Self::Silent,
        Self::Unreachable,
    ];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::Silent => "silent",
            Self::Unreachable => "unreachable",
        }
    }
}

/// The counters of one upstream.
#[derive(Debug, Default)]
pub struct UpstreamCounters {
    results: [AtomicU64; UpstreamResult::ALL.len()],
    /// Responses by the four bits of the code in the header.
    rcodes: [AtomicU64; 16],
    /// Datagrams that were not the response.
    pub mismatches: AtomicU64,
    round_trips: [AtomicU64; ROUND_TRIP_BUCKETS_MICROSECONDS.len() + 1],
    microseconds: AtomicU64,
}

/// The counters of questions and of the cache.
#[derive(Debug, Default)]
pub struct ForwardCounters {
    /// Questions answered from the shared cache.
    pub hits: AtomicU64,
    /// How many of these were denials.
    pub denial_hits: AtomicU64,
    /// Questions that it had no answer for.
    pub misses: AtomicU64,
    /// Answers that were given though their time was over.
    pub stale: AtomicU64,
    /// Failures that were given again.
    pub failures: AtomicU64,
    /// Questions that waited for one that was the same.
    pub coalesced: AtomicU64,
    /// Questions that found too many waiting.
    pub refused: AtomicU64,
    /// Answers that were asked for again before their time was over.
    pub prefetched: AtomicU64,
    /// Questions that came back to where they had come from.
    pub looped: AtomicU64,
}

impl UpstreamCounters {
    /// Counts what became of a query.
    pub fn count(&self, result: UpstreamResult) {
        self.results[result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a response by its code.
    pub(super) fn count_rcode(&self, response: &[u8]) {
        if let Some(bits) = response.get(3) {
            self.rcodes[usize::from(bits & 0xf)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many responses had each code.
    pub fn rcodes(&self) -> impl Iterator<Item = (Rcode, u64)> + '_ {
        let counts = (0..).map(Rcode).zip(&self.rcodes);
        counts.map(|(rcode, count)| (rcode, count.load(Ordering::Relaxed)))
    }

    /// Counts a round trip.
    pub fn count_round_trip(&self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = ROUND_TRIP_BUCKETS_MICROSECONDS.partition_point(|end| *end < microseconds);
        self.round_trips[bucket].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// How often something became of queries.
    pub fn results(&self) -> impl Iterator<Item = (UpstreamResult, u64)> + '_ {
        let counts = UpstreamResult::ALL.iter().zip(&self.results);
        counts.map(|(result, count)| (*result, count.load(Ordering::Relaxed)))
    }

    /// The round trips by bucket, those above the last one at the end, and the sum of all in seconds.
    pub fn round_trips(&self) -> (Vec<u64>, f64) {
        let buckets = self.round_trips.iter();
        let microseconds = self.microseconds.load(Ordering::Relaxed);
        (
            buckets.map(|it| it.load(Ordering::Relaxed)).collect(),
            Duration::from_micros(microseconds).as_secs_f64(),
        )
    }
}

/// Adds one to a counter.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
