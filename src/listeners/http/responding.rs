//! A response that is there at once, as that of a hit, or that has to be waited for.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::problem::Problem;

/// What becomes a response.
pub enum Responding {
    /// It is there; none when it was taken.
    Ready(Option<Response>),
    /// It has to be waited for.
    Waiting(BoxFuture<'static, Response>),
}

impl Responding {
    pub(super) fn ready(response: impl IntoResponse) -> Self {
        Self::Ready(Some(response.into_response()))
    }

    pub(super) fn waiting<Waited>(response: Waited) -> Self
    where
        Waited: Future<Output: IntoResponse> + Send + 'static,
    {
        Self::Waiting(response.map(IntoResponse::into_response).boxed())
    }

    /// Changes the response, now or when it is there.
    pub(super) fn map(self, change: impl FnOnce(Response) -> Response + Send + 'static) -> Self {
        match self {
            Self::Ready(response) => Self::Ready(response.map(change)),
            Self::Waiting(response) => Self::waiting(response.map(change)),
        }
    }
}

impl fmt::Debug for Responding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Waiting(_) => "Waiting",
        })
    }
}

impl Future for Responding {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match &mut *self {
            Self::Ready(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            Self::Waiting(response) => response.poll_unpin(context),
        };
        response.map(Ok)
    }
}

impl From<Result<Self, Problem>> for Responding {
    fn from(result: Result<Self, Problem>) -> Self {
        result.unwrap_or_else(Self::ready)
    }
}
