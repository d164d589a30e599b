//! A request before it is answered: what is counted of it, its body on loan, and the response to who may not ask.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode, Version};
use hyper::body::{Body as _, Incoming};

use super::super::accept::Shared;
use super::super::clients::Refusal;
use super::super::counters::{HttpMethod, ListenerKind};
use super::leftover::{Leftover, lend};
use super::problem::Problem;

/// What is counted of a request beside its response.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) kind: ListenerKind,
    pub(super) method: HttpMethod,
    pub(super) version: Version,
}

impl Asked {
    /// Counts the response; those of the operator's pages are not.
    pub(super) fn count(self, shared: &Shared, status: StatusCode) {
        if self.kind != ListenerKind::Admin {
            let counters = &shared.counters;
            counters.count_http_response(self.method, self.version, status);
        }
    }
}

/// Keeps hold of a body that is still to come, where leaving it unread does harm.
pub(super) fn borrowed(request: Request<Incoming>) -> (Request<Body>, Option<Leftover>) {
    if request.body().is_end_stream() {
        return (request.map(|_| Body::empty()), None);
    }
    if request.version() != Version::HTTP_2 {
        return (request.map(Body::new), None);
    }
    let (parts, body) = request.into_parts();
    let (body, leftover) = lend(body);
    (Request::from_parts(parts, body), Some(leftover))
}

/// The response to a client that may not ask, or not now, before anything of its request is looked at.
pub(super) fn refused(refusal: Refusal, method: HttpMethod) -> Response {
    let response = Problem::from(refusal).into_response();
    match method {
        HttpMethod::Head => response.map(|_| Body::empty()),
        _ => response,
    }
}
