//! Helpers for shared state: locks that survive a panic, and a gauge that can be waited for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Locks, whatever happened to the thread that held the lock before.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of things that are going on.
#[derive(Debug)]
pub(crate) struct Gauge(watch::Sender<usize>, AtomicUsize);

impl Default for Gauge {
    fn default() -> Self {
        Self(watch::Sender::new(0), AtomicUsize::new(0))
    }
}

impl Gauge {
    /// Counts one more until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered {
        self.0.send_modify(|now| {
            *now += 1;
            self.1.fetch_max(*now, Ordering::Relaxed);
        });
        Entered(self.0.clone())
    }

    pub(crate) fn now(&self) -> usize {
        *self.0.borrow()
    }

    /// The most that went on at the same time.
    pub(crate) fn peak(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }

    /// Waits until a number is going on at the same time.
    pub(crate) async fn reaches(&self, count: usize) {
        // The sender lives as long as self, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|now| *now >= count).await;
    }
}

/// One thing that goes on.
#[derive(Debug)]
pub(crate) struct Entered(watch::Sender<usize>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.send_modify(|now| *now = now.saturating_sub(1));
    }
}
