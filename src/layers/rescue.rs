//! Turns every error into an answer: SERVFAIL, with the reason as text (RFC 8914).
//!
//! Floor 3, outside the cache, so errors are not cached. Only this layer makes SERVFAIL. It also catches panics,
//! which then affect only their own query.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::{BoxError, Layer, Service};

use super::metrics::{QueryCounters, ServfailCause};
use crate::answers::AnswerError;
use crate::catalog::UnknownReason;
use crate::dns::{Answer, AnswerBuilder, ExtendedError, Query, Rcode};
use crate::forward::ForwardError;

/// Rescues a service's errors.
#[derive(Clone, Debug)]
pub struct RescueLayer {
    counters: Arc<QueryCounters>,
}

/// Answers where the service inside fails.
#[derive(Clone, Debug)]
pub struct Rescue<S> {
    inner: S,
    counters: Arc<QueryCounters>,
}

/// An answer, whatever comes.
#[derive(Debug)]
pub struct RescueFuture<F> {
    /// None when the service panicked before it had a future.
    inner: Option<F>,
    counters: Option<Arc<QueryCounters>>,
}

impl RescueLayer {
    /// Makes the layer; failures are counted in `counters`.
    pub fn new(counters: Arc<QueryCounters>) -> Self {
        Self { counters }
    }
}

impl<S> Layer<S> for RescueLayer {
    type Service = Rescue<S>;

    fn layer(&self, inner: S) -> Rescue<S> {
        Rescue {
            inner,
            counters: Arc::clone(&self.counters),
        }
    }
}

impl<S> Service<Query> for Rescue<S>
where
    S: Service<Query, Response = Answer, Error = BoxError>,
    S::Future: Unpin,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = RescueFuture<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, query: Query) -> Self::Future {
        let inner = catch_unwind(AssertUnwindSafe(|| self.inner.call(query))).ok();
        RescueFuture {
            inner,
            counters: Some(Arc::clone(&self.counters)),
        }
    }
}

impl<F> Future for RescueFuture<F>
where
    F: Future<Output = Result<Answer, BoxError>> + Unpin,
{
    type Output = Result<Answer, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self
            .inner
            .as_mut()
            .map(|inner| catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll(context))));
        let failure = match polled {
            Some(Ok(Poll::Pending)) => return Poll::Pending,
            Some(Ok(Poll::Ready(Ok(answer)))) => return Poll::Ready(Ok(answer)),
            Some(Ok(Poll::Ready(Err(error)))) => (failure_of(&error), reported_by_upstream(&error)),
            Some(Err(_)) | None => (ServfailCause::Panic, None),
        };
        let (failure, reported) = failure;
        if let Some(counters) = self.counters.take() {
            counters.failures[failure as usize].fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Ok(AnswerBuilder::error(
            Rcode::SERVFAIL,
            Some(reported.unwrap_or_else(|| extended_error_of(failure))),
        )))
    }
}

fn failure_of(error: &BoxError) -> ServfailCause {
    if let Some(error) = error.downcast_ref::<AnswerError>() {
        match error {
            AnswerError::NotReady => ServfailCause::NotReady,
            AnswerError::Overloaded | AnswerError::TooCostly => ServfailCause::Overloaded,
            AnswerError::Unknown(UnknownReason::Unread) => ServfailCause::Unread,
            AnswerError::Unknown(UnknownReason::Unreadable) => ServfailCause::Unreadable,
            AnswerError::Unknown(UnknownReason::Refused) => ServfailCause::Refused,
        }
    } else if let Some(error) = error.downcast_ref::<ForwardError>() {
        match error {
            ForwardError::Overloaded => ServfailCause::ForwardingOverloaded,
            ForwardError::Loop => ServfailCause::ForwardingLoop,
            ForwardError::Failed(_) => ServfailCause::UpstreamFailed,
            ForwardError::PrivateAddress => ServfailCause::PrivateAddress,
            ForwardError::TimedOut | ForwardError::Unreachable => ServfailCause::NoUpstream,
        }
    } else if error.is::<Overloaded>() {
        ServfailCause::Overloaded
    } else if error.is::<Elapsed>() {
        ServfailCause::TimedOut
    } else {
        tracing::warn!(%error, "a query failed");
        ServfailCause::Other
    }
}

/// The extended error that an upstream has given itself.
fn reported_by_upstream(error: &BoxError) -> Option<ExtendedError> {
    match error.downcast_ref::<ForwardError>()? {
        ForwardError::Failed(code) => code.map(|code| ExtendedError { code, text: "" }),
        _ => None,
    }
}

fn extended_error_of(failure: ServfailCause) -> ExtendedError {
    match failure {
        ServfailCause::NotReady => ExtendedError::NOT_READY,
        ServfailCause::Unread => ExtendedError::NOT_READ_YET,
        ServfailCause::Unreadable => ExtendedError::UNREADABLE,
        ServfailCause::Refused => ExtendedError::REFUSED_BY_NOMAD,
        ServfailCause::Overloaded => ExtendedError::OVERLOADED,
        ServfailCause::ForwardingLoop => ExtendedError::FORWARDING_LOOP,
        ServfailCause::ForwardingOverloaded => ExtendedError::TOO_MANY_FORWARDED,
        ServfailCause::NoUpstream => ExtendedError::NO_UPSTREAM,
        ServfailCause::UpstreamFailed => ExtendedError::UPSTREAM_FAILED,
        ServfailCause::PrivateAddress => ExtendedError::PRIVATE_ADDRESS,
        ServfailCause::TimedOut => ExtendedError::TIMED_OUT,
        ServfailCause::Panic | ServfailCause::Other => ExtendedError::OTHER,
    }
}
