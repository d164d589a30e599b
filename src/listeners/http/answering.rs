//! The response to one request as hyper waits for it: counted, and there whatever happens.
//!
//! Floor 4. A panic ends no connection: it becomes a 500 here, and not in `tower-http`'s layer, which would give each
//! response a body on the heap.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, StatusCode, Version};

use super::super::accept::ListenerContext;
use super::super::connections::WriteBudgetExceeded;
use super::super::counters::{HttpMethod, ListenerKind, count};
use super::activity::{Activity, OpenRequest};
use super::counted_body::CountedBody;
use super::problem::Problem;

/// What a connection has untaken that ends when there is no room for more, in octets; others hold it otherwise.
const OWN_OCTETS: usize = 16 * 1024;

/// What becomes a response that is counted.
pub(super) struct Answering<F> {
    state: AnsweringState<F>,
    asked: RequestStats,
    activity: Arc<Activity>,
    /// There from when it has to be waited for.
    open: Option<OpenRequest>,
}

/// What is counted of a request beside its response.
#[derive(Clone, Copy)]
pub(super) struct RequestStats {
    kind: ListenerKind,
    method: HttpMethod,
    version: Version,
}

enum AnsweringState<F> {
    Begun(F),
    /// It waits for others first.
    Queued(BoxFuture<'static, Result<Response, Infallible>>),
    Panicked,
}

impl<F> Answering<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    /// A request that the service has taken, or panicked at.
    pub(super) fn begun(
        begun: Result<F, Box<dyn Any + Send>>,
        asked: RequestStats,
        activity: Arc<Activity>,
    ) -> Self {
        Self {
            state: begun.map_or(AnsweringState::Panicked, AnsweringState::Begun),
            asked,
            activity,
            open: None,
        }
    }

    /// One that waits for others first.
    pub(super) fn queued(
        answer: impl Future<Output = Result<Response, Infallible>> + Send + 'static,
        asked: RequestStats,
        activity: Arc<Activity>,
    ) -> Self {
        Self {
            state: AnsweringState::Queued(answer.boxed()),
            asked,
            activity,
            open: None,
        }
    }

    fn poll_state(&mut self, context: &mut Context<'_>) -> Poll<Response> {
        let state = &mut self.state;
        let polled = catch_unwind(AssertUnwindSafe(|| match state {
            AnsweringState::Begun(answer) => Some(Pin::new(answer).poll(context)),
            AnsweringState::Queued(answer) => Some(answer.poll_unpin(context)),
            AnsweringState::Panicked => None,
        }));
        if let Ok(Some(polled)) = polled {
            return polled.map(|Ok(response)| response);
        }
        self.state = AnsweringState::Panicked;
        count(&self.activity.context().counters.panics);
        Poll::Ready(Problem::internal().into_response())
    }

    /// Counts a response, and what its client has to take; 503 when there is no room for more.
    fn count(&self, response: Response) -> Response<CountedBody> {
        let account = &self.activity.connection_handle().write_budget;
        let response =
            CountedBody::counted(response, account).unwrap_or_else(|WriteBudgetExceeded| {
                if account.held() >= OWN_OCTETS {
                    self.activity.overdraw();
                }
                CountedBody::uncounted(Problem::untaken().into_response())
            });
        self.asked.count(self.activity.context(), response.status());
        response
    }
}

impl<F> Future for Answering<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = Result<Response<CountedBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(response) = self.poll_state(context) else {
            if self.open.is_none() {
                self.open = Some(self.activity.open());
            }
            return Poll::Pending;
        };
        let response = self.count(response);
        self.open = None;
        Poll::Ready(Ok(response))
    }
}

impl RequestStats {
    pub(super) fn of<Body>(request: &Request<Body>, kind: ListenerKind) -> Self {
        Self {
            kind,
            method: HttpMethod::from(request.method()),
            version: request.version(),
        }
    }

    /// Counts the response; those of the operator's pages are not.
    fn count(self, shared: &ListenerContext, status: StatusCode) {
        if self.kind != ListenerKind::Admin {
            let counters = &shared.counters;
            counters.count_http_response(self.method, self.version, status);
        }
    }
}
