//! The cache in front of what makes answers.
//!
//! Floor 3, inside rescue: an error is never kept. A hit is one hash, one comparison and one look at the
//! sources of the answer; it takes no lock, allocates nothing and awaits nothing. Answers live until what
//! they were made from is replaced, so nothing here knows a time.

mod entry;
mod table;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use self::entry::{CacheKey, ForwardedVariant};
pub use self::table::{CacheTable, TableCounters};
use crate::answers::{AnswerOrigin, SourcedAnswer};
use crate::dns::{Answer, Class, Query};

/// Puts a cache in front of a service.
#[derive(Clone, Debug)]
pub struct CacheLayer {
    tables: CacheTables,
}

/// The tables of one worker: the cluster's answers, and apart from them what upstreams say, if that is kept.
#[derive(Clone, Debug)]
pub(super) struct CacheTables {
    pub(super) own: Arc<CacheTable>,
    pub(super) forwarded: Option<Arc<CacheTable>>,
}

/// Answers from the table what it has.
#[derive(Clone, Debug)]
pub struct Cache<S> {
    inner: S,
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
        key: Box<(CacheKey, ForwardedVariant)>,
        tables: CacheTables,
    },
}

impl CacheLayer {
    /// Makes the layer with the table that its services share.
    pub fn new(table: Arc<CacheTable>) -> Self {
        Self {
            tables: CacheTables {
                own: table,
                forwarded: None,
            },
        }
    }

    /// Keeps what upstreams say in a table of its own, so that no flood of other names drives out the cluster's.
    #[must_use]
    pub fn keeping_forwarded(mut self, table: Option<Arc<CacheTable>>) -> Self {
        self.tables.forwarded = table;
        self
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = Cache<S>;

    fn layer(&self, inner: S) -> Cache<S> {
        Cache {
            inner,
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
        let key = CacheKey::new(&query);
        if let Some(answer) = self.tables.own.find(&key) {
            return CacheFuture(CacheState::Hit(Some(answer)));
        }
        let variant = ForwardedVariant::of(&query);
        if let Some(answer) = self.tables.find_forwarded(&query, key, variant) {
            return CacheFuture(CacheState::Hit(Some(answer)));
        }
        self.tables.own.count_miss();
        CacheFuture(CacheState::Miss {
            reply: Box::pin(self.inner.clone().oneshot(query)),
            key: Box::new((key, variant)),
            tables: self.tables.clone(),
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
            CacheState::Miss { reply, key, tables } => {
                let reply = std::task::ready!(reply.as_mut().poll(context));
                Poll::Ready(reply.map(|reply| {
                    tables.keep(key, &reply);
                    reply.answer().clone()
                }))
            }
        }
    }
}

impl<S: Service<Query>> Unpin for CacheFuture<S> {}

impl CacheTables {
    #[inline(never)]
    fn find_forwarded(
        &self,
        query: &Query,
        key: CacheKey,
        variant: ForwardedVariant,
    ) -> Option<Answer> {
        // Of other classes nothing is forwarded, and nothing kept.
        let table = self
            .forwarded
            .as_ref()
            .filter(|_| query.class == Class::IN)?;
        table.find(&key.of_forwarded(variant))
    }

    fn keep(&self, (key, variant): &(CacheKey, ForwardedVariant), reply: &SourcedAnswer) {
        match (reply.origin(), &self.forwarded) {
            (AnswerOrigin::Own, _) => self.own.keep(key, reply),
            (AnswerOrigin::Upstream, Some(table)) => {
                table.keep(&key.of_forwarded(*variant), reply);
            }
            (AnswerOrigin::Upstream, None) => {}
        }
    }
}
