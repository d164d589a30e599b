//! The queue of entries between a worker and the writer: as many slots as it has, all of them made at the start.
//!
//! Floor 2. A slot goes from `free` to `filled` and back. Both are lock-free, so neither side waits for the other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;

use super::ObservedQuery;
use super::entry::{QueryLogEntry, ResponseKeeping};

/// How many octets the entries of one queue may take together that are longer than their room.
const LONG_OCTETS: usize = 4 << 20;

/// Entries on their way to the writer.
#[derive(Debug)]
pub(super) struct EntryQueue {
    free: ArrayQueue<Box<QueryLogEntry>>,
    filled: ArrayQueue<Box<QueryLogEntry>>,
    keeps: ResponseKeeping,
    /// The octets of entries that are longer than their room.
    long: AtomicUsize,
    /// How many queries the filter has let through.
    seen: AtomicU64,
}

impl EntryQueue {
    pub(super) fn new(entries: usize, keeps: ResponseKeeping) -> Self {
        let entries = entries.max(1);
        let free = ArrayQueue::new(entries);
        while free.push(Box::new(QueryLogEntry::new())).is_ok() {}
        Self {
            free,
            filled: ArrayQueue::new(entries),
            keeps,
            long: AtomicUsize::new(0),
            seen: AtomicU64::new(0),
        }
    }

    /// Whether it is the turn of this query, where one of so many is taken.
    pub(super) fn is_sampled(&self, one_of: u64) -> bool {
        one_of <= 1
            || self
                .seen
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(one_of)
    }

    /// Adds a query; tells whether there was room.
    pub(super) fn push(&self, observed: &ObservedQuery<'_>) -> bool {
        let excess = QueryLogEntry::excess(observed, self.keeps);
        if excess > 0 && self.long.fetch_add(excess, Ordering::Relaxed) + excess > LONG_OCTETS {
            self.long.fetch_sub(excess, Ordering::Relaxed);
            return false;
        }
        let Some(mut entry) = self.free.pop() else {
            self.long.fetch_sub(excess, Ordering::Relaxed);
            return false;
        };
        entry.fill(observed, self.keeps);
        // There are as many slots as it takes.
        self.filled.push(entry).is_ok()
    }

    /// Takes the next entry.
    pub(super) fn pop(&self) -> Option<Box<QueryLogEntry>> {
        self.filled.pop()
    }

    /// Has the slot of an entry used again.
    pub(super) fn give_back(&self, mut entry: Box<QueryLogEntry>) {
        self.long.fetch_sub(entry.shrink(), Ordering::Relaxed);
        // There are as many slots as it takes.
        let _ = self.free.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::dns::Transport;

    fn observed<'octets>(query: &'octets [u8], response: &'octets [u8]) -> ObservedQuery<'octets> {
        ObservedQuery {
            query,
            response,
            client: None,
            port: 0,
            transport: Transport::Tcp,
            begun: Instant::now(),
        }
    }

    #[test]
    fn a_full_queue_takes_nothing_until_an_entry_is_given_back() {
        let queue = EntryQueue::new(3, ResponseKeeping::Whole);
        let taken = (0..10)
            .filter(|_| queue.push(&observed(b"q", b"r")))
            .count();
        assert_eq!(taken, 3);
        let entry = queue.pop().unwrap();
        assert_eq!((entry.query(), entry.response()), (&b"q"[..], &b"r"[..]));
        assert!(!queue.push(&observed(b"q", b"r")));
        queue.give_back(entry);
        assert!(queue.push(&observed(b"q", b"r")));
    }

    #[test]
    fn long_responses_are_bounded_in_octets_and_their_room_is_given_back() {
        let (queue, long) = (
            EntryQueue::new(1000, ResponseKeeping::Whole),
            vec![7; 65_535],
        );
        let taken = (0..1000)
            .filter(|_| queue.push(&observed(b"q", &long)))
            .count();
        assert_eq!(taken, LONG_OCTETS / 65_536);
        assert!(queue.push(&observed(b"q", b"r")));
        while let Some(entry) = queue.pop() {
            queue.give_back(entry);
        }
        assert_eq!(queue.long.load(Ordering::Relaxed), 0);
        assert!(queue.push(&observed(b"q", &long)));
    }

    #[test]
    fn where_the_response_is_not_written_only_its_header_is_kept_of_a_long_one() {
        let (queue, long) = (
            EntryQueue::new(1, ResponseKeeping::WhatFits),
            vec![7; 65_535],
        );
        assert!(queue.push(&observed(b"q", &long)));
        let entry = queue.pop().unwrap();
        assert_eq!(
            (entry.response().len(), entry.response_octets),
            (12, 65_535)
        );
        assert_eq!(queue.long.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_of_so_many_is_sampled() {
        let queue = EntryQueue::new(1, ResponseKeeping::Whole);
        let sampled = |one_of| (0..1000).filter(|_| queue.is_sampled(one_of)).count();
        assert_eq!([1, 2, 10, 1000].map(sampled), [1000, 500, 100, 1]);
    }
}
