//! Sizes and times of requests, each with the status or the end that it leads to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use nomadns::dns::RecordType;
use nomadns::listeners::{ConnectionLimits, ListenerKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{code, path};
use crate::stub::{PATIENCE, query};
use crate::web::{Web, problem};

#[tokio::test]
async fn a_query_has_its_largest_size() {
    let web = Web::plain(ConnectionLimits::default());
    let mut message = query(1, "a.nomad", RecordType::A);
    message.resize(4096, 0);
    assert_eq!(
        code(web.get(&path(&message)).await).await,
        ResponseCode::NoError
    );
    assert_eq!(
        code(web.post(message.clone()).await).await,
        ResponseCode::NoError
    );
    message.push(0);
    // No query has that size, though a message may: the gate says so.
    assert_eq!(
        code(web.post(message.clone()).await).await,
        ResponseCode::FormErr
    );
    assert_eq!(problem(web.get(&path(&message)).await).await.0, 414);
    message.resize(65_535, 0);
    assert_eq!(
        code(web.post(message.clone()).await).await,
        ResponseCode::FormErr
    );
    message.push(0);
    assert_eq!(problem(web.post(message).await).await.0, 413);
}

#[tokio::test]
async fn a_request_line_or_headers_without_end_are_refused() {
    let web = Web::plain(ConnectionLimits::default());
    let endless = "A".repeat(1 << 20);
    let many = "x: y\r\n".repeat(101);
    for (request, statuses) in [
        (
            format!("GET /dns-query?dns={endless} HTTP/1.1\r\n\r\n"),
            [414, 431],
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {endless}\r\n\r\n"),
            [431, 431],
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"),
            [431, 431],
        ),
    ] {
        let status = raw(&web, request.as_bytes()).await;
        assert!(statuses.contains(&status), "{status}");
    }
}

#[tokio::test]
async fn a_body_has_to_come_in_time() {
    let limits = ConnectionLimits {
        http_body: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let web = Web::plain(limits);
    let request = "POST /dns-query HTTP/1.1\r\nhost: localhost\r\ncontent-length: 30\r\ncontent-type: application/dns-message\r\n\r\nabc";
    assert_eq!(raw(&web, request.as_bytes()).await, 408);
}

#[tokio::test]
async fn a_client_that_sends_no_request_is_closed() {
    let limits = ConnectionLimits {
        http_headers: Duration::from_millis(50),
        drain: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let web = Web::plain(limits);
    for begin in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: localhost\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(web.running.address).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "{begin} keeps the connection open");
    }
    let counters = web.running.shared.counters.connections(ListenerKind::Http);
    assert_eq!(counters.timed_out.load(Ordering::Relaxed), 6);
}

/// The status of the response to octets.
async fn raw(web: &Web, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(web.running.address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut line = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut line))
        .await
        .unwrap()
        .unwrap();
    std::str::from_utf8(&line[9..]).unwrap().parse().unwrap()
}
