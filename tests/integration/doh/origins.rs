//! What pages of browsers are told (the CORS protocol of the Fetch standard).

use std::sync::Arc;

use nomadns::listeners::ConnectionLimits;
use nomadns::listeners::http::{Credentials, HttpSettings, Origins, Scheme};
use nomadns::secret::Secret;
use reqwest::{Method, Response};

use super::path_of;
use crate::web::{Web, header};

const OURS: &str = "https://dash.example";
const ALLOWED: &str = "access-control-allow-origin";

fn listed() -> HttpSettings {
    let origins = Origins::parse(&[OURS.to_owned(), "http://localhost:3000".to_owned()]);
    HttpSettings {
        origins: Arc::new(origins.unwrap()),
        ..HttpSettings::default()
    }
}

async fn ask(web: &Web, method: Method, path: &str, origin: Option<&str>) -> Response {
    let mut request = web.request(method, path);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.send().await.unwrap()
}

async fn preflight(web: &Web, path: &str, origin: &str) -> Response {
    let request = web.request(Method::OPTIONS, path).header("origin", origin);
    let request = request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    request.send().await.unwrap()
}

#[tokio::test]
async fn without_an_origin_nothing_is_said_of_it() {
    let web = Web::plain(ConnectionLimits::default());
    for path in [path_of("a.nomad"), "/resolve?name=a.nomad".to_owned()] {
        let got = ask(&web, Method::GET, &path, Some(OURS)).await;
        let refused = preflight(&web, &path, OURS).await;
        assert_eq!(got.status(), 200);
        assert_eq!(refused.status(), 405);
        assert_eq!(header(&got, "vary"), "accept");
        for response in [got, refused] {
            let names = response.headers().keys();
            let cors = names.filter(|name| name.as_str().starts_with("access-control"));
            assert_eq!(cors.count(), 0);
        }
    }
}

#[tokio::test]
async fn an_origin_that_is_listed_comes_back_and_another_does_not() {
    let web = Web::with(&listed());
    for (path, status) in [
        (&*path_of("a.nomad"), 200),
        ("/resolve?name=a.nomad", 200),
        ("/resolve", 400),
        ("/dns-query", 400),
        ("/nothing", 404),
    ] {
        for (origin, allowed) in [
            (Some(OURS), OURS),
            (Some("http://localhost:3000"), "http://localhost:3000"),
            (Some("https://dash.example.evil"), ""),
            (Some("https://dash.example:444"), ""),
            (Some("null"), ""),
            (None, ""),
        ] {
            let response = ask(&web, Method::GET, path, origin).await;
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(header(&response, ALLOWED), allowed, "{path} {origin:?}");
            let by = if status == 200 {
                "accept, origin"
            } else {
                "origin"
            };
            assert_eq!(header(&response, "vary"), by, "{path}");
            assert_eq!(header(&response, "access-control-allow-credentials"), "");
        }
    }
}

#[tokio::test]
async fn a_preflight_tells_what_may_be_asked() {
    let web = Web::with(&listed());
    for (path, methods) in [
        ("/dns-query", "GET, HEAD, OPTIONS, POST"),
        ("/resolve", "GET, HEAD, OPTIONS"),
    ] {
        let response = preflight(&web, path, OURS).await;
        assert_eq!(response.status(), 204);
        for (name, value) in [
            (ALLOWED, OURS),
            ("access-control-allow-methods", methods),
            (
                "access-control-allow-headers",
                "authorization, content-type",
            ),
            ("access-control-max-age", "3600"),
            ("allow", methods),
            ("vary", "origin"),
        ] {
            assert_eq!(header(&response, name), value, "{path} {name}");
        }
        assert!(response.bytes().await.unwrap().is_empty());
        assert_eq!(
            header(
                &preflight(&web, path, "https://other.example").await,
                ALLOWED
            ),
            ""
        );
        let put = ask(&web, Method::PUT, path, Some(OURS)).await;
        assert_eq!(
            (header(&put, "allow"), header(&put, ALLOWED)),
            (methods, OURS)
        );
        assert_eq!(put.status(), 405);
    }
    assert_eq!(preflight(&web, "/nothing", OURS).await.status(), 404);
}

/// RFC 9110 §8.6.
#[tokio::test]
async fn a_preflight_without_content_tells_no_length() {
    for web in [Web::with(&listed()), Web::with_over_http_2(&listed())] {
        let response = preflight(&web, "/resolve", OURS).await;
        assert_eq!(response.status(), 204);
        let version = response.version();
        assert!(
            !response.headers().contains_key("content-length"),
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn every_origin_is_one_answer_for_all() {
    let web = Web::with(&HttpSettings {
        origins: Arc::new(Origins::Any),
        ..HttpSettings::default()
    });
    for origin in [Some(OURS), Some("null"), None] {
        let response = ask(&web, Method::GET, &path_of("a.nomad"), origin).await;
        assert_eq!(
            (header(&response, ALLOWED), header(&response, "vary")),
            ("*", "accept")
        );
    }
}

#[tokio::test]
async fn a_preflight_needs_no_credentials_and_what_follows_does() {
    let tokens = Credentials::parse(Scheme::Bearer, &Secret::new("a-token")).unwrap();
    let web = Web::with(&HttpSettings {
        credentials: vec![Arc::new(tokens)],
        ..listed()
    });
    assert_eq!(preflight(&web, "/resolve", OURS).await.status(), 204);
    let refused = ask(&web, Method::GET, "/resolve?name=a.nomad", Some(OURS)).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(header(&refused, ALLOWED), OURS);
}
