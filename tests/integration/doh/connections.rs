//! Versions of HTTP, with and without TLS; panics, counters and the end.

use std::sync::atomic::Ordering;

use hickory_proto::op::ResponseCode;
use nomadns::dns::RecordType;
use nomadns::listeners::ConnectionLimits;
use reqwest::{Method, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{code, path_of};
use crate::stub::{Identity, PATIENCE, query};
use crate::support::gateway::until;
use crate::web::{Web, header, problem};

#[tokio::test]
async fn both_versions_are_spoken_with_and_without_tls() {
    let identity = Identity::generate();
    for (web, version) in [
        (Web::plain(ConnectionLimits::default()), Version::HTTP_11),
        (
            Web::prior_knowledge(ConnectionLimits::default()),
            Version::HTTP_2,
        ),
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
        Web::plain(ConnectionLimits::default()),
        Web::prior_knowledge(ConnectionLimits::default()),
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
    let web = Web::prior_knowledge(ConnectionLimits::default());
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
        Web::plain(ConnectionLimits::default()),
        Web::prior_knowledge(ConnectionLimits::default()),
    ] {
        let (client, url) = (
            web.client.clone(),
            format!("{}{}", web.base, path_of("slow.nomad")),
        );
        let asked = tokio::spawn(async move { client.get(url).send().await.unwrap() });
        let gate = web.running.gate.clone();
        gate.arrival().await;
        web.running.shutdown.cancel();
        gate.release(1);
        assert_eq!(code(asked.await.unwrap()).await, ResponseCode::NoError);
        drop(web.client);
        web.running.end().await;
    }
}

#[tokio::test]
async fn a_shutdown_keeps_a_new_connection_for_its_first_request() {
    let web = Web::plain(ConnectionLimits::default());
    let mut stream = TcpStream::connect(web.running.address).await.unwrap();
    until("it is accepted", async || {
        web.running.shared.connections.open() == 1
    })
    .await;
    web.running.shutdown.cancel();
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        path_of("a.nomad")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200 "), "{response:?}");
    web.running.end().await;
}

#[tokio::test]
async fn a_refusal_over_http_2_reads_the_body_and_resets_nothing() {
    let web = Web::prior_knowledge(ConnectionLimits::default());
    // Each request comes without its body first, as from a client that is slow to send.
    for path in ["/dns-query", "/resolve", "/x"] {
        let mut stream = TcpStream::connect(web.running.address).await.unwrap();
        // POST and http by their numbers, then the authority and the path (RFC 7541).
        let length = u8::try_from(path.len()).unwrap();
        let mut fields = vec![0x83, 0x86, 1, 1, b'a', 4, length];
        fields.extend_from_slice(path.as_bytes());
        let mut begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        begin.extend(frame(SETTINGS, 0, 0, &[]));
        begin.extend(frame(HEADERS, END_HEADERS, 1, &fields));
        stream.write_all(&begin).await.unwrap();
        // The answer to a ping tells that the request has arrived.
        stream.write_all(&frame(PING, 0, 0, &[0; 8])).await.unwrap();
        until_frame(&mut stream, |kind| kind == PING).await;
        stream
            .write_all(&frame(DATA, END_STREAM, 1, b"body"))
            .await
            .unwrap();
        let mut seen = Vec::new();
        until_frame(&mut stream, |kind| {
            seen.push(kind);
            kind == DATA
        })
        .await;
        // What comes next answers this, and is no reset.
        stream.write_all(&frame(PING, 0, 0, &[1; 8])).await.unwrap();
        until_frame(&mut stream, |kind| {
            assert_ne!(kind, RST_STREAM, "after {seen:?}");
            kind == PING
        })
        .await;
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let head = [0, 0, length, kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// Reads frames until one is what is waited for.
async fn until_frame(stream: &mut TcpStream, mut is_it: impl FnMut(u8) -> bool) {
    let read = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).await.unwrap();
            if is_it(head[3]) {
                return;
            }
        }
    };
    timeout(PATIENCE, read).await.unwrap();
}
