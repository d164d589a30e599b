//! HTTP listeners around the stub, and a client for them.

use std::sync::Arc;

use nomadns::listeners::admin::{self, Admin, CachePages, Liveness, ReadinessReport};
use nomadns::listeners::http::{Hosts, HttpSettings, Security, router, serve};
use nomadns::listeners::{ClientSettings, ConnectionLimits, ListenerKind, TlsUse, tls_config};
use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::page_stub::PageStub;
use crate::stub::{Identity, Running, Start, stack};

/// The media type of messages.
pub(crate) const DNS_MESSAGE: &str = "application/dns-message";

/// A listener that runs, and a client for it.
pub(crate) struct Web {
    pub(crate) running: Running,
    pub(crate) client: Client,
    pub(crate) base: String,
    ending: Option<CancellationToken>,
}

impl Web {
    /// `/dns-query` and `/resolve` without TLS, asked over HTTP/1.1.
    pub(crate) fn plain(limits: ConnectionLimits) -> Self {
        let settings = HttpSettings::default();
        let running = start(limits, Security::Plain, ListenerKind::Http, &settings);
        Self::of(running, "http", client())
    }

    /// The same with other paths, origins or credentials.
    pub(crate) fn with(settings: &HttpSettings) -> Self {
        let (limits, plain) = (ConnectionLimits::default(), Security::Plain);
        let running = start(limits, plain, ListenerKind::Http, settings);
        Self::of(running, "http", client())
    }

    /// The same, asked over HTTP/2 by prior knowledge.
    pub(crate) fn with_over_http_2(settings: &HttpSettings) -> Self {
        let (limits, plain) = (ConnectionLimits::default(), Security::Plain);
        let running = start(limits, plain, ListenerKind::Http, settings);
        Self::of(running, "http", client().http2_prior_knowledge())
    }

    /// The same, with what clients may do.
    pub(crate) fn plain_for(clients: ClientSettings) -> Self {
        let (stack, gate) = stack();
        let start = Start::of_clients(ConnectionLimits::default(), clients);
        let running = start.run(gate, |listener, shared, shutdown| {
            let (kind, plain) = (ListenerKind::Http, Security::Plain);
            let router = router(stack, &shared, &HttpSettings::default(), kind);
            tokio::spawn(serve(listener, kind, router, plain, shared, shutdown))
        });
        Self::of(running, "http", client())
    }

    /// The same, asked over HTTP/2 by prior knowledge.
    pub(crate) fn prior_knowledge(limits: ConnectionLimits) -> Self {
        let settings = HttpSettings::default();
        let running = start(limits, Security::Plain, ListenerKind::Http, &settings);
        Self::of(running, "http", client().http2_prior_knowledge())
    }

    /// The same with TLS; `build` says what the client speaks.
    pub(crate) fn tls(identity: &Identity, build: fn(ClientBuilder) -> ClientBuilder) -> Self {
        let config = tls_config(identity.certificates.clone(), TlsUse::Http, None).unwrap();
        let running = start(
            ConnectionLimits::default(),
            Security::Tls(config),
            ListenerKind::Https,
            &HttpSettings::default(),
        );
        let root = Certificate::from_pem(identity.certificate.as_bytes()).unwrap();
        Self::of(running, "https", build(client().tls_certs_only([root])))
    }

    /// The operator's pages.
    pub(crate) fn admin(readiness: ReadinessReport) -> Self {
        let pages = CachePages {
            list: Arc::new(|_| "; 0 questions\n".to_owned()),
            flush: Arc::new(|_| 3),
        };
        Self::admin_with(readiness, Some(pages))
    }

    /// Those of a gateway that forwards nothing, unless there is a cache.
    pub(crate) fn admin_with(readiness: ReadinessReport, cache: Option<CachePages>) -> Self {
        Self::admin_of(
            readiness,
            cache,
            PageStub::new(),
            ConnectionLimits::default(),
        )
    }

    /// The operator's pages within limits, and what sends to those that are open.
    pub(crate) fn admin_streaming(limits: ConnectionLimits) -> (Self, watch::Sender<Arc<str>>) {
        let page = PageStub::new();
        let live = page.0.clone();
        let readiness = ReadinessReport::Ready("ready".to_owned());
        (Self::admin_of(readiness, None, page, limits), live)
    }

    fn admin_of(
        readiness: ReadinessReport,
        cache: Option<CachePages>,
        page: Arc<PageStub>,
        limits: ConnectionLimits,
    ) -> Self {
        let ending = CancellationToken::new();
        let admin = Admin {
            metrics: Arc::new(|format| format!("{format:?}")),
            readiness: Arc::new(move || readiness.clone()),
            page,
            event_streams: admin::event_streams(),
            cache: Arc::new(move || cache.clone()),
            liveness: Arc::new(|| Box::pin(async { Liveness::Alive })),
            leaving: ending.clone(),
            ending: ending.clone(),
        };
        let (_, gate) = stack();
        let running = Start::new(limits).run(gate, |listener, shared, shutdown| {
            let kind = ListenerKind::Admin;
            let router = admin::router(admin, Hosts::default());
            tokio::spawn(serve(
                listener,
                kind,
                router,
                Security::Plain,
                shared,
                shutdown,
            ))
        });
        Self {
            ending: Some(ending),
            ..Self::of(running, "http", client())
        }
    }

    fn of(running: Running, scheme: &str, client: ClientBuilder) -> Self {
        let base = format!("{scheme}://{}", running.address);
        Self {
            running,
            client: client.build().unwrap(),
            base,
            ending: None,
        }
    }

    /// Ends the gateway that the operator's pages tell of.
    pub(crate) fn end_gateway(&self) {
        self.ending.as_ref().unwrap().cancel();
    }

    /// A request to a path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Gets a path.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Gets a path, accepting something.
    pub(crate) async fn get_accepting(&self, path: &str, accept: &str) -> Response {
        self.request(Method::GET, path)
            .header("accept", accept)
            .send()
            .await
            .unwrap()
    }

    /// Posts a message.
    pub(crate) async fn post(&self, message: Vec<u8>) -> Response {
        let request = self
            .request(Method::POST, "/dns-query")
            .header("content-type", DNS_MESSAGE);
        request.body(message).send().await.unwrap()
    }
}

fn start(
    limits: ConnectionLimits,
    security: Security,
    kind: ListenerKind,
    settings: &HttpSettings,
) -> Running {
    let (stack, gate) = stack();
    Start::new(limits).run(gate, |listener, shared, shutdown| {
        let router = router(stack, &shared, settings, kind);
        tokio::spawn(serve(listener, kind, router, security, shared, shutdown))
    })
}

fn client() -> ClientBuilder {
    // The first to install it wins; they are all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// A header of a response, empty when it is not there.
pub(crate) fn header<'response>(response: &'response Response, name: &str) -> &'response str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// Checks that a response is a problem that no cache keeps, and gives what it says.
pub(crate) async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json"
    );
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["status"], status);
    (status, body["detail"].as_str().unwrap().to_owned())
}
