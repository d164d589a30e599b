//! How many transfers run, and what became of those that ran.
//!
//! Floor 3.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The places of transfers; a clone shares them.
#[derive(Clone, Debug, Default)]
pub struct TransferSlots(Arc<TransferCounters>);

/// What became of transfers.
#[derive(Debug, Default)]
pub(super) struct TransferCounters {
    running: AtomicUsize,
    whole: AtomicU64,
    incremental: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    octets: AtomicU64,
}

/// The place of one transfer, free again when it is dropped, which counts what became of it.
#[derive(Debug)]
pub(super) struct TransferSlot {
    counters: Arc<TransferCounters>,
    is_done: bool,
}

impl TransferSlots {
    /// Takes a place, if fewer than `most` are taken.
    pub(super) fn take(&self, most: usize) -> Option<TransferSlot> {
        let more = |running| (running < most).then_some(running + 1);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        let taken = self.0.running.fetch_update(set, fetch, more);
        taken.ok().map(|_| TransferSlot {
            counters: Arc::clone(&self.0),
            is_done: false,
        })
    }

    /// Counts a transfer that was refused.
    pub fn count_refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many run now.
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::Relaxed)
    }

    /// How many were served: whole zones (AXFR), and changes (IXFR).
    pub fn served(&self) -> [(&'static str, u64); 2] {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("axfr", count(&self.0.whole)),
            ("ixfr", count(&self.0.incremental)),
        ]
    }

    /// How many ended early: the client left or took too long.
    pub fn failed(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }

    /// How many were refused.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// How many octets were sent by those that were served.
    pub fn octets(&self) -> u64 {
        self.0.octets.load(Ordering::Relaxed)
    }
}

impl TransferSlot {
    /// Counts the transfer as served; it has failed if that is not called.
    pub(super) fn count_done(&mut self, is_whole: bool, octets: usize) {
        let counters = &self.counters;
        self.is_done = true;
        let kind = match is_whole {
            true => &counters.whole,
            false => &counters.incremental,
        };
        kind.fetch_add(1, Ordering::Relaxed);
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        counters.octets.fetch_add(octets, Ordering::Relaxed);
    }
}

impl Drop for TransferSlot {
    fn drop(&mut self) {
        if !self.is_done {
            self.counters.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.counters.running.fetch_sub(1, Ordering::AcqRel);
    }
}
