//! The paths that clients ask, each with its methods.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::super::accept::Shared;
use super::gateway::{BodyDeadline, Gateway};
use super::problem::Problem;
use super::{dns_query, resolve};
use crate::layers::Stack;

/// Where messages are taken, as a template for clients (RFC 8484 §4.1, RFC 9461 §5).
pub fn message_template() -> String {
    "/dns-query{?dns}".to_owned()
}

/// Routes `/dns-query` and `/resolve` to `stack`; any other path is a 404.
pub fn dns_router<S: Stack>(stack: S, shared: &Shared) -> Router {
    let body_deadline = BodyDeadline(shared.limits.http_body);
    let server = Arc::clone(&shared.server);
    Router::new()
        .route(
            "/dns-query",
            get(dns_query::get::<S>)
                .post(dns_query::post::<S>)
                .fallback(async || Problem::method_not_allowed(dns_query::METHODS)),
        )
        .route(
            "/resolve",
            get(resolve::get::<S>).fallback(async || Problem::method_not_allowed(resolve::METHODS)),
        )
        .fallback(Problem::not_found)
        .with_state(Arc::new(Gateway {
            stack,
            server,
            body_deadline,
        }))
}
