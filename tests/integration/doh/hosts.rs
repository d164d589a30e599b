//! The host of a request: on plain HTTP only those that are ours (DNS rebinding), and its form (RFC 9112 section 3.2).

use nomadns::dns::Name;
use nomadns::listeners::ConnectionLimits;
use nomadns::listeners::admin::ReadinessReport;
use nomadns::listeners::http::{Hosts, HttpSettings};
use reqwest::{ClientBuilder, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stub::Identity;
use crate::web::{Web, problem};

const JSON: &str = "/resolve?name=a.nomad";

fn web() -> Web {
    let zone = Name::from_labels([b"nomad".as_slice()]).unwrap();
    let hosts = Hosts::parse(&["dns.example".to_owned()], vec![zone]).unwrap();
    Web::with(&HttpSettings {
        hosts,
        ..HttpSettings::default()
    })
}

/// Sends a head and gives the status of the response.
async fn status(web: &Web, head: &str) -> String {
    let mut stream = TcpStream::connect(web.running.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = vec![0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line).await.unwrap();
    String::from_utf8_lossy(&line[9..]).into_owned()
}

#[tokio::test]
async fn a_page_whose_name_was_led_here_reads_nothing() {
    let (queries, pages) = (web(), Web::admin(ReadinessReport::Ready(String::new())));
    for (web, paths) in [
        (&queries, &[JSON, "/dns-query"][..]),
        (&pages, &["/", "/metrics", "/openapi.yaml"]),
    ] {
        for path in paths {
            for method in [Method::GET, Method::POST, Method::OPTIONS] {
                let request = web.request(method, path).header("host", "evil.example:80");
                let response = request.send().await.unwrap();
                assert!(
                    !response
                        .headers()
                        .contains_key("access-control-allow-origin")
                );
                let (status, detail) = problem(response).await;
                assert_eq!(status, 421, "{path}");
                assert!(detail.contains("http.hosts") && detail.contains("evil.example"));
            }
            let request = web
                .request(Method::HEAD, path)
                .header("host", "evil.example");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 421);
            assert!(response.bytes().await.unwrap().is_empty());
        }
    }
    for host in [
        "localhost:8053",
        "[::1]:8053",
        "DNS.example",
        "gateway.nomad:80",
    ] {
        let request = queries.request(Method::GET, JSON).header("host", host);
        assert_eq!(request.send().await.unwrap().status(), 200, "{host}");
    }
    assert_eq!(pages.get("/metrics").await.status(), 200);
}

#[tokio::test]
async fn a_host_that_is_missing_doubled_or_none_is_a_bad_request() {
    let web = web();
    for (lines, expected) in [
        ("Host: localhost\r\n", "200"),
        ("Host:\r\n", "200"),
        ("", "400"),
        ("Host: localhost\r\nHost: localhost\r\n", "400"),
        ("Host: localhost\r\nHost: evil.example\r\n", "400"),
        ("Host: user@localhost\r\n", "400"),
        ("Host: a b\r\n", "400"),
        ("Host: :80\r\n", "400"),
    ] {
        let head = format!("GET {JSON} HTTP/1.1\r\n{lines}\r\n");
        assert_eq!(status(&web, &head).await, expected, "{lines:?}");
    }
    // Older clients need not say.
    let head = format!("GET {JSON} HTTP/1.0\r\n\r\n");
    assert_eq!(status(&web, &head).await, "200");
    // RFC 9112 section 3.2.2: the target counts.
    let head = format!("GET http://evil.example{JSON} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(status(&web, &head).await, "421");
}

#[tokio::test]
async fn over_http_2_the_authority_is_the_host() {
    let web = Web::prior_knowledge(ConnectionLimits::default());
    assert_eq!(web.get(JSON).await.status(), 200);
    let port = web.running.address.port();
    let client = ClientBuilder::new().no_proxy().http2_prior_knowledge();
    let client = client.resolve("evil.example", web.running.address);
    let request = client
        .build()
        .unwrap()
        .get(format!("http://evil.example:{port}{JSON}"));
    assert_eq!(request.send().await.unwrap().status(), 421);
}

#[tokio::test]
async fn over_tls_the_certificate_decides_about_the_host() {
    let identity = Identity::generate();
    for build in [|client: ClientBuilder| client.http1_only(), |client| client] {
        let web = Web::tls(&identity, build);
        let request = web.request(Method::GET, JSON);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let web = Web::tls(&identity, |client| client.http1_only());
    let request = web
        .request(Method::GET, JSON)
        .header("host", "dns.elsewhere");
    assert_eq!(request.send().await.unwrap().status(), 200);
}
