//! Permits for requests: as many as there are connections, of which background requests get a part.
//!
//! Floor 1. One semaphore for all requests, and one for those that no answer depends on (checks, allocations).
//! However slow those are, the lists, streams and reads that answers depend on get a permit.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;

/// Connections that no request may count on. The pool gives a connection back a moment after its answer was read, and
/// closes one a moment after its request was given up; the request that follows finds none free then, and opens one more.
const SPARE: usize = 1;
/// Connections for the questions that tell whether a silent address lives; they must not wait for what is silent.
const PROBES: usize = 1;
/// The permits that the background may hold.
const BACKGROUND: usize = 3;

/// Turns of the runtime in which the task of a connection whose request was given up closes it: one to be told, one to act.
const CLOSING_TURNS: usize = 2;

/// What depends on a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Urgency {
    /// What is answered.
    #[default]
    Answers,
    /// Nothing at once: health, for example.
    Background,
    /// Whether an address is believed.
    Probe,
}

/// All permits.
#[derive(Debug)]
pub(super) struct Permits {
    requests: Arc<Semaphore>,
    background: Arc<Semaphore>,
    probes: Arc<Semaphore>,
}

/// The right to one request. It is given back when it is done with; when it is dropped before, as with a request that is
/// given up, as soon as what closes that one's connection has run.
#[derive(Debug)]
pub(super) struct Permit(Option<HeldPermit>);

#[derive(Debug)]
struct HeldPermit {
    _request: Option<OwnedSemaphorePermit>,
    _background: Option<OwnedSemaphorePermit>,
}

impl Permits {
    /// Makes the permits for so many connections.
    pub(super) fn new(connections: usize) -> Self {
        let requests = connections.saturating_sub(SPARE + PROBES).max(1);
        let background = BACKGROUND.min(requests.saturating_sub(1)).max(1);
        let semaphore = |count| Arc::new(Semaphore::new(count));
        Self {
            requests: semaphore(requests),
            background: semaphore(background),
            probes: semaphore(PROBES),
        }
    }

    /// Waits until there is one.
    pub(super) async fn one(&self, urgency: Urgency) -> Permit {
        let background = match urgency {
            Urgency::Background => taken(&self.background).await,
            Urgency::Answers | Urgency::Probe => None,
        };
        let of = match urgency {
            Urgency::Probe => &self.probes,
            Urgency::Answers | Urgency::Background => &self.requests,
        };
        Permit(Some(HeldPermit {
            _request: taken(of).await,
            _background: background,
        }))
    }
}

impl Permit {
    /// Gives it back at once: the answer was read whole.
    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move {
                for _ in 0..CLOSING_TURNS {
                    yield_now().await;
                }
                drop(held);
            });
        }
    }
}

async fn taken(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    // None only of a closed one, and none is ever closed.
    Arc::clone(semaphore).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_background_never_holds_the_last_permits() {
        let permits = Permits::new(10);
        let one = |urgency| permits.one(urgency).now_or_never();
        let background: Vec<_> = (0..10).map_while(|_| one(Urgency::Background)).collect();
        let answers: Vec<_> = (0..10).map_while(|_| one(Urgency::Answers)).collect();
        assert_eq!((background.len(), answers.len()), (3, 5));
        assert!(one(Urgency::Probe).is_some());
        background.into_iter().for_each(Permit::done);
        assert!(one(Urgency::Answers).is_some());
    }

    #[test]
    fn one_connection_is_enough_for_a_request() {
        let permits = Permits::new(1);
        for urgency in [Urgency::Answers, Urgency::Background, Urgency::Probe] {
            assert!(permits.one(urgency).now_or_never().is_some(), "{urgency:?}");
        }
    }
}
