//! The tower layers over `Query -> Answer`, and their stack; below the cache it is `Query -> Reply`.
//!
//! Floor 3. A layer sees the query and the layers below it, never those above. Their order is defined once, in `stack`;
//! the innermost is added by `Stacks::worker`.

pub mod cache;
mod fairness;
mod forwarding;
mod limits;
pub mod metrics;
mod not_found;
pub mod proof;
#[cfg(test)]
mod proofs;
mod replaceable;
pub mod rescue;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, Layer as _, Service, ServiceBuilder};

use self::cache::{Cache, CacheLayer, CacheTable};
use self::fairness::FairnessLayer;
pub use self::forwarding::ForwardedNames;
use self::forwarding::ForwardingLayer;
pub use self::limits::StackLimits;
use self::metrics::{Metrics, MetricsLayer, QueryCounters, Workers};
use self::not_found::NotFoundLayer;
pub use self::not_found::{NotFoundName, NotFoundNames};
use self::replaceable::InnerLayers;
pub use self::replaceable::{Generation, Replaceable};
use self::rescue::{Rescue, RescueLayer};
use crate::answers::{Router, SourcedAnswer};
use crate::dns::{Answer, CookieSecrets, Query};
use crate::forward::Forwarder;

/// The whole stack, as a listener sees it: it always has an answer.
///
/// It may be called without asking whether it is ready: it always is, and sheds what is too much. Its
/// future is ready at the first poll for all that needs no waiting.
pub trait Stack:
    Service<Query, Response = Answer, Error = Infallible, Future: Send + Unpin + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Stack for S where
    S: Service<Query, Response = Answer, Error = Infallible, Future: Send + Unpin + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The stack of one worker.
pub type WorkerStack = Metrics<Rescue<Cache<Replaceable>>>;

/// What bounds the waiting of queries, outermost first.
type BoundLayers = (LoadShedLayer, GlobalConcurrencyLimitLayer, TimeoutLayer);

/// Makes the stacks of workers: each has its own cache and counters, all share the inner layers and with them the limits.
#[derive(Clone, Debug)]
pub struct Stacks {
    router: Router,
    limits: BoundLayers,
    fairness: FairnessLayer,
    forwarding: ForwardingLayer,
    cache: CacheSettings,
    forwarded: CacheSettings,
    workers: Arc<Workers>,
    /// Made with the first worker.
    inner: Arc<OnceLock<Replaceable>>,
    not_found: Option<Arc<NotFoundNames>>,
}

/// The size of a worker's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// How many answers it keeps; 0 for none.
    pub entries: usize,
    /// How many octets they may take together.
    pub octets: usize,
}

impl CacheSettings {
    /// Of a cache that keeps nothing.
    pub const NONE: Self = Self {
        entries: 0,
        octets: 0,
    };
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            entries: 65_536,
            octets: 64 << 20,
        }
    }
}

impl Stacks {
    /// Makes stacks around `router`; their counters join `workers`.
    pub fn new(
        router: Router,
        limits: StackLimits,
        cache: CacheSettings,
        workers: Arc<Workers>,
    ) -> Self {
        Self {
            forwarding: ForwardingLayer::default(),
            router,
            limits: limits.layers(),
            fairness: FairnessLayer::new(limits.large_at_once, limits.large_room()),
            cache,
            forwarded: CacheSettings::NONE,
            workers,
            inner: Arc::default(),
            not_found: None,
        }
    }

    /// Has cookies that were made with these secrets prove their client's address.
    #[must_use]
    pub fn knowing_cookies(self, secrets: CookieSecrets) -> Self {
        let cookies = Some(Arc::new(secrets.clone()));
        Self {
            fairness: self.fairness.knowing_cookies(secrets),
            forwarding: ForwardingLayer {
                cookies,
                ..self.forwarding
            },
            ..self
        }
    }

    /// Has names outside the router's zones forwarded; each worker keeps some of what upstreams say.
    #[must_use]
    pub fn forwarding(self, forwarder: Option<Arc<Forwarder>>, forwarded: CacheSettings) -> Self {
        let names = forwarder.map(|it| ForwardedNames::new(it, self.router.clone()));
        Self {
            forwarding: ForwardingLayer {
                names: names.unwrap_or_default(),
                ..self.forwarding
            },
            forwarded,
            ..self
        }
    }

    /// Has names noted that are asked and do not exist.
    #[must_use]
    pub fn noting_not_found(self, names: Option<Arc<NotFoundNames>>) -> Self {
        Self {
            not_found: names,
            ..self
        }
    }

    /// Which queries are forwarded.
    pub fn forwarded_names(&self) -> ForwardedNames {
        self.forwarding.names.clone()
    }

    /// Makes the stack of one more worker.
    pub fn worker(&self) -> WorkerStack {
        let counters = Arc::new(QueryCounters::default());
        let table = Arc::new(CacheTable::new(self.cache.entries, self.cache.octets));
        self.workers.join(Arc::clone(&counters));
        self.workers.join_table(Arc::clone(&table));
        // Also where nothing is forwarded yet: a reload may change that.
        let forwarded = (self.forwarded.entries > 0).then(|| {
            let table = CacheTable::new(self.forwarded.entries, self.forwarded.octets);
            let table = Arc::new(table);
            self.workers.join_forwarded_table(Arc::clone(&table));
            (table, self.forwarded_names())
        });
        let inner = self.replaceable();
        let cache = CacheLayer::new(table)
            .keeping_forwarded(forwarded)
            .of_generation(inner.generation());
        stack(inner.clone(), cache, counters)
    }

    /// Has all workers ask the inner layers of `others` from now on, whose other parts are not used: each keeps its cache and
    /// its counters, and forgets the answers from before.
    pub fn replace(&self, others: &Self) {
        self.forwarding.names.replace(&others.forwarding.names);
        self.replaceable().replace(others.inner_layers());
        self.workers.forget_answers();
    }

    fn replaceable(&self) -> &Replaceable {
        self.inner
            .get_or_init(|| Replaceable::new(self.inner_layers()))
    }

    fn inner_layers(&self) -> InnerLayers {
        // Innermost: what costs much is found out by trying, and waits within all bounds.
        let inner = self.fairness.layer(self.router.clone());
        let not_found = NotFoundLayer(self.not_found.clone());
        let outer = (not_found, self.forwarding.clone());
        inner_layers(inner, self.limits.clone(), outer)
    }
}

/// Lays the layers of a worker around those that only a miss sees.
fn stack(inner: Replaceable, cache: CacheLayer, counters: Arc<QueryCounters>) -> WorkerStack {
    ServiceBuilder::new()
        // Outermost: what is counted is what clients get.
        .layer(MetricsLayer::new(Arc::clone(&counters)))
        // Whatever fails below becomes an answer here, and nowhere else.
        .layer(RescueLayer::new(counters))
        // Outside the limits: a hit must never wait, nor count as waiting.
        .layer(cache)
        .service(inner)
}

/// Lays the layers that only a miss sees, but the innermost, around `inner`.
fn inner_layers<S>(
    inner: S,
    (load_shed, concurrency, timeout): BoundLayers,
    (not_found, forwarding): (NotFoundLayer, ForwardingLayer),
) -> InnerLayers
where
    S: Service<Query, Response = SourcedAnswer, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    ServiceBuilder::new()
        .layer_fn(InnerLayers::new)
        // Inside the cache, so that a hit costs nothing.
        .layer(not_found)
        // Outside the limits of the cluster's queries: what waits for upstreams has bounds of its own.
        .layer(forwarding)
        // What finds no room below fails at once instead of queueing without bound.
        .layer(load_shed)
        // Bounds the queries that wait, over all workers.
        .layer(concurrency)
        // Only the waiting itself is timed.
        .layer(timeout)
        .service(inner)
}
