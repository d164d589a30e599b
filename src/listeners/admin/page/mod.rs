//! The status page: what operators see with a browser, and the same as JSON.
//!
//! Floor 4. Everything is rendered here from what `app` provides, works without scripts and changes nothing. The one script
//! only keeps an open page up to date and copies commands. Texts are escaped by default (maud), and `Untrusted` ones made
//! visible too.

mod banner;
mod commands;
mod config_model;
mod configuration;
mod events;
mod graph;
mod layout;
mod lookup;
mod model;
mod overview;
mod parameters;
mod secondaries;
mod service;
mod service_model;
mod services;
mod untrusted;
mod upstreams;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY};
use http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use tokio::sync::watch;

pub use self::config_model::{ConfigReport, ConfigSetting};
pub(super) use self::events::{EVENT_STREAMS, events};
pub use self::model::{
    CertificateDates, Finding, GatewayState, ListenerAddress, LiveStatus, MissedName,
    NamespaceRights, Sample, ServedName, StateBanner, StatusReport, Untrusted,
};
use self::parameters::PageParameters;
pub use self::parameters::{HealthFilter, ServiceSearch};
pub use self::secondaries::SecondaryReport;
pub use self::service_model::{
    InstanceDetail, LookupReport, ServiceDetail, ServicePage, ServiceSummary, TransportAnswer,
};
pub use self::upstreams::UpstreamState;
use super::{Admin, HTML, Page, Problem};
use crate::dns::{Name, RecordType};

const JSON: &str = "application/json";
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = include_str!("icon.svg");
/// Nothing from elsewhere, and nothing that stands in the page itself.
const POLICY: (HeaderName, HeaderValue) = (
    CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
);
const NO_REFERRER: (HeaderName, HeaderValue) =
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

/// What is there later.
pub type PageFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Provides what the status page shows.
pub trait PageSource: Send + Sync {
    /// Everything but the services.
    fn status(&self) -> StatusReport;
    /// The services that a search finds.
    fn services(self: Arc<Self>, search: ServiceSearch) -> PageFuture<ServicePage>;
    /// One service, with its answers; none where there is none.
    fn service(
        self: Arc<Self>,
        namespace: String,
        service: String,
    ) -> PageFuture<Option<ServiceDetail>>;
    /// The configuration in force.
    fn config(&self) -> ConfigReport;
    /// What each listener answers.
    fn lookup(self: Arc<Self>, name: Name, record_type: RecordType) -> PageFuture<LookupReport>;
    /// What open pages are sent: the JSON of a [`LiveStatus`].
    fn live(&self) -> watch::Receiver<Arc<str>>;
}

impl fmt::Debug for dyn PageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageSource").finish_non_exhaustive()
    }
}

pub(super) async fn style() -> Page<&'static str> {
    Page(StatusCode::OK, "text/css; charset=utf-8", STYLE)
}

pub(super) async fn script() -> Page<&'static str> {
    Page(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn icon() -> Page<&'static str> {
    Page(StatusCode::OK, "image/svg+xml", ICON)
}

pub(super) async fn overview(State(admin): State<Admin>, uri: Uri, headers: HeaderMap) -> Response {
    let parameters = match PageParameters::read(&uri) {
        Ok(parameters) => parameters,
        Err(problem) => return problem.into_response(),
    };
    let services = Arc::clone(&admin.page).services(parameters.search()).await;
    let status = admin.page.status();
    let reach = commands::Reach::new(&status.listeners, &headers);
    html(
        StatusCode::OK,
        overview::render(&status, &services, &parameters, &reach),
    )
}

pub(super) async fn service(State(admin): State<Admin>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = PageParameters::read(&uri).and_then(|it| it.service().map(|asked| (it, asked)));
    let (parameters, (namespace, service)) = match asked {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    let found = Arc::clone(&admin.page).service(namespace, service).await;
    let status = admin.page.status();
    let reach = commands::Reach::new(&status.listeners, &headers);
    let code = match found {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    };
    html(
        code,
        service::render(&status.live.banner, found.as_ref(), &parameters, &reach),
    )
}

pub(super) async fn lookup(State(admin): State<Admin>, uri: Uri) -> Response {
    let parameters = match PageParameters::read(&uri) {
        Ok(parameters) => parameters,
        Err(problem) => return problem.into_response(),
    };
    let (code, outcome) = match parameters.question() {
        None => (StatusCode::OK, None),
        Some(Err(wrong)) => (StatusCode::BAD_REQUEST, Some(Err(wrong))),
        Some(Ok((name, record_type))) => {
            let report = Arc::clone(&admin.page).lookup(name, record_type).await;
            (StatusCode::OK, Some(Ok(report)))
        }
    };
    let banner = admin.page.status().live.banner;
    html(code, lookup::render(&banner, outcome.as_ref(), &parameters))
}

pub(super) async fn configuration(State(admin): State<Admin>) -> Response {
    let banner = admin.page.status().live.banner;
    html(
        StatusCode::OK,
        configuration::render(&banner, &admin.page.config()),
    )
}

pub(super) async fn config_json(State(admin): State<Admin>) -> Response {
    json(&admin.page.config())
}

pub(super) async fn status_json(State(admin): State<Admin>) -> Response {
    json(&admin.page.status())
}

pub(super) async fn services_json(State(admin): State<Admin>, uri: Uri) -> Response {
    match PageParameters::read(&uri) {
        Ok(parameters) => json(&Arc::clone(&admin.page).services(parameters.search()).await),
        Err(problem) => problem.into_response(),
    }
}

pub(super) async fn service_json(State(admin): State<Admin>, uri: Uri) -> Response {
    let asked = PageParameters::read(&uri).and_then(|it| it.service());
    let (namespace, service) = match asked {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    match Arc::clone(&admin.page).service(namespace, service).await {
        Some(found) => json(&found),
        None => Problem::no_service().into_response(),
    }
}

pub(super) async fn lookup_json(State(admin): State<Admin>, uri: Uri) -> Response {
    let question = PageParameters::read(&uri).map(|parameters| parameters.question());
    match question {
        Ok(Some(Ok((name, record_type)))) => {
            json(&Arc::clone(&admin.page).lookup(name, record_type).await)
        }
        Ok(Some(Err(wrong))) => Problem::bad_request(wrong).into_response(),
        Ok(None) => Problem::bad_request("name=NAME is missing").into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn html(code: StatusCode, page: maud::Markup) -> Response {
    ([POLICY, NO_REFERRER], Page(code, HTML, page.into_string())).into_response()
}

fn json(value: &impl Serialize) -> Response {
    // Texts and numbers always have a JSON form; NaN is null.
    let text = serde_json::to_string(value).unwrap_or_default();
    Page(StatusCode::OK, JSON, text).into_response()
}
