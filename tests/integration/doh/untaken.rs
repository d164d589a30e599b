//! Clients that do not take their responses, that are idle, or that send on when all is said.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nomadns::listeners::{ConnectionLimits, ListenerKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::path_of;
use crate::stub::PATIENCE;
use crate::web::Web;

/// A name whose answer is long as JSON.
const LONG: &str = "/resolve?name=many.nomad";
const MIB: usize = 1024 * 1024;

fn quick() -> ConnectionLimits {
    ConnectionLimits {
        write_stall: Duration::from_millis(400),
        linger: Duration::from_millis(100),
        ..ConnectionLimits::default()
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Asks over HTTP/2 with a window of nothing, on so many streams.
async fn asked_with_window_zero(web: &Web, path: &str, streams: u32) -> TcpStream {
    let mut stream = TcpStream::connect(web.running.address).await.unwrap();
    let mut octets = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    octets.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
    for number in 0..streams {
        // GET and http by their numbers, then the authority and the path (RFC 7541).
        let mut fields = vec![0x82, 0x86, 1, 9];
        fields.extend_from_slice(b"localhost");
        fields.extend([4, u8::try_from(path.len()).unwrap()]);
        fields.extend_from_slice(path.as_bytes());
        octets.extend(frame(1, 5, 2 * number + 1, &fields));
    }
    stream.write_all(&octets).await.unwrap();
    stream
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_client_with_a_window_of_nothing_holds_one_long_response_and_not_for_long() {
    let web = Web::prior_knowledge(quick());
    let connections = web.running.shared.connections.clone();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(asked_with_window_zero(&web, LONG, 100).await);
    }
    until("something is held", || connections.untaken_octets() > 0).await;
    let mut most = 0;
    until("it is over", || {
        most = most.max(connections.untaken_octets());
        connections.open() == 0 && connections.untaken_octets() == 0
    })
    .await;
    assert!(most < 2 * MIB, "{most} octets were held");
    let counters = web.running.shared.counters.connections(ListenerKind::Http);
    assert_eq!(counters.untaken.load(Ordering::Relaxed), 4);
    web.running.end().await;
}

#[tokio::test]
async fn what_all_leave_untaken_has_a_bound_and_a_usual_answer_is_given_beyond_it() {
    let limits = ConnectionLimits {
        untaken_octets: MIB / 2,
        ..ConnectionLimits::default()
    };
    let web = Web::prior_knowledge(limits);
    let connections = web.running.shared.connections.clone();
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(asked_with_window_zero(&web, LONG, 4).await);
    }
    let counters = &web.running.shared.counters;
    let has_refused = || {
        let mut responses = counters.http_responses();
        responses.any(|(kind, count)| kind.status == "5xx" && count > 0)
    };
    until("a long response is refused", has_refused).await;
    assert!(connections.untaken_octets() <= MIB / 2);
    assert_eq!(web.get(&path_of("a.nomad")).await.status(), 200);
}

#[tokio::test]
async fn a_client_of_http_1_that_takes_nothing_is_let_go() {
    let web = Web::plain(quick());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let mut client = socket.connect(web.running.address).await.unwrap();
    let request = format!("GET {LONG} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(100);
    client.write_all(request.as_bytes()).await.unwrap();
    let counters = web.running.shared.counters.connections(ListenerKind::Http);
    until("it is let go", || {
        counters.untaken.load(Ordering::Relaxed) == 1
    })
    .await;
    let connections = web.running.shared.connections.clone();
    until("nothing is held", || {
        connections.open() == 0 && connections.untaken_octets() == 0
    })
    .await;
}

#[tokio::test]
async fn a_long_response_is_whole_over_both_versions() {
    for web in [
        Web::plain(ConnectionLimits::default()),
        Web::prior_knowledge(ConnectionLimits::default()),
    ] {
        let text = web.get(LONG).await.text().await.unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["Answer"].as_array().unwrap().len(), 2000);
        let connections = web.running.shared.connections.clone();
        until("all is taken", || connections.untaken_octets() == 0).await;
    }
}

#[tokio::test]
async fn long_responses_of_one_connection_come_one_after_the_other_and_all() {
    let web = Web::prior_knowledge(ConnectionLimits::default());
    let asked = (0..50).map(async |_| {
        let response = web.get(LONG).await;
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap().len()
    });
    let lengths = futures_util::future::join_all(asked).await;
    assert!(lengths.iter().all(|length| *length > 100_000));
}

#[tokio::test]
async fn a_connection_of_http_1_may_be_idle_longer_than_a_request_may_take() {
    let limits = ConnectionLimits {
        http_headers: Duration::from_millis(50),
        http_idle: 2 * PATIENCE,
        ..ConnectionLimits::default()
    };
    let web = Web::plain(limits);
    let mut client = TcpStream::connect(web.running.address).await.unwrap();
    let request = b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut response = [0; 2048];
    client.write_all(request).await.unwrap();
    assert!(client.read(&mut response).await.unwrap() > 0);
    sleep(Duration::from_millis(250)).await;
    client.write_all(request).await.unwrap();
    assert!(client.read(&mut response).await.unwrap() > 0);
    // Half of a request has no more time than a whole one.
    client.write_all(b"GET /noth").await.unwrap();
    let ended = timeout(PATIENCE, client.read(&mut response)).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)));
    let counters = web.running.shared.counters.connections(ListenerKind::Http);
    assert_eq!(counters.timed_out.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_a_client_still_sends_does_not_cost_it_the_last_response() {
    let web = Web::plain(ConnectionLimits::default());
    let mut client = TcpStream::connect(web.running.address).await.unwrap();
    let head = "POST /dns-query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/dns-message\r\n\
                content-length: 100000\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&[0; 100_000]).await.unwrap();
    let mut response = Vec::new();
    let read = timeout(PATIENCE, client.read_to_end(&mut response)).await;
    read.unwrap().unwrap();
    assert!(response.starts_with(b"HTTP/1.1 413"));
}
