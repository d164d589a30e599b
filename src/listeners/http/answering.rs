//! The response to one request, as hyper expects it: counted, and present whatever happens.
//!
//! Floor 4. A panic does not end its connection: it becomes a 500 here, and not in `tower-http`'s layer, which would
//! box each response body.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, Request, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use tower::Service as _;

use super::super::accept::ListenerContext;
use super::super::connections::WriteBudgetExceeded;
use super::super::counters::{HttpMethod, ListenerKind, count};
use super::activity::{Activity, OpenRequest};
use super::client::ClientInfo;
use super::counted_body::CountedBody;
use super::drain::{Drain, DrainFuture};
use super::problem::Problem;
use super::router::HttpService;

/// What a connection has untaken that ends when there is no room for more, in octets; others hold it otherwise.
const OWN_OCTETS: usize = 16 * 1024;

/// Answers the requests of one connection.
pub(super) struct Requests<S> {
    /// One for all of them: a clone for each costs ten atomic operations. It only routes, so nobody waits for it.
    service: Mutex<Drain<S>>,
    kind: ListenerKind,
    peer: SocketAddr,
    activity: Arc<Activity>,
}

/// What becomes a response that is counted.
pub(super) struct Answering<S: HttpService> {
    state: AnsweringState<S>,
    requests: Arc<Requests<S>>,
    stats: RequestStats,
    /// There from when it has to be waited for.
    open: Option<OpenRequest>,
}

/// What is counted of a request beside its response.
#[derive(Clone, Copy)]
struct RequestStats {
    kind: ListenerKind,
    method: HttpMethod,
    version: Version,
}

#[expect(
    clippy::large_enum_variant,
    reason = "hyper has each of them on the heap or in its connection, and a request comes to be the future"
)]
enum AnsweringState<S: HttpService> {
    /// It begins when it is polled: those before it are counted by then.
    New(Request<Incoming>),
    Begun(DrainFuture<S::Future>),
    /// It waits for others first.
    Queued(BoxFuture<'static, Result<Response, Infallible>>),
    /// It has its response, or panicked.
    Done,
}

impl<S: HttpService> Requests<S> {
    pub(super) fn new(
        service: Drain<S>,
        kind: ListenerKind,
        peer: SocketAddr,
        activity: Arc<Activity>,
    ) -> Self {
        Self {
            service: Mutex::new(service),
            kind,
            peer,
            activity,
        }
    }

    /// Has a request answered.
    pub(super) fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Answering<S> {
        self.activity.begin(request.version());
        Answering {
            stats: RequestStats::of(&request, self.kind),
            state: AnsweringState::New(request),
            requests: Arc::clone(self),
            open: None,
        }
    }

    /// Begins, behind those before it where the client does not take what is there.
    fn begin(&self, mut request: Request<Incoming>) -> AnsweringState<S> {
        let activity = &self.activity;
        // A panic leaves it whole.
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        if !activity.is_behind() {
            let client = ClientInfo::of(self.peer, Some(Arc::clone(activity)));
            request.extensions_mut().insert(client);
            return AnsweringState::Begun(service.call(request));
        }
        request
            .extensions_mut()
            .insert(ClientInfo::of(self.peer, None));
        let (queued, mut service) = (activity.queue(), service.clone());
        let answer = async move {
            let _turn = queued.turn().await;
            service.call(request).await
        };
        AnsweringState::Queued(answer.boxed())
    }
}

impl<S: HttpService> Answering<S> {
    fn poll_state(&mut self, context: &mut Context<'_>) -> Poll<Response> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if matches!(self.state, AnsweringState::New(_))
                && let AnsweringState::New(request) = self.state.take()
            {
                self.state = self.requests.begin(request);
            }
            match &mut self.state {
                AnsweringState::Begun(answer) => Pin::new(answer).poll(context),
                AnsweringState::Queued(answer) => answer.poll_unpin(context),
                AnsweringState::New(_) | AnsweringState::Done => Poll::Pending,
            }
        }));
        let Ok(polled) = polled else {
            self.state = AnsweringState::Done;
            count(&self.requests.activity.context().counters.panics);
            return Poll::Ready(self.stats.tell(Problem::internal()));
        };
        polled.map(|Ok(response)| response)
    }

    /// Counts a response, and what its client has to take; 503 when there is no room for more.
    fn count(&self, response: Response) -> Response<CountedBody> {
        let activity = &self.requests.activity;
        let account = &activity.connection_handle().write_budget;
        if response.body().size_hint().upper().is_none() {
            self.stats.count(activity.context(), response.status());
            return CountedBody::live(response, account, activity.begin_live());
        }
        let response =
            CountedBody::counted(response, account).unwrap_or_else(|WriteBudgetExceeded| {
                if account.held() >= OWN_OCTETS {
                    activity.overdraw();
                }
                CountedBody::uncounted(self.stats.tell(Problem::untaken()))
            });
        self.stats.count(activity.context(), response.status());
        response
    }
}

impl<S: HttpService> AnsweringState<S> {
    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Done)
    }
}

impl<S: HttpService> Future for Answering<S> {
    type Output = Result<Response<CountedBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(response) = self.poll_state(context) else {
            if self.open.is_none() {
                self.open = Some(self.requests.activity.open());
            }
            return Poll::Pending;
        };
        let response = self.count(response);
        self.open = None;
        Poll::Ready(Ok(response))
    }
}

impl RequestStats {
    fn of<Body>(request: &Request<Body>, kind: ListenerKind) -> Self {
        Self {
            kind,
            method: HttpMethod::from(request.method()),
            version: request.version(),
        }
    }

    /// The response that tells of a problem here.
    fn tell(self, problem: Problem) -> Response {
        problem.answer(match self.method {
            HttpMethod::Head => &Method::HEAD,
            _ => &Method::GET,
        })
    }

    /// Counts the response; those of the operator's pages are not.
    fn count(self, shared: &ListenerContext, status: StatusCode) {
        if self.kind != ListenerKind::Admin {
            let counters = &shared.counters;
            counters.count_http_response(self.method, self.version, status);
        }
    }
}
