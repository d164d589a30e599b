//! The JSON form over HTTP: parameters, media types, errors. What the form itself is stands in `dns::json`.

use nomadns::listeners::ConnectionLimits;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::stub::{DENIAL_TTL, TTL, decode};
use crate::web::{DNS_MESSAGE, Web, header, problem};

async fn body(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn an_answer_has_googles_form() {
    let web = Web::plain(ConnectionLimits::default());
    let response = web
        .get("/resolve?name=WeB.nomad&edns_client_subnet=192.0.2.7/24")
        .await;
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "cache-control"), format!("max-age={TTL}"));
    assert_eq!(header(&response, "vary"), "accept");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let expected = json!({
        "Status": 0, "TC": false, "RD": true, "RA": false, "AD": false, "CD": false,
        "Question": [{"name": "WeB.nomad.", "type": 1}],
        "Answer": [{"name": "WeB.nomad.", "type": 1, "TTL": TTL, "data": "10.0.0.1"}],
        "edns_client_subnet": "192.0.2.7/0",
    });
    assert_eq!(body(response).await, expected);
}

#[tokio::test]
async fn denials_and_failures_are_answers() {
    let web = Web::plain(ConnectionLimits::default());
    let denial = web.get("/resolve?name=nx.nomad&cd=1").await;
    assert_eq!(
        header(&denial, "cache-control"),
        format!("max-age={DENIAL_TTL}")
    );
    let denial = body(denial).await;
    assert_eq!(
        (&denial["Status"], &denial["CD"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(denial["Authority"][0]["type"], 6);
    assert!(denial.get("Answer").is_none());
    let failure = web.get("/resolve?name=fail.nomad").await;
    assert_eq!(header(&failure, "cache-control"), "no-store");
    let failure = body(failure).await;
    assert_eq!(failure["Status"], 2);
    assert_eq!(failure["extended_dns_errors"][0]["info_code"], 14);
}

#[tokio::test]
async fn accept_names_the_form() {
    let web = Web::plain(ConnectionLimits::default());
    for (path, accept, expected) in [
        ("/resolve?name=a.nomad", "*/*", "application/json"),
        (
            "/resolve?name=a.nomad",
            "application/json",
            "application/json",
        ),
        (
            "/resolve?name=a.nomad",
            "application/dns-json",
            "application/dns-json",
        ),
        ("/resolve?name=a.nomad", DNS_MESSAGE, DNS_MESSAGE),
        (
            "/resolve?name=a.nomad&ct=application/dns-message",
            "*/*",
            DNS_MESSAGE,
        ),
        (
            "/resolve?name=a.nomad&ct=application/dns-json",
            "*/*",
            "application/dns-json",
        ),
        (
            "/resolve?name=a.nomad&ct=text/plain",
            "*/*",
            "application/json",
        ),
        ("/dns-query?name=a.nomad", "*/*", "application/dns-json"),
        (
            "/dns-query?name=a.nomad",
            "text/html, */*;q=0.8",
            "application/dns-json",
        ),
        (
            "/dns-query?name=a.nomad",
            "application/json",
            "application/json",
        ),
        ("/dns-query?name=a.nomad", DNS_MESSAGE, DNS_MESSAGE),
    ] {
        let response = web.get_accepting(path, accept).await;
        assert_eq!(
            header(&response, "content-type"),
            expected,
            "{path} {accept}"
        );
        assert_eq!(header(&response, "vary"), "accept");
        if expected == DNS_MESSAGE {
            assert_eq!(decode(&response.bytes().await.unwrap()).answers.len(), 1);
        } else {
            assert_eq!(body(response).await["Answer"][0]["data"], "10.0.0.1");
        }
    }
    let refused = web
        .get_accepting("/resolve?name=a.nomad", "text/plain")
        .await;
    assert_eq!(problem(refused).await.0, 406);
}

#[tokio::test]
async fn an_error_names_its_parameter() {
    let web = Web::plain(ConnectionLimits::default());
    for (query, param) in [
        ("", "name"),
        ("?type=A", "name"),
        ("?name=", "name"),
        ("?name=a..b", "name"),
        ("?name=a.nomad&type=FOO", "type"),
        ("?name=a.nomad&type=0", "type"),
        ("?name=a.nomad&type=65536", "type"),
        ("?name=a.nomad&cd=2", "cd"),
        ("?name=a.nomad&do=yes", "do"),
        (
            "?name=a.nomad&edns_client_subnet=here",
            "edns_client_subnet",
        ),
    ] {
        let response = web.get(&format!("/resolve{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let error: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(error["param"], param, "{query}");
    }
}

#[tokio::test]
async fn resolve_allows_get_and_head_only() {
    let web = Web::plain(ConnectionLimits::default());
    let head = web
        .request(Method::HEAD, "/resolve?name=a.nomad")
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert_ne!(header(&head, "content-length"), "");
    let posted = web
        .request(Method::POST, "/resolve?name=a.nomad")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&posted, "allow"), "GET, HEAD");
    assert_eq!(problem(posted).await.0, 405);
}
