//! Bearer tokens (RFC 6750) and users with passwords (RFC 7617): who gets in, and what the others get.

use std::sync::Arc;

use nomadns::dns::RecordType;
use nomadns::listeners::http::{Credentials, HttpSettings, Scheme};
use nomadns::secret::Secret;
use reqwest::{Method, RequestBuilder};

use super::path_of;
use crate::stub::{TTL, query};
use crate::web::{DNS_MESSAGE, Web, header, problem};

const JSON: &str = "/resolve?name=a.nomad";

fn credentials(scheme: Scheme, text: &str) -> Arc<Credentials> {
    Arc::new(Credentials::parse(scheme, &Secret::new(text)).unwrap())
}

fn web(credentials: &[Arc<Credentials>]) -> Web {
    Web::with(&HttpSettings {
        credentials: credentials.to_vec(),
        ..HttpSettings::default()
    })
}

/// One request for each way to ask.
fn requests(web: &Web) -> [RequestBuilder; 3] {
    let post = web.request(Method::POST, "/dns-query");
    let post = post.header("content-type", DNS_MESSAGE);
    [
        web.request(Method::GET, &path_of("a.nomad")),
        web.request(Method::GET, JSON),
        post.body(query(1, "a.nomad", RecordType::A)),
    ]
}

#[tokio::test]
async fn who_has_a_token_or_a_password_gets_in_and_no_cache_shares_the_answer() {
    let tokens = credentials(Scheme::Bearer, "first-token\nsecond+token==");
    let web = web(&[tokens, credentials(Scheme::Basic, "alice:pass:word")]);
    type Build = fn(RequestBuilder) -> RequestBuilder;
    let right: [Build; 3] = [
        |request| request.bearer_auth("first-token"),
        |request| request.bearer_auth("second+token=="),
        |request| request.basic_auth("alice", Some("pass:word")),
    ];
    for build in right {
        for request in requests(&web) {
            let response = build(request).send().await.unwrap();
            assert_eq!(response.status(), 200);
            let private = format!("private, max-age={TTL}");
            assert_eq!(header(&response, "cache-control"), private);
        }
    }
    let wrong: [Build; 7] = [
        |request| request,
        |request| request.bearer_auth("first-toke"),
        |request| request.bearer_auth("first-token2"),
        |request| request.bearer_auth("alice:pass:word"),
        |request| request.basic_auth("alice", Some("pass")),
        |request| request.basic_auth("first-token", None::<&str>),
        |request| request.bearer_auth("first-token").bearer_auth("x"),
    ];
    for build in wrong {
        for request in requests(&web) {
            let response = build(request).send().await.unwrap();
            assert_eq!(
                response
                    .headers()
                    .get_all("www-authenticate")
                    .iter()
                    .count(),
                2
            );
            assert_eq!(problem(response).await.0, 401);
        }
    }
    // Who is not let in is not told which methods there are.
    let put = web.request(Method::PUT, "/resolve").send().await.unwrap();
    assert_eq!((put.status().as_u16(), header(&put, "allow")), (401, ""));
    let failed = web.request(Method::GET, "/resolve?name=fail.nomad");
    let failed = failed.bearer_auth("first-token").send().await.unwrap();
    assert_eq!(header(&failed, "cache-control"), "no-store");
}

#[tokio::test]
async fn the_challenge_names_what_is_wanted() {
    let bearer = web(&[credentials(Scheme::Bearer, "a-token")]);
    let challenge = "www-authenticate";
    let plain = bearer.get(JSON).await;
    assert_eq!(header(&plain, challenge), "Bearer realm=\"nomadns\"");
    let wrong = bearer.request(Method::GET, JSON).bearer_auth("b");
    let wrong = wrong.send().await.unwrap();
    let invalid = "Bearer realm=\"nomadns\", error=\"invalid_token\"";
    assert_eq!(header(&wrong, challenge), invalid);
    let basic = web(&[credentials(Scheme::Basic, "a:b")]);
    let asked = basic.get(JSON).await;
    assert_eq!(
        header(&asked, challenge),
        "Basic realm=\"nomadns\", charset=\"UTF-8\""
    );
    // A path that is not there is no secret, and a body is not waited for.
    assert_eq!(problem(basic.get("/nothing").await).await.0, 404);
    let large = basic
        .request(Method::POST, "/dns-query")
        .body(vec![0; 70_000]);
    assert_eq!(problem(large.send().await.unwrap()).await.0, 401);
}
