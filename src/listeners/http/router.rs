//! The public paths: each with its methods, and the layers before all of them.
//!
//! Floor 4. `/dns-query` and `/resolve`, or what the operator calls them. Routing is axum's; a route is a service whose
//! future has the response of a hit with it (`.ci/instructions doh`), where handlers with extractors and boxed
//! middleware took twice the instructions.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get_service;
use http::Request;
use http::header::AUTHORIZATION;
use tower::{Layer, Service, ServiceBuilder};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;

use super::super::accept::ListenerContext;
use super::super::counters::ListenerKind;
use super::authorization::{AuthorizationLayer, Authorized};
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
        .layer(ClientLayer::new(Arc::clone(&shared.server), kind))
        .layer(HostLayer::new(hosts))
        .layer(CorsLayer::new(Arc::clone(&settings.origins)))
        .service(routes)
}

fn routes<S: Stack>(stack: S, shared: &ListenerContext, settings: &HttpSettings) -> Router {
    let endpoints = Endpoints {
        gateway: Arc::new(Gateway::new(stack, shared)),
        authorization: AuthorizationLayer::new(&settings.credentials),
    };
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
        routes = routes.route(path, methods);
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
        routes = routes.route(path, methods);
    }
    let routes = routes.fallback(async || Problem::not_found());
    // They cost every request something: only who reads such a log pays for that.
    match tracing::enabled!(tracing::Level::DEBUG) {
        true => routes.layer(
            ServiceBuilder::new()
                .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
                .layer(TraceLayer::new_for_http()),
        ),
        false => routes,
    }
}

fn not_allowed<S>(
    allowed: &'static str,
) -> impl Fn(&Arc<Gateway<S>>, Request<Body>) -> Responding + Clone {
    move |_, _| Responding::ready(Problem::method_not_allowed(allowed))
}

/// Makes the services of the routes.
struct Endpoints<S> {
    gateway: Arc<Gateway<S>>,
    authorization: AuthorizationLayer,
}

/// A service that answers the requests of one path and method.
#[derive(Debug)]
struct MethodService<S, Handle> {
    gateway: Arc<Gateway<S>>,
    handle: Handle,
}

impl<S> Endpoints<S> {
    fn at<Handle>(&self, handle: Handle) -> Authorized<MethodService<S, Handle>>
    where
        Handle: Fn(&Arc<Gateway<S>>, Request<Body>) -> Responding,
    {
        let gateway = Arc::clone(&self.gateway);
        self.authorization.layer(MethodService { gateway, handle })
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
