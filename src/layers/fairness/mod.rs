//! Expensive answers wait for their turn: one is made at a time, and clients take turns.
//!
//! Floor 3, inside the cache and the limits. Each query is first tried within limits, where it arrived; if it exceeds
//! them, it waits here. Over UDP it is first moved to another thread, so that no thread that answers other queries
//! does the work.

mod coalesce;
#[cfg(test)]
mod proofs;
mod semaphore;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::{Layer, Service};

use self::coalesce::{Coalescer, Role};
use self::semaphore::FairSemaphore;
use super::proof::client_address;
use crate::answers::{AnswerError, Attempt, Effort, SourcedAnswer};
use crate::dns::{CookieSecrets, Query, Transport};
use crate::fair_queue::QueueCapacity;

/// How often a query waits for an equal one, where what that has made no longer holds, before it has a turn alone.
const TIMES_SHARED: usize = 3;

/// Has a service's answers that cost much wait for their turn.
#[derive(Clone, Debug)]
pub(super) struct FairnessLayer {
    waits: Arc<FairnessShared>,
    cookies: Option<Arc<CookieSecrets>>,
}

/// Answers in turn what costs much.
#[derive(Clone, Debug)]
pub(super) struct Fairness<S> {
    inner: S,
    waits: Arc<FairnessShared>,
    cookies: Option<Arc<CookieSecrets>>,
}

/// What queries of all workers wait for.
#[derive(Debug)]
struct FairnessShared {
    turns: Arc<FairSemaphore>,
    equal: Arc<Coalescer>,
}

/// An answer, or the wait for the turn to make it.
#[derive(Debug)]
pub(super) struct FairnessFuture<S: Service<Attempt>>(FairnessState<S>);

enum FairnessState<S: Service<Attempt>> {
    Bounded {
        first: S::Future,
        attempt: Box<Attempt>,
        inner: S,
        waits: Arc<FairnessShared>,
    },
    Waiting(Pin<Box<dyn Future<Output = Result<SourcedAnswer, AnswerError>> + Send>>),
}

impl FairnessLayer {
    /// Makes the layer: so many answers at once, and so much room for those who wait.
    pub(super) fn new(at_once: usize, room: QueueCapacity) -> Self {
        Self {
            waits: Arc::new(FairnessShared {
                turns: Arc::new(FairSemaphore::new(at_once, room)),
                equal: Arc::new(Coalescer::new(room.per_class)),
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

impl<S> Layer<S> for FairnessLayer {
    type Service = Fairness<S>;

    fn layer(&self, inner: S) -> Fairness<S> {
        Fairness {
            inner,
            waits: Arc::clone(&self.waits),
            cookies: self.cookies.clone(),
        }
    }
}

impl<S> Service<Query> for Fairness<S>
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
    type Future = FairnessFuture<S>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, query: Query) -> FairnessFuture<S> {
        let attempt = Attempt {
            client: client_address(&query, self.cookies.as_deref()),
            query,
            effort: Effort::Bounded,
        };
        FairnessFuture(FairnessState::Bounded {
            first: self.inner.call(attempt.clone()),
            attempt: Box::new(attempt),
            inner: self.inner.clone(),
            waits: Arc::clone(&self.waits),
        })
    }
}

impl<S> Future for FairnessFuture<S>
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
                FairnessState::Waiting(answer) => return answer.as_mut().poll(context),
                FairnessState::Bounded {
                    first,
                    attempt,
                    inner,
                    waits,
                } => match std::task::ready!(Pin::new(first).poll(context)) {
                    Err(AnswerError::TooCostly) => {
                        let answer = in_turn(Arc::clone(waits), inner.clone(), attempt.clone());
                        self.0 = FairnessState::Waiting(Box::pin(answer));
                    }
                    done => return Poll::Ready(done),
                },
            }
        }
    }
}

async fn in_turn<S>(
    waits: Arc<FairnessShared>,
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
                    Err(AnswerError::TooCostly) => {}
                    done => return done,
                }
            }
        }
    }
    let _turn = waits.turns.take(attempt.client).await?;
    inner.call(whole(*attempt)).await
}

impl<S: Service<Attempt>> std::fmt::Debug for FairnessState<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bounded { .. } => "Bounded",
            Self::Waiting(_) => "Waiting",
        })
    }
}
