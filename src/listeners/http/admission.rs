//! Lets a request in that says who sent it, when the operator wants to know; 401 for the others.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Method};

use super::credentials::{Claim, Credentials};
use super::problem::{NO_STORE, Problem};

/// All that is known; one list is enough to be in.
pub(super) type Known = Arc<[Arc<Credentials>]>;

/// Lets a request in, or tells what it lacks.
///
/// OPTIONS is let in: a browser asks by it before it sends credentials, and it tells nothing.
pub(super) async fn admit(State(known): State<Known>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let claims: Vec<Claim> = claims(&known, request.headers()).collect();
    if claims.contains(&Claim::Known) {
        let mut response = next.run(request).await;
        make_private(response.headers_mut());
        return response;
    }
    let challenges = known.iter().zip(claims);
    Problem::unauthorized(challenges.map(|(known, claim)| known.challenge(claim))).into_response()
}

/// What the request claims by each list; it claims nothing if it does so more than once.
fn claims(known: &Known, headers: &HeaderMap) -> impl Iterator<Item = Claim> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none());
    known
        .iter()
        .map(move |known| only.map_or(Claim::Absent, |value| known.claim(value)))
}

/// Keeps what only some may ask out of the caches that all share (RFC 9111 §5.2.2.7).
fn make_private(headers: &mut HeaderMap) {
    let kept = headers
        .get(CACHE_CONTROL)
        .filter(|value| *value != NO_STORE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| HeaderValue::try_from(format!("private, {value}")).ok());
    if let Some(value) = kept {
        headers.insert(CACHE_CONTROL, value);
    }
}
