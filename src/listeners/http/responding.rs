//! A response that is there at once, as that of a hit, that has to be waited for, or that is long work.

use std::fmt;
use std::net::IpAddr;

use axum::body::{Body, HttpBody as _};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request};

use super::problem::Problem;

/// What answers the requests of a listener.
pub trait Respond: Send + Sync + 'static {
    /// Begins to answer a request of `client`.
    fn respond(&self, request: Request<Body>, client: IpAddr) -> Responding;
}

/// What becomes a response.
pub enum Responding {
    /// It is there.
    Ready(Response),
    /// It has to be waited for, and may be long work then.
    Waiting(BoxFuture<'static, Self>),
    /// It is made by work that would hold up others.
    Lengthy(Lengthy),
}

/// Work that makes a response and takes longer than others should wait.
pub type Lengthy = Box<dyn FnOnce() -> Response + Send>;

impl Responding {
    pub(super) fn ready(response: impl IntoResponse) -> Self {
        Self::Ready(response.into_response())
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

    /// Waits for the response; long work is done where it is waited for.
    pub async fn finish(mut self) -> Response {
        loop {
            self = match self {
                Self::Ready(response) => return response,
                Self::Waiting(responding) => responding.await,
                Self::Lengthy(work) => return work(),
            };
        }
    }

    /// Changes the response, now or when it is there.
    pub(super) fn map(self, change: impl FnOnce(Response) -> Response + Send + 'static) -> Self {
        match self {
            Self::Ready(response) => Self::Ready(change(response)),
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

impl From<Result<Self, Problem>> for Responding {
    fn from(result: Result<Self, Problem>) -> Self {
        result.unwrap_or_else(Self::ready)
    }
}

/// The response to HEAD: all but the body, whose length it tells (RFC 9110 §9.3.2).
pub(super) fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
}
