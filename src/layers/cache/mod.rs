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
use super::forwarding::ForwardedNames;
use super::replaceable::Generation;
use crate::answers::{AnswerOrigin, SourcedAnswer};
use crate::dns::{Answer, Class, Query};

/// Puts a cache in front of a service.
#[derive(Clone, Debug)]
pub struct CacheLayer {
    tables: CacheTables,
}

/// The tables of one worker: one for the cluster's answers, and one for those of upstreams if any are kept.
#[derive(Clone, Debug)]
struct CacheTables {
    own: Arc<CacheTable>,
    forwarded: Option<(Arc<CacheTable>, ForwardedNames)>,
    generation: Generation,
}

/// Answers from the table what it has.
#[derive(Clone, Debug)]
pub struct Cache<S> {
    /// Shared, and cloned for a miss only: HTTP has a clone of the stack for each request.
    inner: Arc<S>,
    tables: CacheTables,
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
        tables: CacheTables,
        generation: u16,
    },
}

impl CacheLayer {
    /// Makes the layer with the table that its services share.
    pub fn new(table: Arc<CacheTable>) -> Self {
        Self {
            tables: CacheTables {
                own: table,
                forwarded: None,
                generation: Generation::default(),
            },
        }
    }

    /// Keeps the answers of upstreams in a table of their own, so that a flood of other names removes none of the cluster's;
    /// it is of use while some names are forwarded.
    #[must_use]
    pub(super) fn keeping_forwarded(
        mut self,
        table: Option<(Arc<CacheTable>, ForwardedNames)>,
    ) -> Self {
        self.tables.forwarded = table;
        self
    }

    /// Gives no answer out that was made before a generation ended.
    #[must_use]
    pub(super) fn of_generation(mut self, generation: Generation) -> Self {
        self.tables.generation = generation;
        self
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache {
            inner: Arc::new(inner),
            tables: self.tables.clone(),
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
        // Before the services inside are asked: what is kept belongs to it.
        let generation = self.tables.generation.now();
        if let Some(answer) = self.tables.own.find(&CacheKey::of(&query, generation)) {
            return CacheFuture(CacheState::Hit(Some(answer)));
        }
        if let Some(answer) = self.tables.find_forwarded(&query) {
            return CacheFuture(CacheState::Hit(Some(answer)));
        }
        self.tables.own.count_miss();
        CacheFuture(CacheState::Miss {
            query: Box::new(query.clone()),
            reply: Box::pin(S::clone(&self.inner).oneshot(query)),
            tables: self.tables.clone(),
            generation,
        })
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
                tables,
                generation,
            } => {
                let reply = std::task::ready!(reply.as_mut().poll(context));
                Poll::Ready(reply.map(|reply| {
                    tables.keep(query, *generation, &reply);
                    reply.answer().clone()
                }))
            }
        }
    }
}

impl<S: Service<Query>> Unpin for CacheFuture<S> {}

impl CacheTables {
    #[inline(never)]
    fn find_forwarded(&self, query: &Query) -> Option<Answer> {
        let (table, names) = self.forwarded.as_ref()?;
        // Queries of other classes are not forwarded.
        (query.class == Class::IN && !names.is_empty())
            .then(|| table.find(&CacheKey::of_forwarded(query)))
            .flatten()
    }

    fn keep(&self, query: &Query, generation: u16, reply: &SourcedAnswer) {
        if generation != self.generation.now() {
            return;
        }
        match (reply.origin(), &self.forwarded) {
            (AnswerOrigin::Own, _) => self.own.keep(&CacheKey::of(query, generation), reply),
            (AnswerOrigin::Upstream, Some((table, _))) => {
                table.keep(&CacheKey::of_forwarded(query), reply);
            }
            (AnswerOrigin::Upstream, None) => {}
        }
    }
}
