//! Sends to the forwarder what is in none of the cluster's zones and in one of its own; all else goes inwards, and on to
//! the forwarder when its answer is an alias of such a name.
//!
//! Floor 3, inside the cache and outside the limits of the cluster's queries: those that wait for upstreams are bounded
//! there, and take no room of others. What is known is ready at once.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either};
use tower::util::Oneshot;
use tower::{BoxError, Layer, Service, ServiceExt};

use super::proof::client_address;
use crate::answers::{Router, SourcedAnswer};
use crate::dns::{CookieSecrets, Query};
use crate::forward::{ForwardError, Forwarded, ForwardedAnswer, Forwarder};

/// Which queries are forwarded; by default none. A clone knows the same, also after they were replaced.
#[derive(Clone, Debug, Default)]
pub struct ForwardedNames(Arc<ArcSwapOption<(Arc<Forwarder>, Router)>>);

/// Has queries forwarded.
#[derive(Clone, Debug, Default)]
pub(super) struct ForwardingLayer {
    pub(super) names: ForwardedNames,
    pub(super) cookies: Option<Arc<CookieSecrets>>,
}

/// Forwards queries, or hands them on.
#[derive(Clone, Debug)]
pub(super) struct Forwarding<S> {
    inner: S,
    layer: ForwardingLayer,
}

impl ForwardedNames {
    /// Those of the forwarder's zones, but for what the router has itself.
    pub(super) fn new(forwarder: Arc<Forwarder>, router: Router) -> Self {
        Self(Arc::new(ArcSwapOption::from_pointee((forwarder, router))))
    }

    /// Has it know what others know now.
    pub(super) fn replace(&self, others: &Self) {
        self.0.store(others.0.load_full());
    }

    /// Whether a query is forwarded: if it waits, then for an upstream.
    pub fn has(&self, query: &Query) -> bool {
        self.forwarder_of(query).is_some()
    }

    /// Whether any are.
    pub(super) fn is_empty(&self) -> bool {
        self.0.load().is_none()
    }

    fn has_local(&self, query: &Query) -> bool {
        let known = self.0.load();
        known
            .as_deref()
            .is_some_and(|(_, router)| router.has_local(query))
    }

    fn forwarder_of(&self, query: &Query) -> Option<Arc<Forwarder>> {
        let known = self.0.load();
        let (forwarder, router) = known.as_deref()?;
        (!router.is_own(query) && forwarder.holds(query)).then(|| Arc::clone(forwarder))
    }
}

impl<S> Layer<S> for ForwardingLayer {
    type Service = Forwarding<S>;

    fn layer(&self, inner: S) -> Forwarding<S> {
        Forwarding {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S> Service<Query> for Forwarding<S>
where
    S: Service<Query, Response = SourcedAnswer, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = SourcedAnswer;
    type Error = BoxError;
    type Future = Either<
        Ready<Result<SourcedAnswer, BoxError>>,
        Either<BoxFuture<'static, Result<SourcedAnswer, BoxError>>, Pin<Box<Oneshot<S, Query>>>>,
    >;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // What is inside is asked when it is known that the query goes there.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, query: Query) -> Self::Future {
        match self.layer.ask(&query) {
            Some(Forwarded::Ready(result)) => Either::Left(ready(sourced(result))),
            Some(Forwarded::Waiting(waiting)) => {
                Either::Right(Either::Left(waiting.answer().map(sourced).boxed()))
            }
            None if self.layer.names.is_empty() => {
                let inner = self.inner.clone().oneshot(query);
                Either::Right(Either::Right(Box::pin(inner)))
            }
            None => {
                let answering = follow(self.clone(), query);
                Either::Right(Either::Left(answering.boxed()))
            }
        }
    }
}

impl ForwardingLayer {
    /// Has the forwarder asked; none if the query is not for it.
    fn ask(&self, query: &Query) -> Option<Forwarded> {
        let forwarder = self.names.forwarder_of(query)?;
        let client = client_address(query, self.cookies.as_deref());
        Some(forwarder.ask(query, client))
    }
}

/// Answers a query for a name of the cluster; an alias of a name that is not is completed, since a stub resolver does not
/// ask on (RFC 1034 §5.3.1).
///
/// # Errors
/// There is no answer, or none for the name that the alias leads to.
async fn follow<S>(stack: Forwarding<S>, query: Query) -> Result<SourcedAnswer, BoxError>
where
    S: Service<Query, Response = SourcedAnswer, Error = BoxError> + Clone,
{
    let Forwarding { inner, layer } = stack;
    let answer = inner.clone().oneshot(query.clone()).await?;
    let Some(name) = answer.answer().unfinished_alias(&query) else {
        return Ok(answer);
    };
    let rest_query = Query {
        name,
        ..query.clone()
    };
    let rest = match layer.ask(&rest_query) {
        Some(Forwarded::Ready(result)) => sourced(result)?,
        Some(Forwarded::Waiting(waiting)) => sourced(waiting.answer().await)?,
        None if layer.names.has_local(&rest_query) => inner.oneshot(rest_query.clone()).await?,
        None => return Ok(answer),
    };
    Ok(answer.joined(&query, rest, &rest_query)?)
}

fn sourced(result: Result<ForwardedAnswer, ForwardError>) -> Result<SourcedAnswer, BoxError> {
    let ForwardedAnswer { answer, sources } = result?;
    Ok(SourcedAnswer::forwarded(answer, sources))
}
