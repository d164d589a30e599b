//! The sums of all workers' counters, for the graphs of the status page.
//!
//! Floor 3. It reads counters only, so it costs queries nothing.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Workers;
use super::counters::{BUCKETS_NANOSECONDS, RCODES};
use crate::dns::Rcode;

/// What was counted up to a moment, over all workers and transports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryTotals {
    /// Answers by code, in the order in which they are counted; all other codes last.
    answers: [u64; RCODES.len() + 1],
    /// Answers by duration, in the order of the buckets.
    durations: [u64; BUCKETS_NANOSECONDS.len() + 1],
    /// Queries answered from a cache.
    pub hits: u64,
    /// Queries that no cache had an answer for.
    pub misses: u64,
}

impl Workers {
    /// Adds up what all workers have counted.
    pub fn totals(&self) -> QueryTotals {
        let mut totals = QueryTotals::default();
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for worker in counters.iter() {
            add(&mut totals.answers, worker.answers.as_flattened());
            add(&mut totals.durations, worker.durations.as_flattened());
        }
        drop(counters);
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for table in tables.iter() {
            let counters = table.counters();
            totals.hits += counters.hits.load(Ordering::Relaxed);
            totals.misses += counters.misses.load(Ordering::Relaxed);
        }
        drop(tables);
        totals.hits += self.forwarded_hits();
        totals
    }
}

impl QueryTotals {
    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            answers: less(self.answers, &earlier.answers),
            durations: less(self.durations, &earlier.durations),
            hits: self.hits.saturating_sub(earlier.hits),
            misses: self.misses.saturating_sub(earlier.misses),
        }
    }

    /// All answers.
    pub fn answered(&self) -> u64 {
        self.answers.iter().sum()
    }

    /// Answers of one code that is counted by name.
    pub fn with(&self, rcode: Rcode) -> u64 {
        let place = RCODES.iter().position(|(known, _)| *known == rcode);
        place.map_or(0, |place| self.answers[place])
    }

    /// The time within which such a part of the answers was made, in seconds; none without answers.
    ///
    /// Within a bucket it is taken to be even, and what is above the last bucket as its end.
    pub fn quantile_seconds(&self, part: f64) -> Option<f64> {
        let all: u64 = self.durations.iter().sum();
        let wanted = all as f64 * part;
        let (mut below, mut start) = (0.0, 0.0);
        for (count, end) in self.durations.iter().zip(BUCKETS_NANOSECONDS) {
            let (count, end) = (*count as f64, end as f64 / 1e9);
            if count > 0.0 && below + count >= wanted {
                return Some(start + (end - start) * ((wanted - below) / count));
            }
            (below, start) = (below + count, end);
        }
        (all > 0).then_some(start)
    }
}

/// Adds counters to the sums of their kind; they are in rows of one for each transport.
fn add(sums: &mut [u64], counters: &[AtomicU64]) {
    for row in counters.chunks(sums.len()) {
        for (sum, counter) in sums.iter_mut().zip(row) {
            *sum += counter.load(Ordering::Relaxed);
        }
    }
}

fn less<const COUNT: usize>(now: [u64; COUNT], earlier: &[u64; COUNT]) -> [u64; COUNT] {
    std::array::from_fn(|place| now[place].saturating_sub(earlier[place]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::dns::Transport;
    use crate::layers::metrics::QueryCounters;

    #[test]
    fn totals_add_up_workers_and_transports_and_tell_quantiles() {
        let (workers, one, other) = (
            Workers::default(),
            QueryCounters::default(),
            QueryCounters::default(),
        );
        let took = |microseconds| Duration::from_micros(microseconds);
        one.count_answer(Transport::Udp, Rcode::NOERROR, took(3));
        one.count_answer(Transport::Tcp, Rcode::NXDOMAIN, took(3));
        other.count_answer(Transport::Udp, Rcode::NOERROR, took(3));
        workers.join(Arc::new(one));
        workers.join(Arc::new(other));
        let totals = workers.totals();
        assert_eq!(
            (
                totals.answered(),
                totals.with(Rcode::NOERROR),
                totals.with(Rcode::NXDOMAIN)
            ),
            (3, 2, 1)
        );
        // All are between 1 and 5 microseconds.
        let median = totals.quantile_seconds(0.5).unwrap();
        assert!((1e-6..=5e-6).contains(&median), "{median}");
        assert_eq!(totals.since(&totals).answered(), 0);
        assert_eq!(totals.since(&totals).quantile_seconds(0.5), None);
    }
}
