//! Tells whether a UDP worker still answers: it is sent a request, and its own thread replies.
//!
//! Floor 4. `app` uses it for `/healthz`. A worker checks for requests once a batch, with one load.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Asks one worker whether it answers.
#[derive(Debug)]
pub struct Pulse {
    /// How often it was asked.
    asked: AtomicU64,
    /// The last time that it has answered.
    answered: watch::Sender<u64>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            asked: AtomicU64::new(0),
            answered: watch::Sender::new(0),
        }
    }

    /// Has the worker ask itself; `felt` waits for that.
    pub fn ask(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until the worker has answered itself after that `ask`.
    ///
    /// A worker that is idle does so within `STOP_INTERVAL`; one that is stuck never does.
    pub async fn felt(&self, number: u64) {
        let mut answered = self.answered.subscribe();
        // The sender is here, so there is no error.
        let _ = answered.wait_for(|answered| *answered >= number).await;
    }

    /// Which time it was asked, if that is another than the last.
    pub(super) fn is_asked(&self, last: u64) -> Option<u64> {
        let asked = self.asked.load(Ordering::Relaxed);
        (asked != last).then_some(asked)
    }

    /// Says that the worker has answered.
    pub(super) fn answer(&self, number: u64) {
        self.answered.send_replace(number);
    }
}
