//! What costs much waits for its turn: one such answer at a time is made, and clients take turns.
//!
//! Floor 3, inside the cache and the limits. Each query is tried within bounds first, where it arrived; what is refused
//! there comes here. Over UDP it is handed on first, so that no thread that answers others makes it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tower::{Layer, Service};

use crate::answers::{AnswerError, Attempt, Effort, Reply};
use crate::dns::{Query, Transport};
use crate::fair_queue::FairQueue;

/// Has a service's answers that cost much wait for their turn.
#[derive(Clone, Debug)]
pub(super) struct TurnsLayer {
    turns: Arc<Turns>,
}

/// Answers in turn what costs much.
#[derive(Clone, Debug)]
pub(super) struct InTurn<S> {
    inner: S,
    turns: Arc<Turns>,
}

/// An answer, or the wait for the turn to make it.
#[derive(Debug)]
pub(super) struct InTurnFuture<S: Service<Attempt>>(State<S>);

enum State<S: Service<Attempt>> {
    Bounded {
        first: S::Future,
        query: Box<Query>,
        inner: S,
        turns: Arc<Turns>,
    },
    Waiting(Pin<Box<dyn Future<Output = Result<Reply, AnswerError>> + Send>>),
}

/// The turns of all workers.
#[derive(Debug)]
pub(super) struct Turns {
    at_once: usize,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// How many answers are made now.
    taken: usize,
    waiting: FairQueue<oneshot::Sender<Turn>>,
}

/// Leave to make one answer; the next client's turn begins when it is dropped.
#[derive(Debug)]
struct Turn(Option<Arc<Turns>>);

impl TurnsLayer {
    /// Makes the layer: so many answers at once, and so many of one client may wait.
    pub(super) fn new(at_once: usize, waiting_per_client: usize) -> Self {
        let held = Mutex::new(Held {
            taken: 0,
            waiting: FairQueue::new(waiting_per_client),
        });
        Self {
            turns: Arc::new(Turns { at_once, held }),
        }
    }
}

impl<S> Layer<S> for TurnsLayer {
    type Service = InTurn<S>;

    fn layer(&self, inner: S) -> InTurn<S> {
        InTurn {
            inner,
            turns: Arc::clone(&self.turns),
        }
    }
}

impl<S> Service<Query> for InTurn<S>
where
    S: Service<Attempt, Response = Reply, Error = AnswerError> + Clone + Send + Unpin + 'static,
    S::Future: Send + Unpin,
{
    type Response = Reply;
    type Error = AnswerError;
    type Future = InTurnFuture<S>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, query: Query) -> InTurnFuture<S> {
        let first = self.inner.call(Attempt {
            query: query.clone(),
            effort: Effort::Bounded,
        });
        InTurnFuture(State::Bounded {
            first,
            query: Box::new(query),
            inner: self.inner.clone(),
            turns: Arc::clone(&self.turns),
        })
    }
}

impl<S> Future for InTurnFuture<S>
where
    S: Service<Attempt, Response = Reply, Error = AnswerError> + Clone + Send + Unpin + 'static,
    S::Future: Send + Unpin,
{
    type Output = Result<Reply, AnswerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                State::Waiting(answer) => return answer.as_mut().poll(context),
                State::Bounded {
                    first,
                    query,
                    inner,
                    turns,
                } => match std::task::ready!(Pin::new(first).poll(context)) {
                    Err(AnswerError::OutOfTurn) => {
                        let answer = in_turn(Arc::clone(turns), inner.clone(), query.clone());
                        self.0 = State::Waiting(Box::pin(answer));
                    }
                    done => return Poll::Ready(done),
                },
            }
        }
    }
}

async fn in_turn<S>(
    turns: Arc<Turns>,
    mut inner: S,
    query: Box<Query>,
) -> Result<Reply, AnswerError>
where
    S: Service<Attempt, Response = Reply, Error = AnswerError>,
{
    if query.transport == Transport::Udp {
        tokio::task::yield_now().await;
    }
    let turn = turns.take(query.client).await?;
    let attempt = Attempt {
        query: *query,
        effort: Effort::Whole,
    };
    let reply = inner.call(attempt).await;
    drop(turn);
    reply
}

impl Turns {
    /// Waits until it is the client's turn.
    async fn take(self: &Arc<Self>, client: Option<IpAddr>) -> Result<Turn, AnswerError> {
        let waiting = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.taken < self.at_once {
                held.taken += 1;
                return Ok(Turn(Some(Arc::clone(self))));
            }
            // Who gave up takes no room.
            let (sender, waiting) = oneshot::channel();
            if let Err(sender) = held.waiting.push(client, sender) {
                held.waiting.retain(|waiting| !waiting.is_closed());
                let pushed = held.waiting.push(client, sender);
                pushed.map_err(|_| AnswerError::Overloaded)?;
            }
            waiting
        };
        waiting.await.map_err(|_| AnswerError::Overloaded)
    }

    /// Ends a turn: gives it to the next who still waits.
    fn pass_on(self: Arc<Self>) {
        let mut turn = Turn(Some(Arc::clone(&self)));
        loop {
            let next = {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                let next = held.waiting.pop();
                if next.is_none() {
                    held.taken -= 1;
                }
                next
            };
            let Some(next) = next else {
                // It is given back already.
                turn.0 = None;
                return;
            };
            match next.send(turn) {
                Ok(()) => return,
                Err(back) => turn = back,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

impl<S: Service<Attempt>> std::fmt::Debug for State<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bounded { .. } => "Bounded",
            Self::Waiting(_) => "Waiting",
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn client(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn turns_go_from_client_to_client_and_to_nobody_who_gave_up() {
        let TurnsLayer { turns } = TurnsLayer::new(1, 2);
        let first = turns.take(client(1)).now_or_never().unwrap().unwrap();
        let take = |number| Box::pin(turns.take(client(number)));
        let (mut much, mut more, mut gone, mut little) = (take(1), take(1), take(2), take(3));
        for waiting in [&mut much, &mut more, &mut gone, &mut little] {
            assert!(waiting.now_or_never().is_none());
        }
        let refused = take(1).now_or_never().unwrap();
        assert_eq!(refused.err(), Some(AnswerError::Overloaded));
        drop(gone);
        drop(first);
        let second = much.now_or_never().unwrap().unwrap();
        assert!((&mut little).now_or_never().is_none());
        drop(second);
        let third = little.now_or_never().unwrap().unwrap();
        drop(third);
        drop(more.now_or_never().unwrap().unwrap());
        assert_eq!(turns.held.lock().unwrap().taken, 0);
    }

    #[test]
    fn who_gives_up_takes_no_room_and_keeps_no_turn() {
        let TurnsLayer { turns } = TurnsLayer::new(1, 1);
        let first = turns.take(client(1)).now_or_never().unwrap().unwrap();
        let mut gone = Box::pin(turns.take(client(1)));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut given_and_dropped = Box::pin(turns.take(client(1)));
        assert!((&mut given_and_dropped).now_or_never().is_none());
        drop(first);
        drop(given_and_dropped);
        assert!(turns.take(client(2)).now_or_never().is_some());
        assert_eq!(turns.held.lock().unwrap().taken, 0);
    }
}
