//! What is wrong with a request, as the client is told (RFC 9457). Never cached.

use std::borrow::Cow;

use axum::body::{Body, HttpBody as _};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use super::super::clients::Refusal;
use crate::dns::json::ParameterError;

/// What no cache is to keep.
pub(in super::super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// What keeps a browser from guessing another type.
pub(in super::super) const NO_SNIFF: (HeaderName, HeaderValue) =
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// RFC 9110 §15.5.16 allows `Accept` there; `Accept-Post` is the W3C's name for it.
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const DNS_MESSAGE: HeaderValue = HeaderValue::from_static("application/dns-message");

/// A query waits no longer than two seconds and a client may ask once a second, so there is room again soon.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// How the client is told.
#[derive(Debug)]
enum ProblemBody {
    /// By a sentence.
    Detail(Cow<'static, str>),
    /// As the JSON form tells of its parameters.
    Parameter(String),
}

/// A request that gets no DNS answer.
#[derive(Debug)]
pub(in super::super) struct Problem {
    status: StatusCode,
    body: ProblemBody,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            body: ProblemBody::Detail(detail.into()),
            headers: Vec::new(),
        }
    }

    /// The request is wrong in itself.
    pub(in super::super) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is nothing at this path.
    pub(in super::super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "nothing is served at this path")
    }

    /// There is no such service.
    pub(in super::super) fn no_service() -> Self {
        let detail = "no service of this name is known in this namespace";
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// As many pages are kept up to date as may be.
    pub(in super::super) fn too_many_streams() -> Self {
        let detail = "too many pages are kept up to date already; close some, or reload this one";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with(RETRY_AFTER, RETRY_AFTER_SECONDS)
    }

    /// There is no cache of other names.
    pub(in super::super) fn nothing_forwarded() -> Self {
        let detail = "nothing is forwarded, so no answers of upstreams are kept ([[forward]])";
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Only those may ask who say who they are (RFC 9110 §15.5.2).
    pub(super) fn unauthorized(challenges: impl Iterator<Item = HeaderValue>) -> Self {
        let detail = "valid credentials are required, see WWW-Authenticate";
        challenges.fold(
            Self::new(StatusCode::UNAUTHORIZED, detail),
            |problem, challenge| problem.with(WWW_AUTHENTICATE, challenge),
        )
    }

    /// The path knows other methods only (RFC 9110 §15.5.6).
    pub(in super::super) fn method_not_allowed(allowed: &'static str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("only {allowed} are allowed here"),
        )
        .with(ALLOW, HeaderValue::from_static(allowed))
    }

    /// None of the forms that the client accepts can be made, but those of these names.
    pub(super) fn not_acceptable(names: &[&str]) -> Self {
        let detail = format!("supported media types: {}", names.join(", "));
        Self::new(StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// The body is of a kind that is not read.
    pub(super) fn unsupported_media_type() -> Self {
        let detail = "the content-type of a query must be application/dns-message";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
            .with(ACCEPT_POST, DNS_MESSAGE)
            .with(ACCEPT, DNS_MESSAGE)
    }

    /// Too many queries wait already (RFC 9110 §15.6.4).
    pub(super) fn overloaded() -> Self {
        let detail = "too many queries are waiting";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with(RETRY_AFTER, RETRY_AFTER_SECONDS)
    }

    /// Too much of what was answered before is not taken (RFC 9110 §15.6.4).
    pub(super) fn untaken() -> Self {
        let detail = "clients have not received too many earlier answers (limits.untaken_octets)";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with(RETRY_AFTER, RETRY_AFTER_SECONDS)
    }

    /// A fault of ours.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal error, see the log of the gateway",
        )
    }

    /// Makes the response to a request of a method: that to HEAD has no body (RFC 9110 §9.3.2).
    pub(super) fn answer(self, method: &Method) -> Response {
        let response = self.into_response();
        if method == Method::HEAD {
            without_body(response)
        } else {
            response
        }
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAllowed => Self::new(StatusCode::FORBIDDEN, "this address may not ask"),
            Refusal::OverRate | Refusal::Unproven => {
                let detail = "too many queries from this client";
                Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
                    .with(RETRY_AFTER, RETRY_AFTER_SECONDS)
            }
        }
    }
}

impl From<ParameterError> for Problem {
    fn from(error: ParameterError) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            body: ProblemBody::Parameter(error.to_json()),
            headers: Vec::new(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (media_type, body) = match self.body {
            ProblemBody::Parameter(body) => (JSON, body),
            ProblemBody::Detail(detail) => (PROBLEM_JSON, problem(self.status, &detail)),
        };
        let mut response = (self.status, [NO_SNIFF], body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CACHE_CONTROL, NO_STORE);
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// Takes the body away, whose length is told all the same.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        let length = HeaderValue::from(length);
        parts.headers.insert(CONTENT_LENGTH, length);
    }
    Response::from_parts(parts, Body::empty())
}

fn problem(status: StatusCode, detail: &str) -> String {
    let problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    problem.to_string()
}
