//! One address of Nomad with the HTTP client that talks to it.
//!
//! Floor 1. Fixes what holds for every request: no proxy, no redirect, HTTP/1.1 (Nomad speaks nothing else), the
//! TLS configuration. What is asked is `call.rs`.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Url};

use super::address::Address;
use super::settings::Settings;
use super::tls;
use super::token::BasicAuth;

/// How long sent bytes may stay unacknowledged before a connection counts as dead.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// One address and the connections to it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: Address,
    /// One client for each connection: a shared pool opens more than are asked for when many are wanted at once.
    http: Vec<reqwest::Client>,
    base: Url,
    /// The Host header, where the URL names the TLS server and not the host.
    host: Option<String>,
    basic_auth: Option<BasicAuth>,
}

impl Endpoint {
    pub(super) fn new(address: &Address, settings: &Settings) -> Result<Self, tls::TlsError> {
        let mut base = address.base().clone();
        let mut host = None;
        let mut real_host = None;
        if let Some(name) = settings
            .tls
            .server_name
            .as_ref()
            .filter(|_| address.is_https())
        {
            let real = base
                .host_str()
                .unwrap_or_default()
                .trim_matches(['[', ']'])
                .to_owned();
            host = Some(host_header(&base));
            // reqwest checks the certificate against the URL's host, so that one becomes the TLS name and is
            // resolved to the real host.
            base.set_host(Some(name))
                .map_err(|_| tls::TlsError::ServerName(name.clone()))?;
            real_host = Some(real);
        }
        let tls = tls::client_config(&settings.tls, address.is_https())?;
        let client = |_| client(address, settings, tls.clone(), real_host.clone());
        let http = (0..settings.limits.connections.max(1)).map(client);
        let http = http.collect::<Result<_, _>>()?;
        let basic_auth = address
            .basic_auth()
            .or(settings.basic_auth.as_ref())
            .cloned();
        Ok(Self {
            address: address.clone(),
            http,
            base,
            host,
            basic_auth,
        })
    }

    /// Starts a request for a path of the API, its parts already percent-encoded.
    pub(super) fn get(&self, place: usize, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        let client = &self.http[place % self.http.len()];
        let mut request = client.get(url).query(query);
        if let Some(host) = &self.host {
            request = request.header(http::header::HOST, host);
        }
        if let Some(basic) = &self.basic_auth {
            request = request.basic_auth(&basic.user, Some(basic.password.expose()));
        }
        request
    }
}

/// Makes the client of one connection; `real_host` is where the URL's host is instead.
fn client(
    address: &Address,
    settings: &Settings,
    tls: rustls::ClientConfig,
    real_host: Option<String>,
) -> Result<reqwest::Client, tls::TlsError> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(Policy::none())
        .http1_only()
        .connect_timeout(settings.timeouts.connect)
        .pool_idle_timeout(settings.timeouts.idle)
        .pool_max_idle_per_host(1)
        .tcp_keepalive(UNACKNOWLEDGED)
        .user_agent(concat!("nomadns/", env!("CARGO_PKG_VERSION")));
    #[cfg(target_os = "linux")]
    {
        builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if let Some(path) = address.socket() {
        builder = builder.unix_socket(path);
    }
    if let Some(real) = real_host {
        builder = builder.dns_resolver(Arc::new(RealHost(real)));
    }
    builder
        .build()
        .map_err(|error| tls::TlsError::Client(error.to_string()))
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
