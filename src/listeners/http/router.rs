//! The public paths: each with its methods, and the layers in front of all of them.
//!
//! Floor 4. `/dns-query` and `/resolve`, or the configured paths. axum does the routing. A route is a service whose
//! future contains the response of a cache hit (`.ci/instructions doh`); handlers with extractors and boxed
//! middleware took twice the instructions.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, Route, get_service};
use http::Request;
use tower::{Layer, Service, ServiceBuilder};
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::super::accept::ListenerContext;
use super::super::counters::ListenerKind;
use super::authorization::AuthorizationLayer;
use super::client::ClientLayer;
use super::credentials::Credentials;
use super::gateway::{Gateway, Responding};
use super::host::HostLayer;
use super::hosts::Hosts;
use super::origins::{CorsLayer, Origins, preflight};
use super::paths::{PathUse, Paths};
use super::problem::Problem;
use super::{dns_query, resolve};
use crate::layers::Stack;

/// What answers the requests of a listener, as hyper calls it: a service whose hits are there at the first poll.
pub trait HttpService:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + Unpin + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> HttpService for S where
    S: Service<
            Request<Body>,
            Response = Response,
            Error = Infallible,
            Future: Send + Unpin + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// How the listeners of clients speak HTTP.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// Where messages and names are asked for.
    pub paths: Paths,
    /// The hosts that are asked for on plain HTTP.
    pub hosts: Hosts,
    /// The origins whose pages may read the answers.
    pub origins: Arc<Origins>,
    /// Who may ask; everybody when empty.
    pub credentials: Vec<Arc<Credentials>>,
}

/// Makes the router of a public listener.
pub fn router<S: Stack>(
    stack: S,
    shared: &ListenerContext,
    settings: &HttpSettings,
    kind: ListenerKind,
) -> impl HttpService {
    let routes = routes(stack, shared, settings);
    // TLS has proven the host.
    let hosts = (kind == ListenerKind::Http).then(|| settings.hosts.clone());
    ServiceBuilder::new()
        .layer(ClientLayer::new(shared.server.clone(), kind))
        .layer(HostLayer::new(hosts))
        .layer(CorsLayer::new(Arc::clone(&settings.origins)))
        .service(routes)
}

fn routes<S: Stack>(stack: S, shared: &ListenerContext, settings: &HttpSettings) -> Router {
    let endpoints = Endpoints(Arc::new(Gateway::new(stack, shared)));
    let is_shared = *settings.origins != Origins::None;
    let mut routes = Router::new();
    for path in settings.paths.of(PathUse::Dns) {
        let allowed = if is_shared {
            "GET, HEAD, OPTIONS, POST"
        } else {
            "GET, HEAD, POST"
        };
        let mut methods = get_service(endpoints.at(dns_query::get))
            .post_service(endpoints.at(dns_query::post))
            .fallback_service(endpoints.at(not_allowed(allowed)));
        if is_shared {
            methods = methods.options_service(endpoints.at(preflight(allowed)));
        }
        routes = route(routes, path, methods, settings);
    }
    for path in settings.paths.of(PathUse::Json) {
        let allowed = if is_shared {
            "GET, HEAD, OPTIONS"
        } else {
            "GET, HEAD"
        };
        let mut methods = get_service(endpoints.at(resolve::get))
            .fallback_service(endpoints.at(not_allowed(allowed)));
        if is_shared {
            methods = methods.options_service(endpoints.at(preflight(allowed)));
        }
        routes = route(routes, path, methods, settings);
    }
    let routes = routes.fallback(async || Problem::not_found());
    // It costs every request something: only who reads such a log pays for that.
    match tracing::enabled!(tracing::Level::DEBUG) {
        true => routes.layer(trace()),
        false => routes,
    }
}

/// Adds a path, for those who have known credentials where some are configured.
fn route(routes: Router, path: &str, methods: MethodRouter, settings: &HttpSettings) -> Router {
    match &*settings.credentials {
        [] => routes.route(path, methods),
        // Who is not let in is not told the methods.
        known => routes.route_service(path, AuthorizationLayer::new(known).layer(methods)),
    }
}

/// Logs each request and what became of it; no header of it.
fn trace() -> impl Layer<
    Route,
    Service: Service<
        Request<Body>,
        Response: IntoResponse + 'static,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
                 + Send
                 + Sync
                 + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    TraceLayer::new_for_http()
        .make_span_with(|request: &Request<Body>| {
            let (method, uri) = (request.method(), request.uri());
            tracing::debug_span!("request", %method, %uri, version = ?request.version())
        })
        .on_request(())
        .on_response(|response: &Response, latency: Duration, _: &Span| {
            tracing::debug!(status = response.status().as_u16(), ?latency, "response");
        })
        .on_body_chunk(())
        .on_eos(())
        .on_failure(())
}

fn not_allowed<S>(
    allowed: &'static str,
) -> impl Fn(&Arc<Gateway<S>>, Request<Body>) -> Responding + Clone {
    move |_, _| Responding::ready(Problem::method_not_allowed(allowed))
}

/// Makes the services of the routes.
struct Endpoints<S>(Arc<Gateway<S>>);

/// A service that answers the requests of one path and method.
#[derive(Debug)]
struct MethodService<S, Handle> {
    gateway: Arc<Gateway<S>>,
    handle: Handle,
}

impl<S> Endpoints<S> {
    fn at<Handle>(&self, handle: Handle) -> MethodService<S, Handle>
    where
        Handle: Fn(&Arc<Gateway<S>>, Request<Body>) -> Responding,
    {
        let gateway = Arc::clone(&self.0);
        MethodService { gateway, handle }
    }
}

impl<S, Handle: Clone> Clone for MethodService<S, Handle> {
    fn clone(&self) -> Self {
        Self {
            gateway: Arc::clone(&self.gateway),
            handle: self.handle.clone(),
        }
    }
}

impl<S, Handle> Service<Request<Body>> for MethodService<S, Handle>
where
    Handle: Fn(&Arc<Gateway<S>>, Request<Body>) -> Responding,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Responding;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Responding {
        (self.handle)(&self.gateway, request)
    }
}
