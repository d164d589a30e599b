//! Addresses that fail, answers that are broken or too big, tokens that change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nomadns::nomad::{BasicAuth, Cause, Client, QueryOptions, TokenSource};
use nomadns::secret::Secret;

use super::{client, list, settings};
use crate::support::replay::{Replay, Reply, capture, ok, refusing, serve_unix, status};

#[tokio::test]
async fn the_next_address_that_answers_is_taken_and_kept() {
    let leaderless = Replay::always(status("500 Internal Server Error", "No cluster leader")).await;
    let good = Replay::start(|_| Reply::Send(ok(7, "[]"))).await;
    let mut settings = settings(&[&refusing().await, &leaderless.url(), &good.url()]);
    // However busy the machine is, none of them is late.
    settings.hedge.unmeasured = Duration::from_secs(60);
    let client = Client::new(settings).unwrap();
    assert_eq!(list(&client).await, Ok(7));
    assert_eq!(list(&client).await, Ok(7));
    assert_eq!((leaderless.heads().len(), good.heads().len()), (1, 2));
    assert_eq!(client.address().to_string(), good.url());
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_no_reason_to_ask_elsewhere() {
    let refusing = Replay::always(status("403 Forbidden", "Permission denied")).await;
    let other = Replay::always(ok(7, "[]")).await;
    let client = client(&[&refusing.url(), &other.url()]);
    assert_eq!(list(&client).await, Err(Cause::PermissionDenied));
    assert!(other.heads().is_empty());
}

#[tokio::test]
async fn an_address_that_never_answers_costs_its_time_and_the_next_is_asked() {
    let silent = Replay::start(|_| Reply::Trickle(Vec::new(), 1)).await;
    let good = Replay::always(ok(7, "[]")).await;
    let mut settings = settings(&[&silent.url(), &good.url()]);
    settings.timeouts.request = Duration::from_millis(100);
    assert_eq!(list(&Client::new(settings.clone()).unwrap()).await, Ok(7));
    settings.addresses.pop();
    let alone = Client::new(settings).unwrap();
    assert_eq!(
        list(&alone).await,
        Err(Cause::TimedOut(Duration::from_millis(100)))
    );
}

#[tokio::test]
async fn a_refused_token_is_asked_for_again_once() {
    let server =
        Replay::start(|_| Reply::Close(status("403 Forbidden", "ACL token not found"))).await;
    let asked = Arc::new(AtomicU32::new(0));
    let mut settings = settings(&[&server.url()]);
    let count = Arc::clone(&asked);
    settings.token = TokenSource::Ask(Arc::new(move || {
        Ok(Secret::new(&format!(
            "token-{}",
            count.fetch_add(1, Ordering::Relaxed)
        )))
    }));
    let client = Client::new(settings).unwrap();
    assert_eq!(list(&client).await, Err(Cause::TokenUnknown));
    let tokens: Vec<_> = server
        .heads()
        .iter()
        .map(|head| head.contains("x-nomad-token: token-0"))
        .collect();
    assert_eq!(tokens, [true, false]);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn secrets_go_into_headers_and_nowhere_else() {
    let server = Replay::always(status("500 Internal Server Error", "rpc error: nope")).await;
    let mut settings = settings(&[&server.url().replace("http://", "http://user:canary-a@")]);
    settings.token = TokenSource::Fixed(Secret::new("canary-b"));
    settings.basic_auth = BasicAuth::parse("other:canary-c");
    let client = Client::new(settings).unwrap();
    let error = client
        .list_services("*", QueryOptions::default())
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?} {client:?}");
    assert!(!shown.contains("canary"), "{shown}");
    let head = server.heads().concat();
    assert!(head.contains("x-nomad-token: canary-b"), "{head}");
    assert!(
        head.contains("authorization: Basic dXNlcjpjYW5hcnktYQ=="),
        "{head}"
    );
    assert!(!head.lines().next().unwrap().contains("canary"));
}

#[tokio::test]
async fn region_wait_index_and_names_are_sent_as_nomad_reads_them() {
    let server = Replay::start(|_| Reply::Send(ok(7, "[]"))).await;
    let mut settings = settings(&[&server.url()]);
    settings.region = Some("eu west".into());
    let client = Client::new(settings).unwrap();
    client
        .list_services(
            "*",
            QueryOptions::default().over(5, Duration::from_secs(60)),
        )
        .await
        .unwrap();
    client
        .service(
            "a&b",
            "x/y",
            "Tags contains \"v7\"",
            QueryOptions::default(),
        )
        .await
        .unwrap();
    let lines: Vec<_> = server
        .heads()
        .iter()
        .map(|head| head.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /v1/services?namespace=*&stale=&index=5&wait=60000ms&region=eu+west HTTP/1.1",
            "GET /v1/service/x%2Fy?namespace=a%26b&stale=&filter=Tags+contains+%22v7%22&region=eu+west HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn a_service_whose_name_is_a_step_in_a_path_is_not_asked_for() {
    let server = Replay::always(ok(7, "[]")).await;
    let client = client(&[&server.url()]);
    for name in [".", ".."] {
        let read = client.service("default", name, "", QueryOptions::default());
        let cause = read.await.unwrap_err().cause;
        assert!(matches!(cause, Cause::NotFound(_)), "{cause:?}");
    }
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_unix_socket_is_an_address_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(serve_unix(listener, capture("socket/socket-no-token.http")));
    let client = client(&[&format!("unix://{}", path.display())]);
    assert_eq!(list(&client).await, Err(Cause::Unauthorized));
    server.abort();
}

#[tokio::test]
async fn too_many_requests_says_how_long_to_wait() {
    let raw =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nConnection: close\r\n\r\nslow down";
    let server = Replay::always(raw).await;
    let retry_after = Some(Duration::from_secs(3));
    assert_eq!(
        list(&client(&[&server.url()])).await,
        Err(Cause::RateLimited { retry_after })
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Replay::always(ok(7, "[]")).await;
    let raw = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url()
    );
    let server = Replay::always(raw).await;
    let result = list(&client(&[&server.url()])).await;
    assert!(
        matches!(result, Err(Cause::Other { status: 307, .. })),
        "{result:?}"
    );
    assert!(elsewhere.heads().is_empty());
}

#[tokio::test]
async fn what_is_no_answer_of_nomad_is_malformed() {
    for raw in [
        "HTTP/0.0 200 OK\r\n\r\n".into(),
        "SSH-2.0-OpenSSH_9.2p1\r\n\r\n".into(),
        String::from_utf8(ok(7, "<html>")).unwrap(),
        String::from_utf8(ok(7, "[{\"Namespace\":")).unwrap(),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".into(),
    ] {
        let server = Replay::always(raw.clone()).await;
        let result = list(&client(&[&server.url()])).await;
        assert!(
            matches!(result, Err(Cause::Malformed { .. })),
            "{raw:?} gave {result:?}"
        );
    }
}

#[tokio::test]
async fn a_body_cut_short_is_no_answer() {
    for raw in [
        "HTTP/1.1 200 OK\r\nX-Nomad-Index: 7\r\nContent-Length: 20\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nX-Nomad-Index: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
        "",
    ] {
        let server = Replay::always(raw).await;
        let result = list(&client(&[&server.url()])).await;
        assert!(
            matches!(result, Err(Cause::Unreachable(_) | Cause::Malformed { .. })),
            "{raw:?} gave {result:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_over_its_limit_is_not_read_on() {
    let server = Replay::start(|_| Reply::Close(ok(7, &format!("[{}]", " ".repeat(2000))))).await;
    let mut settings = settings(&[&server.url()]);
    settings.limits.list_bytes = 1000;
    let client = Client::new(settings).unwrap();
    assert_eq!(
        list(&client).await,
        Err(Cause::TooLarge {
            what: "answer",
            limit_bytes: 1000
        })
    );
    let packed = Replay::always(capture("open/service-redis-gzip.http")).await;
    let mut settings = super::settings(&[&packed.url()]);
    settings.limits.service_bytes = 1000;
    let error = Client::new(settings)
        .unwrap()
        .service("default", "redis", "", QueryOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error.cause, Cause::TooLarge { .. }), "{error}");
}
