//! The operator's pages.

use nomadns::listeners::admin::ReadinessReport;
use reqwest::Method;

use crate::web::{Web, header, problem};

fn ready() -> ReadinessReport {
    ReadinessReport::Ready("serving 3 services".to_owned())
}

#[tokio::test]
async fn health_is_ok_until_the_gateway_ends() {
    let web = Web::admin(ready());
    for path in ["/healthz", "/health"] {
        let response = web.get(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            header(&response, "content-type"),
            "text/plain; charset=utf-8"
        );
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(response.text().await.unwrap().trim(), "OK");
    }
    web.end_gateway();
    for path in ["/healthz", "/health", "/readyz", "/ready"] {
        let response = web.get(path).await;
        assert_eq!(response.status(), 503, "{path}");
        assert_eq!(response.text().await.unwrap().trim(), "shutting down");
    }
}

#[tokio::test]
async fn readiness_says_why() {
    let web = Web::admin(ReadinessReport::NotReady(
        "no answer from Nomad yet".to_owned(),
    ));
    for path in ["/readyz", "/ready"] {
        let response = web.get(path).await;
        assert_eq!(response.status(), 503);
        assert_eq!(
            response.text().await.unwrap().trim(),
            "no answer from Nomad yet"
        );
    }
    assert_eq!(web.get("/healthz").await.status(), 200);
    let web = Web::admin(ready());
    let response = web.get("/readyz").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap().trim(), "serving 3 services");
}

#[tokio::test]
async fn metrics_are_text_or_open_metrics_by_accept() {
    let web = Web::admin(ready());
    let open_metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = "text/plain; version=0.0.4; charset=utf-8";
    for (accept, content_type, format) in [
        ("*/*", text, "PrometheusText"),
        (open_metrics, open_metrics, "OpenMetrics"),
    ] {
        let request = web.request(Method::GET, "/metrics");
        let response = request.header("accept", accept).send().await.unwrap();
        assert_eq!(header(&response, "content-type"), content_type);
        assert_eq!(header(&response, "vary"), "accept");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(response.text().await.unwrap(), format);
    }
}

#[tokio::test]
async fn the_description_is_the_file() {
    let web = Web::admin(ready());
    let response = web.get("/openapi.yaml").await;
    assert_eq!(header(&response, "content-type"), "application/yaml");
    assert_eq!(
        response.text().await.unwrap(),
        include_str!("../../openapi.yaml")
    );
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let web = Web::admin(ready());
    for path in [
        "/",
        "/lookup",
        "/page.css",
        "/page.js",
        "/icon.svg",
        "/api/status",
        "/api/services",
        "/metrics",
        "/healthz",
        "/readyz",
        "/health",
        "/ready",
        "/openapi.yaml",
    ] {
        let response = web.request(Method::POST, path).send().await.unwrap();
        assert_eq!(header(&response, "allow"), "GET, HEAD", "{path}");
        assert_eq!(problem(response).await.0, 405);
        let head = web.request(Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), 200, "{path}");
        assert!(head.bytes().await.unwrap().is_empty());
    }
    assert_eq!(problem(web.get("/dns-query").await).await.0, 404);
}
