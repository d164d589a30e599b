//! One open connection as the registry sees it: whether a query is under way on it, since when it is idle, and
//! how it is asked to make room.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One open connection; it is idle unless a query of it waits for its answer.
#[derive(Debug)]
pub struct Presence {
    begun: Instant,
    /// When a query last came or was answered, in milliseconds since `begun`.
    active: AtomicU64,
    waiting: AtomicUsize,
    leaving: CancellationToken,
}

impl Presence {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            active: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
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

    /// Since when it is idle; none while a query waits.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let active = Duration::from_millis(self.active.load(Ordering::Relaxed));
        (!self.is_waiting()).then(|| self.begun + active)
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

impl Default for Presence {
    fn default() -> Self {
        Self::new()
    }
}
