//! The operator's pages: metrics, health, readiness, the description of the API, the status page.
//!
//! Floor 4. `app` provides their content; nothing here knows where it comes from.

mod cache;
mod metrics;
mod page;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;

pub use self::cache::CachePages;
pub use self::metrics::MetricsFormat;
pub use self::page::{
    CertificateDates, ConfigReport, ConfigSetting, Finding, GatewayState, HealthFilter,
    InstanceDetail, ListenerAddress, LiveStatus, LookupReport, MissedName, NamespaceRights,
    PageFuture, PageSource, Sample, SecondaryReport, ServedName, ServiceDetail, ServicePage,
    ServiceSearch, ServiceSummary, StateBanner, StatusReport, TransportAnswer, Untrusted,
    UpstreamState,
};
use super::http::{HostLayer, Hosts, HttpService, NO_SNIFF, NO_STORE, Problem};

const METHODS: &str = "GET, HEAD";
const OPENAPI: &str = include_str!("../../../openapi.yaml");

const TEXT: &str = "text/plain; charset=utf-8";
/// RFC 9512.
const YAML: &str = "application/yaml";
const HTML: &str = "text/html; charset=utf-8";
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

/// Makes what bounds the pages that are kept up to date.
#[must_use]
pub fn event_streams() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(page::EVENT_STREAMS))
}

/// What the operator's pages show, asked anew for each request.
#[derive(Clone)]
pub struct Admin {
    /// All metrics, as text in this format.
    pub metrics: Arc<dyn Fn(MetricsFormat) -> String + Send + Sync>,
    /// Whether queries are answered with the cluster's services.
    pub readiness: Arc<dyn Fn() -> ReadinessReport + Send + Sync>,
    /// What the status page shows.
    pub page: Arc<dyn PageSource>,
    /// Bounds the pages that are kept up to date.
    pub event_streams: Arc<Semaphore>,
    /// What is kept of other names; none if nothing is forwarded.
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
        .route("/", methods(get(page::overview)))
        .route("/service", methods(get(page::service)))
        .route("/lookup", methods(get(page::lookup)))
        .route("/config", methods(get(page::configuration)))
        .route("/page.css", methods(get(page::style)))
        .route("/page.js", methods(get(page::script)))
        .route("/icon.svg", methods(get(page::icon)))
        .route("/api/status", methods(get(page::status_json)))
        .route("/api/services", methods(get(page::services_json)))
        .route("/api/service", methods(get(page::service_json)))
        .route("/api/lookup", methods(get(page::lookup_json)))
        .route("/api/config", methods(get(page::config_json)))
        .route("/api/events", methods(get(page::events)))
        .route("/metrics", methods(get(metrics::metrics)))
        .route("/healthz", methods(get(health)))
        .route("/readyz", methods(get(ready)))
        // As CoreDNS names them.
        .route("/health", methods(get(health)))
        .route("/ready", methods(get(ready)))
        .route("/openapi.yaml", methods(get(openapi)))
        .route("/cache", cache::methods())
        .fallback(async || Problem::not_found())
        .with_state(admin);
    ServiceBuilder::new()
        .layer(HostLayer::new(Some(hosts)))
        .service(routes)
}

fn methods(routes: MethodRouter<Admin>) -> MethodRouter<Admin> {
    routes.fallback(async || Problem::method_not_allowed(METHODS))
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
