//! One address of Nomad with its HTTP service and the results of earlier requests.
//!
//! Floor 1. The service can be anything that answers reqwest's requests. Over a network it is a reqwest client, which
//! fixes what all requests share: no proxy, no redirects, HTTP/1.1 (Nomad speaks nothing else) and the TLS
//! configuration. `call.rs` makes the requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use http::header::{AUTHORIZATION, HOST};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Method, Request, Response, Url};
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt};

use super::address::NomadAddress;
use super::connecting::{self, CancelOnDropLayer};
use super::query::QueryMeta;
use super::round_trip::RoundTrip;
use super::settings::NomadSettings;
use super::tls;
use super::token::BasicAuth;

/// How long sent bytes may stay unacknowledged before a connection counts as dead.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// What sends a request to one address and returns the answer, its body still coming.
pub type AgentService = BoxCloneSyncService<Request, Response, BoxError>;

/// One address and the connections to it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: NomadAddress,
    http: ArcSwap<AgentService>,
    base: Url,
    /// The Host header, where the URL names the TLS server and not the host.
    host: Option<String>,
    basic_auth: Option<HeaderValue>,
    round_trip: Mutex<RoundTrip>,
    seen: Mutex<Option<(QueryMeta, Instant)>>,
}

impl Endpoint {
    /// Makes one that is asked over the network.
    pub(super) fn new(
        address: &NomadAddress,
        settings: &NomadSettings,
    ) -> Result<Self, tls::TlsError> {
        let http = connect(address, settings)?;
        let mut endpoint = Self::over(address, settings, http);
        if let Some(name) = tls_name(address, settings) {
            endpoint.host = Some(host_header(&endpoint.base));
            // reqwest checks the certificate against the URL's host, so that one becomes the TLS name and is
            // resolved to the real host.
            endpoint
                .base
                .set_host(Some(name))
                .map_err(|_| tls::TlsError::ServerName(name.clone()))?;
        }
        Ok(endpoint)
    }

    /// Makes one that is asked through a service.
    pub(super) fn over(
        address: &NomadAddress,
        settings: &NomadSettings,
        http: AgentService,
    ) -> Self {
        let basic_auth = address.basic_auth().or(settings.basic_auth.as_ref());
        Self {
            address: address.clone(),
            http: ArcSwap::from_pointee(http),
            base: address.base().clone(),
            host: None,
            basic_auth: basic_auth.and_then(authorization),
            round_trip: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Has requests from now on go through another service.
    pub(super) fn replace(&self, http: AgentService) {
        self.http.store(Arc::new(http));
    }

    /// Makes a request for a path of the API, its parts already percent-encoded.
    pub(super) fn get(&self, path: &str, query: &[(&str, String)]) -> Request {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = Request::new(Method::GET, url);
        let host = self.host.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(host)) = host {
            request.headers_mut().insert(HOST, host);
        }
        if let Some(basic) = &self.basic_auth {
            request.headers_mut().insert(AUTHORIZATION, basic.clone());
        }
        request
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: Request) -> Result<Response, BoxError> {
        let http = AgentService::clone(&self.http.load());
        connecting::wanting(http.oneshot(request)).await
    }

    /// Notes what an answer said of the server.
    pub(super) fn saw(&self, meta: QueryMeta) {
        *locked(&self.seen) = Some((meta, Instant::now()));
    }

    /// Returns what the last answer said of the server, and when.
    pub(super) fn seen(&self) -> Option<(QueryMeta, Instant)> {
        *locked(&self.seen)
    }

    /// Notes how long a cheap question took.
    pub(super) fn measure(&self, took: Duration) {
        locked(&self.round_trip).measure(took);
    }

    pub(super) fn round_trip(&self) -> RoundTrip {
        *locked(&self.round_trip)
    }
}

/// Makes the client that talks to an address; it connects to nothing yet.
pub(super) fn connect(
    address: &NomadAddress,
    settings: &NomadSettings,
) -> Result<AgentService, tls::TlsError> {
    let tls = tls::client_config(&settings.tls, address.is_https())?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(Policy::none())
        .http1_only()
        .connect_timeout(settings.timeouts.connect)
        .connector_layer(connecting::few_at_once())
        .connector_layer(CancelOnDropLayer)
        .pool_idle_timeout(settings.timeouts.idle)
        .pool_max_idle_per_host(settings.limits.connections.max(1))
        .tcp_keepalive(UNACKNOWLEDGED)
        .user_agent(concat!("nomadns/", env!("CARGO_PKG_VERSION")));
    #[cfg(target_os = "linux")]
    {
        builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if let Some(path) = address.socket() {
        builder = builder.unix_socket(path);
    }
    if tls_name(address, settings).is_some() {
        let host = address.base().host_str().unwrap_or_default();
        let real = host.trim_matches(['[', ']']).to_owned();
        builder = builder.dns_resolver(Arc::new(RealHost(real)));
    }
    let client = builder
        .build()
        .map_err(|error| tls::TlsError::Client(error.to_string()))?;
    Ok(boxed(client))
}

/// Takes a service as one that talks to an address.
pub(super) fn boxed<S>(service: S) -> AgentService
where
    S: tower::Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    BoxCloneSyncService::new(service.map_err(Into::into))
}

/// Returns the name that the certificate of an address has to carry, when it is another than the address's.
fn tls_name<'a>(address: &NomadAddress, settings: &'a NomadSettings) -> Option<&'a String> {
    let name = settings.tls.server_name.as_ref();
    name.filter(|_| address.is_https())
}

/// Resolves whatever name it is asked for to one host.
struct RealHost(String);

impl Resolve for RealHost {
    fn resolve(&self, _name: Name) -> Resolving {
        let host = self.0.clone();
        Box::pin(async move {
            // The URL's port takes the place of the 0.
            let found: Vec<_> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn host_header(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Makes the header of basic authentication (RFC 7617).
fn authorization(basic: &BasicAuth) -> Option<HeaderValue> {
    let pair = format!("{}:{}", basic.user, basic.password.expose());
    // Base64 is always a header's value.
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
