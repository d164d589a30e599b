//! The operator's pages: metrics, health, readiness, the description of the API, the status page.
//!
//! Floor 4. `app` provides their content; nothing here knows where it comes from.

mod cache;
mod status_page;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;

pub use self::cache::CachePages;
use super::http::{HostLayer, Hosts, HttpService, NO_SNIFF, NO_STORE, Problem};

const METHODS: &str = "GET, HEAD";
const OPENAPI: &str = include_str!("../../../openapi.yaml");

const TEXT: &str = "text/plain; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// RFC 9512.
const YAML: &str = "application/yaml";
const HTML: &str = "text/html; charset=utf-8";
/// The page needs nothing but its own style.
const PAGE_POLICY: (HeaderName, HeaderValue) = (
    CONTENT_SECURITY_POLICY,
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
);

/// Whether the gateway is ready, and why, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadinessReport {
    /// It is.
    Ready(String),
    /// It is not, yet or any more.
    NotReady(String),
}

/// Whether the gateway answers at all, and why not, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It does.
    Alive,
    /// A part of it does not.
    Dead(String),
}

/// What the operator's pages show, asked anew for each request.
#[derive(Clone)]
pub struct Admin {
    /// All metrics, as `OpenMetrics` text.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether queries are answered with the cluster's services.
    pub readiness: Arc<dyn Fn() -> ReadinessReport + Send + Sync>,
    /// The lines of the status page: a label and its value.
    pub status: Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync>,
    /// What is kept of other names; none while nothing is forwarded.
    pub cache: Arc<dyn Fn() -> Option<CachePages> + Send + Sync>,
    /// Whether queries are answered at all.
    pub liveness: Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Liveness> + Send>> + Send + Sync>,
    /// Tells that the gateway is about to end: it is not ready any more, and still answers.
    pub leaving: CancellationToken,
    /// Tells that it ends: health is over then, though these pages are still served.
    pub ending: CancellationToken,
}

/// Makes the router of the operator's pages, for requests that name one of `hosts`; any other path is a 404.
pub fn router(admin: Admin, hosts: Hosts) -> impl HttpService {
    let routes = Router::new()
        .route("/", page(get(status)))
        .route("/metrics", page(get(metrics)))
        .route("/healthz", page(get(health)))
        .route("/readyz", page(get(ready)))
        // As CoreDNS names them.
        .route("/health", page(get(health)))
        .route("/ready", page(get(ready)))
        .route("/openapi.yaml", page(get(openapi)))
        .route("/cache", cache::methods())
        .fallback(async || Problem::not_found())
        .with_state(admin);
    ServiceBuilder::new()
        .layer(HostLayer::new(Some(hosts)))
        .service(routes)
}

fn page(methods: MethodRouter<Admin>) -> MethodRouter<Admin> {
    methods.fallback(async || Problem::method_not_allowed(METHODS))
}

async fn status(State(admin): State<Admin>) -> impl IntoResponse {
    let readiness = (admin.readiness)();
    let page = status_page::render(&readiness, &(admin.status)());
    ([PAGE_POLICY], Page(StatusCode::OK, HTML, page))
}

async fn metrics(State(admin): State<Admin>) -> Page<String> {
    Page(StatusCode::OK, OPENMETRICS, (admin.metrics)())
}

async fn health(State(admin): State<Admin>) -> Page<String> {
    let (status, text) = match admin.ending.is_cancelled() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "shutting down".into()),
        false => match (admin.liveness)().await {
            Liveness::Alive => (StatusCode::OK, "OK".into()),
            Liveness::Dead(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        },
    };
    Page(status, TEXT, text + "\n")
}

async fn ready(State(admin): State<Admin>) -> Page<String> {
    let (status, mut text) = match (admin.readiness)() {
        _ if admin.leaving.is_cancelled() => {
            (StatusCode::SERVICE_UNAVAILABLE, "shutting down".to_owned())
        }
        ReadinessReport::Ready(text) => (StatusCode::OK, text),
        ReadinessReport::NotReady(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
    };
    text.push('\n');
    Page(status, TEXT, text)
}

async fn openapi() -> Page<&'static str> {
    Page(StatusCode::OK, YAML, OPENAPI)
}

/// A page as it is now.
struct Page<Text>(StatusCode, &'static str, Text);

impl<Text: IntoResponse> IntoResponse for Page<Text> {
    fn into_response(self) -> Response {
        let Self(status, media_type, text) = self;
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (CACHE_CONTROL, NO_STORE),
            NO_SNIFF,
        ];
        (status, headers, text).into_response()
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
