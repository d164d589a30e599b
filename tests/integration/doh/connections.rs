//! Versions of HTTP, with and without TLS; panics, counters and the end.

use std::sync::atomic::Ordering;

use hickory_proto::op::ResponseCode;
use nomadns::dns::RecordType;
use nomadns::listeners::Limits;
use reqwest::{Method, Version};

use super::{code, path_of};
use crate::stub::{Identity, query};
use crate::web::{Web, header, problem};

#[tokio::test]
async fn both_versions_are_spoken_with_and_without_tls() {
    let identity = Identity::generate();
    for (web, version) in [
        (Web::plain(Limits::default()), Version::HTTP_11),
        (Web::prior_knowledge(Limits::default()), Version::HTTP_2),
        (Web::tls(&identity, |client| client), Version::HTTP_2),
        (
            Web::tls(&identity, |client| client.http1_only()),
            Version::HTTP_11,
        ),
        (
            Web::tls(&identity, |client| client.http2_prior_knowledge()),
            Version::HTTP_2,
        ),
    ] {
        let got = web.get(&path_of("a.nomad")).await;
        assert_eq!(got.version(), version);
        assert_ne!(header(&got, "content-length"), "");
        assert_eq!(code(got).await, ResponseCode::NoError);
        let posted = web.post(query(1, "a.nomad", RecordType::A)).await;
        assert_eq!(code(posted).await, ResponseCode::NoError);
        let head = web
            .request(Method::HEAD, &path_of("a.nomad"))
            .send()
            .await
            .unwrap();
        assert_ne!(header(&head, "content-length"), "");
        assert_eq!(problem(web.get("/x").await).await.0, 404);
        drop(web.client);
        web.running.end().await;
    }
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_request_only() {
    for web in [
        Web::plain(Limits::default()),
        Web::prior_knowledge(Limits::default()),
    ] {
        assert_eq!(problem(web.get(&path_of("panic.nomad")).await).await.0, 500);
        assert_eq!(
            code(web.get(&path_of("a.nomad")).await).await,
            ResponseCode::NoError
        );
        assert_eq!(
            web.running.shared.counters.panics.load(Ordering::Relaxed),
            1
        );
    }
}

#[tokio::test]
async fn responses_are_counted_by_method_version_and_status() {
    let web = Web::prior_knowledge(Limits::default());
    web.get(&path_of("a.nomad")).await;
    web.get("/nothing").await;
    web.post(query(1, "a.nomad", RecordType::A)).await;
    let counted = web
        .running
        .shared
        .counters
        .http_responses()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| (kind.method, kind.version, kind.status, count))
        .collect::<Vec<_>>();
    assert_eq!(
        counted,
        [
            ("GET", "2", "2xx", 1),
            ("GET", "2", "4xx", 1),
            ("POST", "2", "2xx", 1)
        ]
    );
}

#[tokio::test]
async fn a_shutdown_lets_a_request_end() {
    for web in [
        Web::plain(Limits::default()),
        Web::prior_knowledge(Limits::default()),
    ] {
        let (client, url) = (
            web.client.clone(),
            format!("{}{}", web.base, path_of("slow.nomad")),
        );
        let asked = tokio::spawn(async move { client.get(url).send().await.unwrap() });
        let gate = web.running.gate.clone();
        gate.arrival().await;
        web.running.trigger.request();
        gate.release(1);
        assert_eq!(code(asked.await.unwrap()).await, ResponseCode::NoError);
        drop(web.client);
        web.running.end().await;
    }
}
