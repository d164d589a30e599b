//! Garbage on any socket: an error or a close for who sent it, and nothing at all for its neighbours.

use std::net::SocketAddr;

use hickory_proto::rr::RecordType;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::redis;
use crate::support::clients::{Clients, connect_tls, framed};
use crate::support::gateway::{AT_MOST, Gateway, cast, until};
use crate::support::question::Question;

const SEED: u64 = 0x0007;
/// How many messages of garbage go to each socket.
const ROUNDS: usize = 40;
/// Counters of what must not happen.
const PANICS: [&str; 2] = [
    "nomadns_udp_panics_total",
    "nomadns_connection_panics_total",
];

#[tokio::test]
async fn garbage_leaves_the_neighbours_answered() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let mut neighbours = Clients::connect(&gateway).await;
    let before = neighbours.agreed(&redis()).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for round in 0..ROUNDS {
        let garbage = garbage(&mut random, round);
        datagrams.send_to(&garbage, gateway.dns).await.unwrap();
        let mut open = Vec::new();
        for address in streams(&gateway) {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // Whoever closes at once is right as well.
            let _ = stream.write_all(&garbage).await;
            open.push(stream);
        }
        let mut inside = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
        let _ = inside.write_all(&garbage).await;
        let _ = inside.flush().await;
        assert_eq!(neighbours.agreed(&redis()).await, before, "{garbage:?}");
    }
    for counter in PANICS {
        assert_eq!(gateway.metric(counter).await, 0.0, "{counter}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn who_stops_in_the_middle_is_closed_in_time() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        let soon = std::time::Duration::from_millis(100);
        settings.connections.message = soon;
        settings.connections.handshake = soon;
        settings.connections.http_headers = soon;
        settings.connections.http_body = soon;
    });
    gateway.until_ready().await;
    let hello = [22, 3, 1, 2, 0, 1, 0];
    let head = b"POST /dns-query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dns-message\r\nContent-Length: 9\r\n\r\n1";
    let message = framed(&redis().message(1));
    for (address, half) in [
        (gateway.dns, &message[..9]),
        (gateway.dns, &message[..1]),
        (gateway.tls, &hello),
        (gateway.https, &hello),
        (gateway.http, b"GET /resolve?name"),
        (gateway.http, b"PRI * HTTP/2.0\r\n"),
        (gateway.http, head),
        (gateway.admin, b"GET /met"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(half).await.unwrap();
        let mut last_words = Vec::new();
        let closed = timeout(AT_MOST, stream.read_to_end(&mut last_words)).await;
        assert!(closed.is_ok(), "{address} stays open after {half:?}");
    }
    gateway.end().await;
}

fn streams(gateway: &Gateway) -> [SocketAddr; 5] {
    [
        gateway.dns,
        gateway.tls,
        gateway.https,
        gateway.http,
        gateway.admin,
    ]
}

/// Octets that are nearly something, or nothing at all.
fn garbage(random: &mut StdRng, round: usize) -> Vec<u8> {
    let length = random.random_range(1..4000);
    let mut octets: Vec<u8> = (0..length).map(|_| random.random()).collect();
    let mut query = framed(&redis().message(random.random()));
    match round % 8 {
        // A query with some of its octets changed, or cut.
        0 | 1 => {
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(2..query.len());
                query[at] = random.random();
            }
            query
        }
        2 => query[..random.random_range(1..query.len())].to_vec(),
        // A length that is kept, and one that nothing follows.
        3 => framed(&octets),
        4 => [&[0xff, 0xff], &octets[..]].concat(),
        // The beginning of a record of TLS.
        5 => {
            octets.splice(0..0, [22, 3, 1]);
            octets
        }
        6 => [b"GET /dns-query?dns=", &octets[..], b"\r\n\r\n"].concat(),
        _ => octets,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_from_the_gateways_own_address_is_not_answered() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // It shares the gateway's port, as only a process of the same user can. Being connected to another,
    // it takes nothing of what is sent to that port.
    let own = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    own.set_reuse_port(true).unwrap();
    own.bind(&gateway.dns.into()).unwrap();
    let own = std::net::UdpSocket::from(own);
    own.connect(other.local_addr().unwrap()).unwrap();
    let before = gateway.metric("nomadns_udp_ignored_total").await;
    let message = Question::new("nomad", RecordType::SOA).message(1);
    own.send_to(&message, gateway.dns).unwrap();
    until("ignored", async || {
        gateway.metric("nomadns_udp_ignored_total").await > before
    })
    .await;
    let (_, metrics) = gateway.page("/metrics").await;
    let taken = |line: &str| line.starts_with("nomadns_queries_total") && line.contains("udp");
    assert!(!metrics.lines().any(taken), "{metrics}");
    gateway.end().await;
}
