//! For each operation, requests that get each status that it is described with.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use nomadns::dns::RecordType;
use nomadns::listeners::admin::ReadinessReport;
use nomadns::listeners::http::{Credentials, HttpSettings, Scheme};
use nomadns::listeners::{ClientSettings, ConnectionLimits, Networks, Rate};
use nomadns::secret::Secret;
use reqwest::{Body, Method, RequestBuilder, Response};

use super::description::Operation;
use crate::stub::query;
use crate::web::{DNS_MESSAGE, Web};

/// A request, the listener that it goes to, and the status that it is to get.
pub(super) struct Request {
    status: u16,
    request: RequestBuilder,
    /// How many of them are sent before the one that gets it.
    before: usize,
    /// Runs for as long as the request is there.
    _web: Web,
}

impl Request {
    fn new(status: u16, web: Web, request: impl FnOnce(&Web) -> RequestBuilder) -> Self {
        Self {
            status,
            request: request(&web),
            before: 0,
            _web: web,
        }
    }

    fn after(self, before: usize) -> Self {
        Self { before, ..self }
    }

    pub(super) async fn send(self) -> (u16, Response) {
        // Kept, since a stream ends when nobody reads it any more.
        let mut held = Vec::new();
        for _ in 0..self.before {
            let before = self.request.try_clone().unwrap();
            held.push(before.send().await.unwrap());
        }
        (self.status, self.request.send().await.unwrap())
    }
}

/// All requests for an operation.
pub(super) fn requests(operation: &Operation<'_>) -> Vec<Request> {
    let mut requests = requests_here(operation);
    let (method, path) = (operation.method, operation.path);
    let is_page = !["/dns-query", "/resolve"].contains(&path);
    for (status, host) in [(400, "no host"), (421, "elsewhere.example")] {
        let web = if is_page { pages() } else { plain() };
        requests.push(Request::new(status, web, |web| {
            let request = web.request(method.parse().unwrap(), path);
            request.header("host", host)
        }));
    }
    requests
}

/// Those that are for the host that answers.
fn requests_here(operation: &Operation<'_>) -> Vec<Request> {
    match (operation.path, operation.method) {
        ("/dns-query", "GET") => refused(dns_query_get(), "/dns-query?name=a.nomad"),
        ("/dns-query", "POST") => refused(dns_query_post(), "/dns-query"),
        ("/resolve", "GET") => refused(resolve(), "/resolve?name=a.nomad"),
        ("/dns-query" | "/resolve", "OPTIONS") => preflight(operation.path),
        ("/cache", method) => cache(&method.parse().unwrap()),
        ("/" | "/api/services", "GET") => parameters(operation.path, "", &[(400, "?page=0")]),
        ("/lookup", "GET") => parameters("/lookup", "", &[(400, "?name=a..b")]),
        ("/api/lookup", "GET") => parameters("/api/lookup", "?name=a.nomad", &[(400, "")]),
        (path @ ("/service" | "/api/service"), "GET") => {
            parameters(path, "?name=redis", &[(400, ""), (404, "?name=absent")])
        }
        (path, "GET") => page(path),
        (path, method) => panic!("there are no requests for {method} {path}"),
    }
}

fn dns_query_get() -> Vec<Request> {
    let encoded = |message: &[u8]| format!("/dns-query?dns={}", URL_SAFE_NO_PAD.encode(message));
    let of = |name: &str| encoded(&query(0, name, RecordType::A));
    let name = "/dns-query?name=a.nomad";
    let mut requests = statuses(&[
        (200, &of("a.nomad"), "*/*"),
        (200, &of("nx.nomad"), "application/dns-json"),
        (200, name, "*/*"),
        (200, name, DNS_MESSAGE),
        (400, "/dns-query", "*/*"),
        (400, "/dns-query?dns=AAE", "*/*"),
        (400, "/dns-query?name=a.nomad&type=FOO", "*/*"),
        (406, &of("a.nomad"), "text/html"),
        (414, &encoded(&[0; 4097]), "*/*"),
        (200, &of("nx.nomad"), "application/dns+json"),
        (500, &of("panic.nomad"), "*/*"),
        (503, &of("shed.nomad"), "*/*"),
    ]);
    requests.push(too_many_headers(plain(), name));
    requests.push(Request::new(401, closed(), |web| {
        web.request(Method::GET, name)
    }));
    requests
}

fn dns_query_post() -> Vec<Request> {
    let slow = ConnectionLimits {
        http_body: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let never = futures_util::stream::pending::<io::Result<Bytes>>();
    vec![
        Request::new(200, plain(), post),
        Request::new(200, plain(), |web| {
            post(web).header("accept", "application/dns-json")
        }),
        Request::new(400, plain(), |web| post(web).body("short")),
        Request::new(401, closed(), post),
        Request::new(406, plain(), |web| post(web).header("accept", "text/html")),
        Request::new(408, Web::plain(slow), |web| {
            post(web).body(Body::wrap_stream(never))
        }),
        Request::new(413, plain(), |web| post(web).body(vec![0; 65_536])),
        Request::new(415, plain(), |web| web.request(Method::POST, "/dns-query")),
        Request::new(431, plain(), |web| with_many_headers(post(web))),
        Request::new(500, plain(), |web| {
            post(web).body(query(0, "panic.nomad", RecordType::A))
        }),
        Request::new(503, plain(), |web| {
            post(web).body(query(0, "shed.nomad", RecordType::A))
        }),
    ]
}

fn resolve() -> Vec<Request> {
    let mut requests = statuses(&[
        (200, "/resolve?name=a.nomad", "*/*"),
        (
            200,
            "/resolve?name=many.nomad&edns_client_subnet=::1",
            "*/*",
        ),
        (
            200,
            "/resolve?name=nx.nomad&type=65280",
            "application/dns-json",
        ),
        (200, "/resolve?name=fail.nomad&do=1", "*/*"),
        (200, "/resolve?name=a.nomad", DNS_MESSAGE),
        (400, "/resolve", "*/*"),
        (406, "/resolve?name=a.nomad", "text/html"),
        (200, "/resolve?name=many.nomad", "application/dns+json"),
        (500, "/resolve?name=panic.nomad", "*/*"),
        (503, "/resolve?name=shed.nomad", "*/*"),
    ]);
    let name = "/resolve?name=a.nomad";
    requests.push(too_many_headers(plain(), name));
    requests.push(Request::new(401, closed(), |web| {
        web.request(Method::GET, name)
    }));
    requests
}

fn preflight(path: &str) -> Vec<Request> {
    let options = |web: &Web| {
        web.request(Method::OPTIONS, path)
            .header("origin", "https://dash.example")
            .header("access-control-request-method", "GET")
    };
    let many = |web: &Web| with_many_headers(options(web));
    vec![
        Request::new(204, Web::with(&super::with_origins()), options),
        Request::new(405, plain(), options),
        Request::new(431, plain(), many),
    ]
}

/// Adds requests of clients that may not ask, and not so often.
fn refused(mut requests: Vec<Request>, path: &str) -> Vec<Request> {
    let nobody = ClientSettings {
        allow: Some(Networks::default()),
        ..ClientSettings::default()
    };
    let rarely = ClientSettings {
        rate: Some(Rate {
            queries_per_second: 1,
            burst: 1,
            tracked: 1,
        }),
        ..ClientSettings::default()
    };
    let get = |web: &Web| web.request(Method::GET, path);
    requests.push(Request::new(403, Web::plain_for(nobody), get));
    requests.push(Request::new(429, Web::plain_for(rarely), get).after(1));
    requests
}

/// Those of a page with parameters: one that is right, and others.
fn parameters(path: &str, right: &str, others: &[(u16, &str)]) -> Vec<Request> {
    let mut requests = vec![too_many_headers(pages(), &format!("{path}{right}"))];
    for (status, query) in [(200, right)].iter().chain(others) {
        let path = format!("{path}{query}");
        requests.push(Request::new(*status, pages(), |web| {
            web.request(Method::GET, &path)
        }));
    }
    requests
}

fn page(path: &str) -> Vec<Request> {
    let admin = || Web::admin(ReadinessReport::Ready("ready".to_owned()));
    let get = |web: &Web| web.request(Method::GET, path);
    let mut requests = vec![
        Request::new(200, admin(), get),
        too_many_headers(admin(), path),
    ];
    if path.contains("ready") {
        let web = Web::admin(ReadinessReport::NotReady("not yet".to_owned()));
        requests.push(Request::new(503, web, get));
    }
    if path == "/api/events" {
        requests.push(Request::new(503, admin(), get).after(32));
    }
    if path.contains("health") {
        let web = admin();
        web.end_gateway();
        requests.push(Request::new(503, web, get));
    }
    requests
}

fn cache(method: &Method) -> Vec<Request> {
    let ready = || ReadinessReport::Ready(String::new());
    let request = |web: &Web, query| web.request(method.clone(), &format!("/cache{query}"));
    vec![
        Request::new(200, pages(), |web| request(web, "?name=a.example")),
        Request::new(400, pages(), |web| request(web, "?zone=a.example")),
        Request::new(404, Web::admin_with(ready(), None), |web| {
            request(web, "?name=a.example")
        }),
        Request::new(431, pages(), |web| {
            with_many_headers(request(web, "?name=a.example"))
        }),
    ]
}

/// A usual query in a body.
pub(super) fn post(web: &Web) -> RequestBuilder {
    let message = query(0, "a.nomad", RecordType::A);
    let request = web
        .request(Method::POST, "/dns-query")
        .header("content-type", DNS_MESSAGE);
    request.body(message)
}

/// For those only who have a token.
fn closed() -> Web {
    let tokens = Credentials::parse(Scheme::Bearer, &Secret::new("a-token")).unwrap();
    Web::with(&HttpSettings {
        credentials: vec![Arc::new(tokens)],
        ..HttpSettings::default()
    })
}

fn pages() -> Web {
    Web::admin(ReadinessReport::Ready(String::new()))
}

fn plain() -> Web {
    Web::plain(ConnectionLimits::default())
}

fn statuses(rows: &[(u16, &str, &str)]) -> Vec<Request> {
    let requests = rows.iter().map(|(status, path, accept)| {
        let get = |web: &Web| web.request(Method::GET, path).header("accept", *accept);
        Request::new(*status, plain(), get)
    });
    requests.collect()
}

fn too_many_headers(web: Web, path: &str) -> Request {
    Request::new(431, web, |web| {
        with_many_headers(web.request(Method::GET, path))
    })
}

fn with_many_headers(request: RequestBuilder) -> RequestBuilder {
    (0..101).fold(request, |request, number| {
        request.header(format!("x-{number}"), "x")
    })
}
