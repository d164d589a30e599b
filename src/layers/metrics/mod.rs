//! Counts queries and answers, and measures the time between them.
//!
//! Floor 3, the outermost layer, so it sees what clients get.

mod core_dns;
mod counters;
mod exposition;
mod totals;

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::time::Instant;
use tower::{Layer, Service};

pub use self::core_dns::{
    AnsweredQuery, CoreDnsCounters, CoreDnsServers, CoreDnsZones, ShardNumber, ZonePlugin,
};
pub use self::counters::{QueryCounters, ServfailCause};
pub use self::totals::QueryTotals;
use super::cache::CacheTable;
use crate::dns::{Answer, Query, Transport};

/// Counts what goes through a service.
#[derive(Clone, Debug)]
pub struct MetricsLayer {
    counters: Arc<QueryCounters>,
}

/// Counts what the service inside is asked and answers.
#[derive(Clone, Debug)]
pub struct Metrics<S> {
    inner: S,
    counters: Arc<QueryCounters>,
}

/// An answer that is counted when it is there.
#[derive(Debug)]
pub struct MetricsFuture<F> {
    inner: F,
    transport: Transport,
    since: Instant,
    counters: Arc<QueryCounters>,
}

/// Knows the counters of all workers.
#[derive(Debug, Default)]
pub struct Workers {
    counters: Mutex<Vec<Arc<QueryCounters>>>,
    tables: Mutex<Vec<Arc<CacheTable>>>,
    /// Those of what upstreams say.
    forwarded: Mutex<Vec<Arc<CacheTable>>>,
}

/// What caches did, of answers with records and of denials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheTotals {
    /// Queries answered from a cache.
    pub hits: [u64; 2],
    /// Queries that no cache of a worker had an answer for.
    pub misses: u64,
    /// Answers in the caches.
    pub entries: [usize; 2],
}

impl Workers {
    /// Takes in the counters of one more worker.
    pub fn join(&self, counters: Arc<QueryCounters>) {
        self.counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(counters);
    }

    /// Takes in the cache of one more worker.
    pub fn join_table(&self, table: Arc<CacheTable>) {
        self.tables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(table);
    }
}

impl Workers {
    /// Takes in the cache of what upstreams say, of one more worker.
    pub fn join_forwarded_table(&self, table: Arc<CacheTable>) {
        self.forwarded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(table);
    }

    /// Has all caches forget their answers.
    pub fn forget_answers(&self) {
        for tables in [&self.tables, &self.forwarded] {
            let tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
            tables.iter().for_each(|table| table.forget());
        }
    }

    /// What all caches did, by whether answers are records or denials.
    pub fn caches(&self) -> CacheTotals {
        let mut totals = CacheTotals::default();
        for (tables, has_misses) in [(&self.tables, true), (&self.forwarded, false)] {
            let tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
            for table in tables.iter() {
                let counters = table.counters();
                let denials = counters.denial_hits.load(Ordering::Relaxed);
                let hits = counters.hits.load(Ordering::Relaxed);
                totals.hits[0] += hits.saturating_sub(denials);
                totals.hits[1] += denials;
                if has_misses {
                    totals.misses += counters.misses.load(Ordering::Relaxed);
                }
                let entries = table.entries_by_kind();
                totals.entries[0] += entries[0];
                totals.entries[1] += entries[1];
            }
        }
        totals
    }

    /// How many panics were caught while queries were answered.
    pub fn panics(&self) -> u64 {
        let counters = self.counters.lock();
        let counters = counters.unwrap_or_else(PoisonError::into_inner);
        let panics = counters
            .iter()
            .map(|it| &it.failures[ServfailCause::Panic as usize]);
        panics.map(|it| it.load(Ordering::Relaxed)).sum()
    }

    /// How many queries were answered from those caches.
    pub fn forwarded_hits(&self) -> u64 {
        let tables = self.forwarded.lock();
        let tables = tables.unwrap_or_else(PoisonError::into_inner);
        let hits = tables.iter().map(|table| &table.counters().hits);
        hits.map(|it| it.load(Ordering::Relaxed)).sum()
    }
}

impl MetricsLayer {
    /// Makes the layer that counts in `counters`.
    pub fn new(counters: Arc<QueryCounters>) -> Self {
        Self { counters }
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = Metrics<S>;

    fn layer(&self, inner: S) -> Metrics<S> {
        Metrics {
            inner,
            counters: Arc::clone(&self.counters),
        }
    }
}

impl<S> Service<Query> for Metrics<S>
where
    S: Service<Query, Response = Answer>,
    S::Future: Unpin,
{
    type Response = Answer;
    type Error = S::Error;
    type Future = MetricsFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, query: Query) -> Self::Future {
        self.counters.count_query(&query);
        let (transport, since) = (query.transport, Instant::now());
        let counters = Arc::clone(&self.counters);
        MetricsFuture {
            inner: self.inner.call(query),
            transport,
            since,
            counters,
        }
    }
}

impl<F, E> Future for MetricsFuture<F>
where
    F: Future<Output = Result<Answer, E>> + Unpin,
{
    type Output = Result<Answer, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.inner).poll(context));
        if let Ok(answer) = &answer {
            self.counters
                .count_answer(self.transport, answer.rcode(), self.since.elapsed());
        }
        Poll::Ready(answer)
    }
}
