//! Lets a request in that says who sent it, when the operator wants to know; 401 for the others.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Method, Request};

use super::credentials::{Claim, Credentials};
use super::problem::{NO_STORE, Problem};

/// For whom the response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// For everybody.
    Open,
    /// For whoever has credentials.
    Private,
}

/// Lets a request in, or tells what it lacks; one list of those `known` is enough to be in.
///
/// OPTIONS is let in: a browser asks by it before it sends credentials, and it tells nothing.
///
/// # Errors
/// 401 for a request without credentials, or with unknown ones.
pub(super) fn admit(
    known: &[Arc<Credentials>],
    request: &Request<Body>,
) -> Result<Admission, Problem> {
    if known.is_empty() || request.method() == Method::OPTIONS {
        return Ok(Admission::Open);
    }
    let claims: Vec<Claim> = claims(known, request.headers()).collect();
    if claims.contains(&Claim::Known) {
        return Ok(Admission::Private);
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
pub(super) fn make_private(mut response: Response) -> Response {
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
