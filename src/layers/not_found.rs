//! Notes names of the cluster's zones that were asked and do not exist, for the status page.
//!
//! Floor 3, inside the cache: a hit never comes here, so a name is noted when its denial is made, and not again while that
//! is kept. Nothing is noted of who asked, nor of names of other zones.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use arc_swap::ArcSwap;
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::answers::SourcedAnswer;
use crate::dns::{Name, Query, Rcode, RecordType};

/// The names that were asked last and do not exist.
#[derive(Debug, Default)]
pub struct NotFoundNames {
    most: usize,
    zones: ArcSwap<Vec<Name>>,
    /// Only tried, never waited for: what finds it locked is not noted.
    last: Mutex<VecDeque<NotFoundName>>,
}

/// A name that was asked and does not exist.
#[derive(Clone, Copy, Debug)]
pub struct NotFoundName {
    /// The name.
    pub name: Name,
    /// The type that was asked for.
    pub record_type: RecordType,
    /// When.
    pub at: Instant,
}

/// Notes what the service inside denies.
#[derive(Clone, Debug)]
pub(super) struct NotFoundLayer(pub(super) Option<Arc<NotFoundNames>>);

/// The service of [`NotFoundLayer`].
#[derive(Clone, Debug)]
pub(super) struct NotingNotFound<S> {
    inner: S,
    names: Option<Arc<NotFoundNames>>,
}

/// An answer that is noted if it denies its name.
#[derive(Debug)]
pub(super) struct NotingFuture<F> {
    inner: F,
    noting: Option<(Arc<NotFoundNames>, Name, RecordType)>,
}

impl NotFoundNames {
    /// Keeps so many, and only those within `zones`.
    pub fn new(most: usize, zones: Vec<Name>) -> Self {
        Self {
            most,
            zones: ArcSwap::from_pointee(zones),
            last: Mutex::default(),
        }
    }

    /// Has those within other zones kept from now on.
    pub fn replace_zones(&self, zones: Vec<Name>) {
        self.zones.store(Arc::new(zones));
    }

    /// How many are kept at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Those that are kept, the last first.
    pub fn list(&self) -> Vec<NotFoundName> {
        let last = self.last.lock();
        let last = last.unwrap_or_else(std::sync::PoisonError::into_inner);
        last.iter().rev().copied().collect()
    }

    fn note(&self, name: Name, record_type: RecordType) {
        let Ok(mut last) = self.last.try_lock() else {
            return;
        };
        if last.len() >= self.most {
            last.pop_front();
        }
        let at = Instant::now();
        last.push_back(NotFoundName {
            name,
            record_type,
            at,
        });
    }
}

impl<S> Layer<S> for NotFoundLayer {
    type Service = NotingNotFound<S>;

    fn layer(&self, inner: S) -> Self::Service {
        NotingNotFound {
            inner,
            names: self.0.clone(),
        }
    }
}

impl<S> Service<Query> for NotingNotFound<S>
where
    S: Service<Query, Response = SourcedAnswer>,
    S::Future: Unpin,
{
    type Response = SourcedAnswer;
    type Error = S::Error;
    type Future = NotingFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, query: Query) -> Self::Future {
        let is_within = |names: &Arc<NotFoundNames>| {
            let zones = names.zones.load();
            let mut zones = zones.iter();
            zones.any(|zone| query.name.is_within(zone))
        };
        let names = self.names.clone().filter(is_within);
        NotingFuture {
            noting: names.map(|names| (names, query.name, query.record_type)),
            inner: self.inner.call(query),
        }
    }
}

impl<F, E> Future for NotingFuture<F>
where
    F: Future<Output = Result<SourcedAnswer, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.inner).poll(context));
        if let (Ok(answer), Some((names, name, record_type))) = (&result, self.noting.take())
            && answer.answer().rcode() == Rcode::NXDOMAIN
        {
            names.note(name, record_type);
        }
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_names_are_kept() {
        let names = NotFoundNames::new(2, Vec::new());
        for name in ["a.nomad", "b.nomad", "c.nomad"] {
            names.note(name.parse().unwrap(), RecordType::A);
        }
        let kept: Vec<String> = names.list().iter().map(|it| it.name.to_string()).collect();
        assert_eq!(kept, ["c.nomad.", "b.nomad."]);
    }
}
