//! What costs much waits for its turn: one such answer at a time is made, and clients take turns.
//!
//! Floor 3, inside the cache and the limits. Each query is tried within bounds first, where it arrived; what is refused
//! there comes here. Over UDP it is handed on first, so that no thread that answers others makes it.

mod equal;
#[cfg(test)]
mod proofs;
mod turn;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::{Layer, Service};

use self::equal::{Equal, Role};
use self::turn::FairSemaphore;
use super::proof::client_address;
use crate::answers::{AnswerError, Attempt, Effort, SourcedAnswer};
use crate::dns::{CookieSecrets, Query, Transport};
use crate::fair_queue::QueueCapacity;

/// How often a query waits for an equal one, where what that has made no longer holds, before it has a turn alone.
const TIMES_SHARED: usize = 3;

/// Has a service's answers that cost much wait for their turn.
#[derive(Clone, Debug)]
pub(super) struct TurnsLayer {
    waits: Arc<InTurnShared>,
    cookies: Option<Arc<CookieSecrets>>,
}

/// Answers in turn what costs much.
#[derive(Clone, Debug)]
pub(super) struct InTurn<S> {
    inner: S,
    waits: Arc<InTurnShared>,
    cookies: Option<Arc<CookieSecrets>>,
}

/// What queries of all workers wait for.
#[derive(Debug)]
struct InTurnShared {
    turns: Arc<FairSemaphore>,
    equal: Arc<Equal>,
}

/// An answer, or the wait for the turn to make it.
#[derive(Debug)]
pub(super) struct InTurnFuture<S: Service<Attempt>>(InTurnState<S>);

enum InTurnState<S: Service<Attempt>> {
    Bounded {
        first: S::Future,
        attempt: Box<Attempt>,
        inner: S,
        waits: Arc<InTurnShared>,
    },
    Waiting(Pin<Box<dyn Future<Output = Result<SourcedAnswer, AnswerError>> + Send>>),
}

impl TurnsLayer {
    /// Makes the layer: so many answers at once, and so much room for those who wait.
    pub(super) fn new(at_once: usize, room: QueueCapacity) -> Self {
        Self {
            waits: Arc::new(InTurnShared {
                turns: Arc::new(FairSemaphore::new(at_once, room)),
                equal: Arc::new(Equal::new(room.per_class)),
            }),
            cookies: None,
        }
    }

    /// Has cookies that were made with these secrets prove their client's address.
    pub(super) fn knowing_cookies(self, secrets: CookieSecrets) -> Self {
        Self {
            cookies: Some(Arc::new(secrets)),
            ..self
        }
    }
}

impl<S> Layer<S> for TurnsLayer {
    type Service = InTurn<S>;

    fn layer(&self, inner: S) -> InTurn<S> {
        InTurn {
            inner,
            waits: Arc::clone(&self.waits),
            cookies: self.cookies.clone(),
        }
    }
}

impl<S> Service<Query> for InTurn<S>
where
    S: Service<Attempt, Response = SourcedAnswer, Error = AnswerError>
        + Clone
        + Send
        + Unpin
        + 'static,
    S::Future: Send + Unpin,
{
    type Response = SourcedAnswer;
    type Error = AnswerError;
    type Future = InTurnFuture<S>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, query: Query) -> InTurnFuture<S> {
        let attempt = Attempt {
            client: client_address(&query, self.cookies.as_deref()),
            query,
            effort: Effort::Bounded,
        };
        InTurnFuture(InTurnState::Bounded {
            first: self.inner.call(attempt.clone()),
            attempt: Box::new(attempt),
            inner: self.inner.clone(),
            waits: Arc::clone(&self.waits),
        })
    }
}

impl<S> Future for InTurnFuture<S>
where
    S: Service<Attempt, Response = SourcedAnswer, Error = AnswerError>
        + Clone
        + Send
        + Unpin
        + 'static,
    S::Future: Send + Unpin,
{
    type Output = Result<SourcedAnswer, AnswerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                InTurnState::Waiting(answer) => return answer.as_mut().poll(context),
                InTurnState::Bounded {
                    first,
                    attempt,
                    inner,
                    waits,
                } => match std::task::ready!(Pin::new(first).poll(context)) {
                    Err(AnswerError::OutOfTurn) => {
                        let answer = in_turn(Arc::clone(waits), inner.clone(), attempt.clone());
                        self.0 = InTurnState::Waiting(Box::pin(answer));
                    }
                    done => return Poll::Ready(done),
                },
            }
        }
    }
}

async fn in_turn<S>(
    waits: Arc<InTurnShared>,
    mut inner: S,
    attempt: Box<Attempt>,
) -> Result<SourcedAnswer, AnswerError>
where
    S: Service<Attempt, Response = SourcedAnswer, Error = AnswerError>,
{
    if attempt.query.transport == Transport::Udp {
        tokio::task::yield_now().await;
    }
    let whole = |attempt: Attempt| Attempt {
        effort: Effort::Whole,
        ..attempt
    };
    for _ in 0..TIMES_SHARED {
        match waits.equal.join(&attempt)? {
            Role::First(first) => {
                let turn = waits.turns.take(attempt.client).await?;
                let reply = inner.call(whole(*attempt)).await?;
                drop(turn);
                first.share(&reply);
                return Ok(reply);
            }
            Role::Other(waiting) => {
                if let Ok(reply) = waiting.await {
                    return Ok(reply);
                }
                // It no longer holds, or who had it made gave up; what it is made of may be there by now.
                match inner.call(Attempt::clone(&attempt)).await {
                    Err(AnswerError::OutOfTurn) => {}
                    done => return done,
                }
            }
        }
    }
    let _turn = waits.turns.take(attempt.client).await?;
    inner.call(whole(*attempt)).await
}

impl<S: Service<Attempt>> std::fmt::Debug for InTurnState<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bounded { .. } => "Bounded",
            Self::Waiting(_) => "Waiting",
        })
    }
}
