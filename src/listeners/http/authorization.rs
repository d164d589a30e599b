//! Checks credentials if the operator requires them; requests without valid ones get 401.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use futures_util::future::Either;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Method, Request};
use tower::{Layer, Service};

use super::client::{Checked, refuse};
use super::credentials::{Claim, Credentials};
use super::problem::{NO_STORE, Problem};

/// Lets requests in that have known credentials; others get 401.
///
/// OPTIONS is let in: a browser asks by it before it sends credentials, and it tells nothing.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationLayer(Arc<[Arc<Credentials>]>);

/// The service of [`AuthorizationLayer`].
#[derive(Clone, Debug)]
pub(super) struct Authorized<S> {
    inner: S,
    known: Arc<[Arc<Credentials>]>,
}

/// The response of the service inside, private where it is not for everybody.
#[derive(Debug)]
pub(super) struct AuthorizedFuture<F> {
    inner: F,
    is_private: bool,
}

impl AuthorizationLayer {
    /// Makes it; one list of those `known` is enough to be in.
    pub(super) fn new(known: &[Arc<Credentials>]) -> Self {
        Self(known.into())
    }
}

impl<S> Layer<S> for AuthorizationLayer {
    type Service = Authorized<S>;

    fn layer(&self, inner: S) -> Authorized<S> {
        let known = Arc::clone(&self.0);
        Authorized { inner, known }
    }
}

impl<S> Service<Request<Body>> for Authorized<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Unpin>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Checked<AuthorizedFuture<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let is_private = request.method() != Method::OPTIONS;
        if is_private && let Err(problem) = admit(&self.known, request.headers()) {
            return refuse(problem, &request);
        }
        Either::Right(AuthorizedFuture {
            inner: self.inner.call(request),
            is_private,
        })
    }
}

impl<F> Future for AuthorizedFuture<F>
where
    F: Future<Output = Result<Response, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.inner).poll(context));
        Poll::Ready(match self.is_private {
            true => response.map(make_private),
            false => response,
        })
    }
}

/// Tells what a request lacks to be let in.
fn admit(known: &[Arc<Credentials>], headers: &HeaderMap) -> Result<(), Problem> {
    let claims: Vec<Claim> = claims(known, headers).collect();
    if claims.contains(&Claim::Known) {
        return Ok(());
    }
    let challenges = known.iter().zip(claims);
    Err(Problem::unauthorized(
        challenges.map(|(known, claim)| known.challenge(claim)),
    ))
}

/// What the request claims by each list; it claims nothing if it does so more than once.
fn claims(known: &[Arc<Credentials>], headers: &HeaderMap) -> impl Iterator<Item = Claim> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none());
    known
        .iter()
        .map(move |known| only.map_or(Claim::Absent, |value| known.claim(value)))
}

/// Keeps what only some may ask out of the caches that all share (RFC 9111 §5.2.2.7).
fn make_private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let kept = headers
        .get(CACHE_CONTROL)
        .filter(|value| *value != NO_STORE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| HeaderValue::try_from(format!("private, {value}")).ok());
    if let Some(value) = kept {
        headers.insert(CACHE_CONTROL, value);
    }
    response
}
