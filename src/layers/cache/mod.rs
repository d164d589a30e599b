//! The cache in front of the services that make answers.
//!
//! Floor 3, inside rescue, so errors are never cached. A hit is one hash, one comparison and one check of the
//! answer's sources; it takes no lock, allocates nothing and awaits nothing. An answer is valid until something that
//! it was made from is replaced, so the cache has no times.

mod entry;
mod table;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use self::entry::CacheKey;
pub use self::table::{CacheTable, TableCounters};
use crate::answers::SourcedAnswer;
use crate::dns::{Answer, Query};

/// Puts a cache in front of a service.
#[derive(Clone, Debug)]
pub struct CacheLayer {
    table: Arc<CacheTable>,
}

/// Answers from the table what it has.
#[derive(Clone, Debug)]
pub struct Cache<S> {
    /// Shared, and cloned for a miss only: HTTP has a clone of the stack for each request.
    inner: Arc<S>,
    table: Arc<CacheTable>,
}

/// An answer of the table, or one on its way into it.
#[derive(Debug)]
pub struct CacheFuture<S: Service<Query>>(CacheState<S>);

#[derive(Debug)]
enum CacheState<S: Service<Query>> {
    Hit(Option<Answer>),
    Miss {
        reply: Pin<Box<Oneshot<S, Query>>>,
        query: Box<Query>,
        table: Arc<CacheTable>,
    },
}

impl CacheLayer {
    /// Makes the layer with the table that its services share.
    pub fn new(table: Arc<CacheTable>) -> Self {
        Self { table }
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache {
            inner: Arc::new(inner),
            table: Arc::clone(&self.table),
        }
    }
}

impl<S> Service<Query> for Cache<S>
where
    S: Service<Query, Response = SourcedAnswer> + Clone,
{
    type Response = Answer;
    type Error = S::Error;
    type Future = CacheFuture<S>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // What is inside is asked only on a miss, by the future.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, query: Query) -> CacheFuture<S> {
        match self.table.find(&CacheKey::of(&query)) {
            Some(answer) => CacheFuture(CacheState::Hit(Some(answer))),
            None => CacheFuture(CacheState::Miss {
                query: Box::new(query.clone()),
                reply: Box::pin(S::clone(&self.inner).oneshot(query)),
                table: Arc::clone(&self.table),
            }),
        }
    }
}

impl<S> Future for CacheFuture<S>
where
    S: Service<Query, Response = SourcedAnswer>,
{
    type Output = Result<Answer, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // Polled again after it was ready: there is nothing to come.
            CacheState::Hit(answer) => answer
                .take()
                .map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            CacheState::Miss {
                reply,
                query,
                table,
            } => {
                let reply = std::task::ready!(reply.as_mut().poll(context));
                Poll::Ready(reply.map(|reply| {
                    table.keep(&CacheKey::of(query), &reply);
                    reply.answer().clone()
                }))
            }
        }
    }
}

impl<S: Service<Query>> Unpin for CacheFuture<S> {}
