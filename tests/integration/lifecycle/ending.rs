//! The end in good order: not ready first, then new connections are refused and what is under way is answered, then UDP ends.

use std::time::Duration;

use hickory_proto::op::ResponseCode;
use nomadns::app::Ending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};

use super::redis;
use crate::support::clients::{
    ask_stream, ask_udp, connect_tls, framed, http_client, next_message,
};
use crate::support::gateway::{AT_MOST, Gateway, cast, until};

/// How long the gateway waits for what is under way: far longer than any of it takes.
const DRAIN: Duration = AT_MOST;

/// A gateway that waits long for what is under way.
async fn patient(nomad_url: &str) -> Gateway {
    let gateway = Gateway::with(nomad_url, |settings| {
        settings.connections.drain = DRAIN;
        settings.connections.http_body = DRAIN;
    });
    gateway.until_ready().await;
    gateway
}

/// A request of HTTP/1.1 whose body is sent but for its last octet; the octet that is missing.
async fn begin_post(gateway: &Gateway) -> (TcpStream, u8) {
    let message = redis().message(0);
    let (last, body) = message.split_last().unwrap();
    let head = format!(
        "POST /dns-query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dns-message\r\n\
         Content-Length: {}\r\n\r\n",
        message.len()
    );
    let mut stream = TcpStream::connect(gateway.http).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    (stream, *last)
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_holds_up_the_end_no_longer() {
    let nomad = cast();
    let mut gateway = patient(&nomad.url()).await;
    let (mut post, last) = begin_post(&gateway).await;
    until("the request is there", async || {
        gateway.metric("nomadns_open_connections").await >= 1.0
    })
    .await;

    gateway.ask_to_end();
    let ending = (503, "shutting down\n".to_owned());
    until("unhealthy", async || {
        gateway.page("/healthz").await == ending
    })
    .await;
    assert_eq!(gateway.page("/readyz").await, ending);
    for address in [gateway.dns, gateway.tls, gateway.https, gateway.http] {
        let closed = async || TcpStream::connect(address).await.is_err();
        until(&format!("{address} is closed"), closed).await;
    }
    post.write_all(&[last]).await.unwrap();
    let mut response = Vec::new();
    post.read_to_end(&mut response).await.unwrap();
    let end = response.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = response.split_at(end.unwrap() + 4);
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{response:?}");
    assert_eq!(redis().read(0, body).answers.len(), 3);

    let (admin, begun) = (gateway.admin, Instant::now());
    gateway.ended().await;
    assert!(begun.elapsed() < DRAIN / 2, "nothing else was waited for");
    assert!(TcpStream::connect(admin).await.is_err());
}

#[tokio::test]
async fn a_lameduck_is_not_ready_and_alive_and_answers_all() {
    let nomad = cast();
    let mut gateway = Gateway::with(&nomad.url(), |settings| settings.lameduck = AT_MOST * 3);
    gateway.until_ready().await;
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.connect(gateway.dns).await.unwrap();
    gateway.ask_to(Ending::AfterLameduck);
    let leaving = (503, "shutting down\n".to_owned());
    until("not ready", async || {
        gateway.page("/readyz").await == leaving
    })
    .await;
    assert_eq!(gateway.page("/healthz").await.0, 200);
    for _ in 0..10 {
        let message = ask_udp(&udp, &redis()).await.expect("it fits");
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        let mut tcp = TcpStream::connect(gateway.dns).await.unwrap();
        let message = ask_stream(&mut tcp, &redis()).await.unwrap();
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
    }
}

#[tokio::test]
async fn udp_is_answered_until_connections_have_ended_and_then_ends_without_a_query_lost() {
    let nomad = cast();
    let mut gateway = Gateway::with(&nomad.url(), |settings| {
        settings.lameduck = Duration::from_millis(300);
        settings.connections.drain = DRAIN;
        settings.connections.http_body = DRAIN;
    });
    gateway.until_ready().await;
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.connect(gateway.dns).await.unwrap();
    // It holds the end of UDP up.
    let (mut post, last) = begin_post(&gateway).await;
    gateway.ask_to(Ending::AfterLameduck);
    until("new connections are refused", async || {
        TcpStream::connect(gateway.dns).await.is_err()
    })
    .await;
    let message = ask_udp(&udp, &redis()).await.expect("it fits");
    assert_eq!(message.metadata.response_code, ResponseCode::NoError);
    post.write_all(&[last]).await.unwrap();
    let mut response = Vec::new();
    post.read_to_end(&mut response).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200 "), "{response:?}");
    // Until the kernel says that nobody listens there, each query has its answer.
    let (mut asked, mut answer) = (0_u16, [0; 512]);
    while udp.send(&redis().message(asked)).await.is_ok() {
        match timeout(AT_MOST, udp.recv(&mut answer)).await.expect("lost") {
            Ok(octets) => redis().read(asked, &answer[..octets]),
            Err(_) => break,
        };
        asked = asked.wrapping_add(1);
    }
    gateway.ended().await;
}

#[tokio::test]
async fn queries_that_came_are_answered_and_the_streams_end_whole() {
    let nomad = cast();
    let mut gateway = patient(&nomad.url()).await;
    let mut tcp = TcpStream::connect(gateway.dns).await.unwrap();
    let mut tls = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
    // So few that they are read together.
    let queries: Vec<u8> = (0..20)
        .flat_map(|id| framed(&redis().message(id)))
        .collect();
    tcp.write_all(&queries).await.unwrap();
    tls.write_all(&queries).await.unwrap();
    let first = (next_message(&mut tcp).await, next_message(&mut tls).await);
    redis().read(0, &first.0.unwrap());
    redis().read(0, &first.1.unwrap());
    gateway.ask_to_end();
    for id in 1..20 {
        redis().read(id, &next_message(&mut tcp).await.unwrap());
        redis().read(id, &next_message(&mut tls).await.unwrap());
    }
    // An end without a close_notify would be an error.
    assert_eq!(tcp.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(tls.read(&mut [0; 1]).await.unwrap(), 0);
    gateway.ended().await;
}

#[tokio::test]
async fn idle_connections_and_halves_of_messages_hold_up_nothing() {
    let nomad = cast();
    let gateway = patient(&nomad.url()).await;
    let mut idle = TcpStream::connect(gateway.dns).await.unwrap();
    let mut half = TcpStream::connect(gateway.dns).await.unwrap();
    half.write_all(&framed(&redis().message(1))[..9])
        .await
        .unwrap();
    let idle_tls = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
    let http = http_client(&[&gateway.ca_pem]);
    let url = format!("https://{}/resolve?name=redis.default.nomad", gateway.https);
    assert_eq!(http.get(url).send().await.unwrap().status(), 200);
    until("all are there", async || {
        gateway.metric("nomadns_open_connections").await >= 4.0
    })
    .await;
    let begun = Instant::now();
    gateway.end().await;
    assert!(begun.elapsed() < DRAIN / 2, "something idle was waited for");
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(matches!(half.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    drop(idle_tls);
}

#[tokio::test]
async fn what_never_ends_is_cut_when_the_time_is_up() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.connections.drain = Duration::from_millis(100);
        settings.connections.http_body = AT_MOST;
    });
    gateway.until_ready().await;
    let (mut post, _) = begin_post(&gateway).await;
    until("the request is there", async || {
        gateway.metric("nomadns_open_connections").await >= 1.0
    })
    .await;
    gateway.end().await;
    assert!(matches!(post.read(&mut [0; 1]).await, Ok(0) | Err(_)));
}
