//! The paths that clients ask, each with its methods, and what stands before all of them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};

use super::super::accept::Shared;
use super::admission::{Known, admit};
use super::gateway::{BodyDeadline, Gateway};
use super::origins::{Origins, preflight, share};
use super::paths::PathUse;
use super::problem::Problem;
use super::settings::Settings;
use super::{dns_query, resolve};
use crate::layers::Stack;

/// Routes the paths of `settings` to `stack`; any other path is a 404.
pub fn dns_router<S: Stack>(stack: S, shared: &Shared, settings: &Settings) -> Router {
    let gateway = Arc::new(Gateway {
        stack,
        server: Arc::clone(&shared.server),
        body_deadline: BodyDeadline(shared.limits.http_body),
    });
    let mut router = Router::new();
    for path_use in [PathUse::Dns, PathUse::Json] {
        for path in settings.paths.of(path_use) {
            router = router.route(path, methods::<S>(path_use, &settings.origins));
        }
    }
    // What is not wanted is not there, and costs a request nothing.
    if !settings.credentials.is_empty() && !settings.paths.are_none() {
        let known = Known::from(settings.credentials.clone());
        router = router.route_layer(from_fn_with_state(known, admit));
    }
    let mut router = router.fallback(Problem::not_found).with_state(gateway);
    if *settings.origins != Origins::None {
        router = router.layer(from_fn_with_state(Arc::clone(&settings.origins), share));
    }
    router
}

type Methods<S> = MethodRouter<Arc<Gateway<S>>>;

fn methods<S: Stack>(path_use: PathUse, origins: &Origins) -> Methods<S> {
    let methods = match path_use {
        PathUse::Dns => get(dns_query::get::<S>).post(dns_query::post::<S>),
        PathUse::Json => get(resolve::get::<S>),
    };
    let allowed = match (path_use, origins) {
        (PathUse::Dns, Origins::None) => "GET, HEAD, POST",
        (PathUse::Dns, _) => "GET, HEAD, OPTIONS, POST",
        (PathUse::Json, Origins::None) => "GET, HEAD",
        (PathUse::Json, _) => "GET, HEAD, OPTIONS",
    };
    let methods = match origins {
        Origins::None => methods,
        _ => methods.options(async move || preflight(allowed)),
    };
    methods.fallback(async move || Problem::method_not_allowed(allowed))
}
