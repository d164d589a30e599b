//! The response to one request as hyper waits for it: counted, at once or later.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::taken::Taken;

/// What becomes a response that is counted.
pub(super) enum Answering {
    /// It is there; none when it was taken.
    Ready(Option<Response<Taken>>),
    /// It has to be waited for.
    Waiting(BoxFuture<'static, Response<Taken>>),
}

impl Answering {
    pub(super) fn waiting(
        response: impl Future<Output = Response<Taken>> + Send + 'static,
    ) -> Self {
        Self::Waiting(response.boxed())
    }
}

impl Future for Answering {
    type Output = Result<Response<Taken>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match &mut *self {
            Self::Ready(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            Self::Waiting(response) => response.poll_unpin(context),
        };
        response.map(Ok)
    }
}
