//! DNS over HTTPS (RFC 8484): methods, media types, statuses, caching.

mod connections;
mod credentials;
mod hosts;
mod limits;
mod origins;
mod paths;
mod untaken;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hickory_proto::op::ResponseCode;
use nomadns::dns::RecordType;
use nomadns::listeners::ConnectionLimits;
use reqwest::{Method, Response};

use crate::stub::{DENIAL_TTL, TTL, decode, query};
use crate::web::{DNS_MESSAGE, Web, header, problem};

fn path(message: &[u8]) -> String {
    format!("/dns-query?dns={}", URL_SAFE_NO_PAD.encode(message))
}

fn path_of(name: &str) -> String {
    path(&query(0, name, RecordType::A))
}

async fn code(response: Response) -> ResponseCode {
    assert_eq!(response.status(), 200);
    decode(&response.bytes().await.unwrap())
        .metadata
        .response_code
}

#[tokio::test]
async fn get_and_post_give_the_same_answer_and_headers() {
    let web = Web::plain(ConnectionLimits::default());
    let message = query(0xcafe, "WeB.nomad", RecordType::A);
    let got = web.get(&path(&message)).await;
    let posted = web.post(message).await;
    for response in [got, posted] {
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), DNS_MESSAGE);
        assert_eq!(header(&response, "cache-control"), format!("max-age={TTL}"));
        assert_eq!(header(&response, "vary"), "accept");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        for absent in [
            "age",
            "content-encoding",
            "server",
            "access-control-allow-origin",
        ] {
            assert_eq!(header(&response, absent), "", "{absent}");
        }
        let length = header(&response, "content-length").to_owned();
        let body = response.bytes().await.unwrap();
        assert_eq!(length, body.len().to_string());
        let answer = decode(&body);
        // The client's own id and letter case.
        assert_eq!(answer.metadata.id, 0xcafe);
        assert_eq!(body[13..16], *b"WeB");
        assert_eq!(answer.answers.len(), 1);
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let web = Web::plain(ConnectionLimits::default());
    let (got, head) = (
        web.get(&path_of("a.nomad")).await,
        web.request(Method::HEAD, &path_of("a.nomad"))
            .send()
            .await
            .unwrap(),
    );
    assert_eq!(head.status(), 200);
    for name in ["content-type", "content-length", "cache-control", "vary"] {
        assert_eq!(header(&head, name), header(&got, name), "{name}");
        assert_ne!(header(&head, name), "", "{name}");
    }
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let web = Web::plain(ConnectionLimits::default());
    for method in [
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
        Method::TRACE,
    ] {
        let response = web
            .request(method, &path_of("a.nomad"))
            .send()
            .await
            .unwrap();
        assert_eq!(header(&response, "allow"), "GET, HEAD, POST");
        assert_eq!(problem(response).await.0, 405);
    }
}

#[tokio::test]
async fn another_path_is_not_found() {
    let web = Web::plain(ConnectionLimits::default());
    for path in ["/", "/dns-query/", "/dns-query/x", "/DNS-QUERY", "/metrics"] {
        assert_eq!(problem(web.get(path).await).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn the_parameter_dns_is_there_once_and_base64url() {
    let web = Web::plain(ConnectionLimits::default());
    let right = path_of("a.nomad");
    let padding = "=".repeat((4 - right["/dns-query?dns=".len()..].len() % 4) % 4);
    for path in [
        right.clone(),
        format!("{right}{padding}"),
        right.replace('?', "?x=1&"),
        format!("{right}&y"),
    ] {
        assert_eq!(
            code(web.get(&path).await).await,
            ResponseCode::NoError,
            "{path}"
        );
    }
    let twice = format!("{right}&{}", &right["/dns-query?".len()..]);
    for path in [
        "/dns-query",
        "/dns-query?",
        "/dns-query?dns=",
        "/dns-query?dns=!",
        "/dns-query?dns=AA%2BA",
        "/dns-query?dns=A",
        &twice,
    ] {
        assert_eq!(problem(web.get(path).await).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_query_is_a_bad_request() {
    let web = Web::plain(ConnectionLimits::default());
    let mut response = query(1, "a.nomad", RecordType::A);
    response[2] |= 0x80;
    for message in [vec![0; 11], Vec::new(), response] {
        assert_eq!(problem(web.post(message.clone()).await).await.0, 400);
        assert_eq!(problem(web.get(&path(&message)).await).await.0, 400);
    }
}

#[tokio::test]
async fn every_code_of_dns_is_a_success_of_http() {
    let web = Web::plain(ConnectionLimits::default());
    let mut many_questions = query(1, "a.nomad", RecordType::A);
    many_questions[5] = 2;
    let mut notify = query(1, "a.nomad", RecordType::A);
    notify[2] |= 4 << 3;
    let mut garbage_behind = query(1, "a.nomad", RecordType::A);
    garbage_behind.extend_from_slice(b"garbage");
    for (message, expected, cache_control) in [
        (
            query(1, "nx.nomad", RecordType::A),
            ResponseCode::NXDomain,
            format!("max-age={DENIAL_TTL}"),
        ),
        (
            query(1, "a.nomad", RecordType::AAAA),
            ResponseCode::NoError,
            format!("max-age={DENIAL_TTL}"),
        ),
        (
            query(1, "fail.nomad", RecordType::A),
            ResponseCode::ServFail,
            "no-store".to_owned(),
        ),
        (many_questions, ResponseCode::FormErr, "no-store".to_owned()),
        (notify, ResponseCode::NotImp, "no-store".to_owned()),
        (
            garbage_behind,
            ResponseCode::NoError,
            format!("max-age={TTL}"),
        ),
    ] {
        let response = web.post(message).await;
        assert_eq!(header(&response, "cache-control"), cache_control);
        assert_eq!(code(response).await, expected);
    }
}

#[tokio::test]
async fn an_answer_that_waits_and_a_large_one_arrive() {
    let web = Web::plain(ConnectionLimits::default());
    web.running.gate.release(1);
    assert_eq!(
        code(web.get(&path_of("slow.nomad")).await).await,
        ResponseCode::NoError
    );
    let large = web.get(&path_of("many.nomad")).await.bytes().await.unwrap();
    let answer = decode(&large);
    assert!(!answer.metadata.truncation);
    assert_eq!(answer.answers.len(), 2000);
}

#[tokio::test]
async fn accept_is_taken_leniently() {
    let web = Web::plain(ConnectionLimits::default());
    for accept in [
        "*/*",
        "application/*",
        DNS_MESSAGE,
        "text/html, */*;q=0.8",
        "",
        "APPLICATION/DNS-MESSAGE",
    ] {
        let response = web.get_accepting(&path_of("a.nomad"), accept).await;
        assert_eq!(header(&response, "content-type"), DNS_MESSAGE, "{accept}");
    }
    for accept in ["application/dns-json", "application/json"] {
        let response = web.get_accepting(&path_of("a.nomad"), accept).await;
        assert_eq!(header(&response, "content-type"), accept);
        assert_eq!(header(&response, "cache-control"), format!("max-age={TTL}"));
    }
    for accept in ["text/html", "*/*;q=0"] {
        let (status, detail) = problem(web.get_accepting(&path_of("a.nomad"), accept).await).await;
        assert_eq!(status, 406);
        assert!(detail.contains(DNS_MESSAGE) && detail.contains("application/dns-json"));
    }
}

#[tokio::test]
async fn a_post_says_that_it_is_a_message() {
    let web = Web::plain(ConnectionLimits::default());
    let message = query(1, "a.nomad", RecordType::A);
    let post = |media_type: Option<&'static str>| {
        let request = web
            .request(Method::POST, "/dns-query")
            .body(message.clone());
        match media_type {
            Some(media_type) => request.header("content-type", media_type),
            None => request,
        }
    };
    for media_type in [
        DNS_MESSAGE,
        "Application/DNS-Message",
        "application/dns-message; charset=utf-8",
    ] {
        assert_eq!(
            code(post(Some(media_type)).send().await.unwrap()).await,
            ResponseCode::NoError
        );
    }
    for media_type in [
        None,
        Some("application/dns-udpwireformat"),
        Some("text/plain"),
        Some(""),
    ] {
        let response = post(media_type).send().await.unwrap();
        assert_eq!(header(&response, "accept-post"), DNS_MESSAGE);
        assert_eq!(problem(response).await.0, 415, "{media_type:?}");
    }
}

#[tokio::test]
async fn load_that_is_shed_is_503_with_retry_after() {
    let web = Web::plain(ConnectionLimits::default());
    for path in [path_of("shed.nomad"), "/resolve?name=shed.nomad".to_owned()] {
        let response = web.get(&path).await;
        assert_eq!(header(&response, "retry-after"), "1");
        assert_eq!(problem(response).await.0, 503, "{path}");
    }
}
