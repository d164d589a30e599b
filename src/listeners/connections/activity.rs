//! One open connection as the registry sees it: whether it has a query or an answer in progress, since when it is
//! idle, and how it is asked to close.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One open connection; it is idle unless a query of it waits for its answer, or an answer for its client.
#[derive(Debug)]
pub struct ConnectionActivity {
    begun: Instant,
    /// When a query last came or was answered, in milliseconds since `begun`.
    active: AtomicU64,
    waiting: AtomicUsize,
    /// The octets of answers that the client has not taken.
    pub(super) untaken: AtomicUsize,
    leaving: CancellationToken,
}

/// A connection that may make room for others: the least of them does so first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evictable {
    /// It is idle since then.
    Idle(Instant),
    /// Its client does not take an answer, or only slowly; nothing else came since then.
    Untaken(Instant),
}

impl ConnectionActivity {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            active: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            untaken: AtomicUsize::new(0),
            leaving: CancellationToken::new(),
        }
    }

    /// Notes that something went through at `now`.
    pub(in crate::listeners) fn is_active_at(&self, now: Instant) {
        let since = now.saturating_duration_since(self.begun).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.active.store(since, Ordering::Relaxed);
    }

    /// Says how many queries wait for their answers.
    pub(in crate::listeners) fn waits_for(&self, queries: usize) {
        self.waiting.store(queries, Ordering::Relaxed);
    }

    /// Has one query more wait for its answer.
    pub(in crate::listeners) fn begins_to_wait(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Has one query less wait.
    pub(in crate::listeners) fn ceases_to_wait(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a query waits for its answer.
    pub(in crate::listeners) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether it may make room for others, and how willingly; none while a query waits.
    pub(super) fn dispensable(&self) -> Option<Evictable> {
        let active = Duration::from_millis(self.active.load(Ordering::Relaxed));
        let since = self.begun + active;
        (!self.is_waiting()).then(|| match self.untaken.load(Ordering::Relaxed) {
            0 => Evictable::Idle(since),
            _ => Evictable::Untaken(since),
        })
    }

    /// Asks it to make room.
    pub(super) fn leave(&self) {
        self.leaving.cancel();
    }

    /// Waits until it is asked to make room.
    pub(in crate::listeners) async fn leaves(&self) {
        self.leaving.cancelled().await;
    }
}

impl Default for ConnectionActivity {
    fn default() -> Self {
        Self::new()
    }
}
