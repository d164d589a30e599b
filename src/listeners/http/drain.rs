//! Reads the rest of a request's body after the response was made.
//!
//! Floor 4, the outermost layer. Over HTTP/2, hyper would reset the stream instead. Some clients (curl 7.88) treat a
//! reset as an error and show none of the response. So the body is read, within limits.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::time::timeout;
use tower::{Layer, Service};

/// How much of it is read, in octets: more than a client may send before it is told to go on.
const READ_OCTETS: usize = 128 * 1024;

/// Reads what is left of a body before the response is given, for so long at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct DrainLayer(pub(super) Duration);

/// The service of [`DrainLayer`].
#[derive(Clone, Debug)]
pub(super) struct Drain<S> {
    inner: S,
    deadline: Duration,
}

/// The response of the service inside, and then what is left.
pub(super) struct DrainFuture<F> {
    inner: F,
    unread: Option<UnreadBody>,
    deadline: Duration,
    draining: Option<BoxFuture<'static, Response>>,
}

impl<S> Layer<S> for DrainLayer {
    type Service = Drain<S>;

    fn layer(&self, inner: S) -> Drain<S> {
        let deadline = self.0;
        Drain { inner, deadline }
    }
}

impl<S> Service<Request<Incoming>> for Drain<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Unpin>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = DrainFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (request, unread) = lend(request);
        DrainFuture {
            inner: self.inner.call(request),
            unread,
            deadline: self.deadline,
            draining: None,
        }
    }
}

impl<F> Future for DrainFuture<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.draining.is_none() {
            let Ok(response) = ready!(Pin::new(&mut self.inner).poll(context));
            if response.status() == StatusCode::REQUEST_TIMEOUT {
                // The rest had its time.
                return Poll::Ready(Ok(response));
            }
            let Some(left) = self.unread.take().and_then(UnreadBody::take) else {
                return Poll::Ready(Ok(response));
            };
            let deadline = self.deadline;
            self.draining = Some(Box::pin(async move {
                // Past the time it is as if nobody had read it.
                let _ = timeout(deadline, read(left)).await;
                response
            }));
        }
        let response = self
            .draining
            .as_mut()
            .map(|draining| draining.poll_unpin(context));
        response.unwrap_or(Poll::Pending).map(Ok)
    }
}

/// Lends the body to whoever handles the request, where leaving it unread does harm.
fn lend(request: Request<Incoming>) -> (Request<Body>, Option<UnreadBody>) {
    if request.body().is_end_stream() {
        return (request.map(|_| Body::empty()), None);
    }
    if request.version() != Version::HTTP_2 {
        return (request.map(Body::new), None);
    }
    let (parts, body) = request.into_parts();
    let (back, unread) = channel();
    let lent = ReturnedBody {
        body: Some(body),
        back: Some(back),
    };
    let request = Request::from_parts(parts, Body::new(lent));
    (request, Some(UnreadBody(unread)))
}

/// Reads what came back, and forgets it.
async fn read(mut body: Incoming) {
    let mut length = 0;
    while length < READ_OCTETS
        && let Some(Ok(frame)) = body.frame().await
    {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// A body that comes back when it is dropped before its end.
struct ReturnedBody {
    body: Option<Incoming>,
    back: Option<Sender<Incoming>>,
}

/// Where it comes back.
struct UnreadBody(Receiver<Incoming>);

impl UnreadBody {
    /// What is left, once the request is gone.
    fn take(mut self) -> Option<Incoming> {
        self.0.try_recv().ok()
    }
}

impl hyper::body::Body for ReturnedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map(Incoming::size_hint)
            .unwrap_or_default()
    }
}

impl Drop for ReturnedBody {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Some(back)) = (unread, self.back.take()) {
            // Nobody waits for it when the connection is over.
            let _ = back.send(body);
        }
    }
}
