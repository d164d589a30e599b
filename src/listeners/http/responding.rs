//! A response that is there at once, as that of a hit, that has to be waited for, or that is long work.

use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::problem::Problem;

/// What becomes a response.
pub enum Responding {
    /// It is there; none when it was taken.
    Ready(Option<Response>),
    /// It has to be waited for, and may be long work then.
    Waiting(BoxFuture<'static, Self>),
    /// It is made by work that would hold up others.
    Lengthy(Lengthy),
}

/// Work that makes a response and takes longer than others should wait.
pub type Lengthy = Box<dyn FnOnce() -> Response + Send>;

impl Responding {
    pub(super) fn ready(response: impl IntoResponse) -> Self {
        Self::Ready(Some(response.into_response()))
    }

    pub(super) fn waiting<Waited>(response: Waited) -> Self
    where
        Waited: Future<Output: IntoResponse> + Send + 'static,
    {
        Self::waiting_on(response.map(Self::ready))
    }

    /// Waits for what becomes a response then.
    pub(super) fn waiting_on(responding: impl Future<Output = Self> + Send + 'static) -> Self {
        Self::Waiting(responding.boxed())
    }

    pub(super) fn lengthy<Made: IntoResponse>(
        work: impl FnOnce() -> Made + Send + 'static,
    ) -> Self {
        Self::Lengthy(Box::new(move || work().into_response()))
    }

    /// Changes the response, now or when it is there.
    pub(super) fn map(self, change: impl FnOnce(Response) -> Response + Send + 'static) -> Self {
        match self {
            Self::Ready(response) => Self::Ready(response.map(change)),
            Self::Waiting(responding) => Self::waiting_on(responding.map(|it| it.map(change))),
            Self::Lengthy(work) => Self::lengthy(move || change(work())),
        }
    }
}

impl fmt::Debug for Responding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Waiting(_) => "Waiting",
            Self::Lengthy(_) => "Lengthy",
        })
    }
}

/// Does long work where it is polled.
impl Future for Responding {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match &mut *self {
                Self::Ready(response) => {
                    return response
                        .take()
                        .map_or(Poll::Pending, |it| Poll::Ready(Ok(it)));
                }
                Self::Waiting(responding) => ready!(responding.poll_unpin(context)),
                Self::Lengthy(_) => match mem::replace(&mut *self, Self::Ready(None)) {
                    Self::Lengthy(work) => Self::ready(work()),
                    other => other,
                },
            };
            *self = next;
        }
    }
}

impl From<Result<Self, Problem>> for Responding {
    fn from(result: Result<Self, Problem>) -> Self {
        result.unwrap_or_else(Self::ready)
    }
}
