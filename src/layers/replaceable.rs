//! The inner layers of all workers, which a reload replaces while they are in use.
//!
//! Floor 3, just inside the cache: a hit does not come here. The cache looks at the generation, so that no answer from before
//! is given out afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use tower::util::{BoxCloneSyncService, Oneshot};
use tower::{BoxError, Service, ServiceExt};

use crate::answers::SourcedAnswer;
use crate::dns::Query;

/// The inner layers; the types of what only a miss sees end here.
pub(super) type InnerLayers = BoxCloneSyncService<Query, SourcedAnswer, BoxError>;

/// The inner layers that are in use now; a clone has the same.
#[derive(Clone, Debug)]
pub struct Replaceable {
    current: Arc<ArcSwap<InnerLayers>>,
    generation: Generation,
}

/// Counts how often the inner layers were replaced; a clone counts the same.
///
/// It begins anew after 65,536 times, when no answer of the first is left: each time all of them are forgotten.
#[derive(Clone, Debug, Default)]
pub struct Generation(Arc<AtomicU16>);

impl Replaceable {
    /// Has these in use first.
    pub(super) fn new(inner: InnerLayers) -> Self {
        Self {
            current: Arc::new(ArcSwap::from_pointee(inner)),
            generation: Generation::default(),
        }
    }

    /// Has these in use from now on; queries that are under way end in those from before.
    pub(super) fn replace(&self, inner: InnerLayers) {
        self.current.store(Arc::new(inner));
        // After the layers: who sees the new generation asks the new ones.
        self.generation.0.fetch_add(1, Ordering::Release);
    }

    /// Which of them are in use.
    pub(super) fn generation(&self) -> Generation {
        self.generation.clone()
    }
}

impl Generation {
    /// The number now.
    pub(super) fn now(&self) -> u16 {
        self.0.load(Ordering::Acquire)
    }
}

impl Service<Query> for Replaceable {
    type Response = SourcedAnswer;
    type Error = BoxError;
    type Future = Oneshot<InnerLayers, Query>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The layers that are in use when it is called are asked.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, query: Query) -> Self::Future {
        let inner = InnerLayers::clone(&self.current.load());
        inner.oneshot(query)
    }
}
