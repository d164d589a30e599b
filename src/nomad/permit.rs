//! The right to use one of a few connections, which a request holds until its connection is free again or closed.
//!
//! Floor 1. Each has a number, by which an endpoint finds the HTTP client with that one connection. One that was
//! used lately is taken again, since its connection is still open, but not before it is surely free. A request that is given up leaves a connection
//! that closes behind its back: its permit is given back a little later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// The places that are free and since when, the one given back last at the end.
type Resting = VecDeque<(usize, Instant)>;

/// How long it may take until a connection is free whose answer was read.
const RETURNING: Duration = Duration::from_millis(5);
/// How long a connection may take to close.
const CLOSING: Duration = Duration::from_millis(20);

/// All permits.
#[derive(Debug)]
pub(super) struct Permits {
    semaphore: Arc<Semaphore>,
    resting: Arc<Mutex<Resting>>,
}

/// The right to one connection.
#[derive(Debug)]
pub(super) struct Permit {
    place: usize,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    place: usize,
    resting: Arc<Mutex<Resting>>,
    /// Given back after the place.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Permits {
    pub(super) fn new(count: usize) -> Self {
        let now = Instant::now();
        Self {
            semaphore: Arc::new(Semaphore::new(count)),
            resting: Arc::new(Mutex::new((0..count).map(|place| (place, now)).collect())),
        }
    }

    /// Waits until there is one.
    pub(super) async fn one(&self) -> Permit {
        // It is never closed, and there are as many places as permits.
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok();
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let free = resting
            .iter()
            .rposition(|(_, since)| since.elapsed() >= RETURNING);
        let place = resting
            .remove(free.unwrap_or(0))
            .map_or(0, |(place, _)| place);
        Permit {
            place,
            held: Some(Held {
                place,
                resting: Arc::clone(&self.resting),
                _permit: permit,
            }),
        }
    }
}

impl Permit {
    /// Which connection it is for, from 0.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Gives it back at once: the answer was read whole, and the connection is free.
    pub(super) fn done(mut self) {
        self.held = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(async move {
                sleep(CLOSING).await;
                drop(held);
            });
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.push_back((self.place, Instant::now()));
    }
}
