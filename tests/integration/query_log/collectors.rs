//! dnstap to a collector: both sides speak, it may come late and come again, and each message says what was asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

use hickory_proto::rr::RecordType;
use nomadns::query_log::{QueryLogFormat, QueryLogTarget};
use tempfile::TempDir;

use super::frames::{ACCEPT, FINISH, READY, START, STOP, Tapped, stream};
use super::{WRITTEN, settings, written};
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

/// Speaks as a collector until STOP; what was sent from START on.
fn collect(mut connection: impl Read + Write) -> Vec<u8> {
    let mut ready = vec![0; READY.len()];
    connection.read_exact(&mut ready).unwrap();
    assert_eq!(ready, READY);
    connection.write_all(ACCEPT).unwrap();
    let (mut all, mut octets) = (Vec::new(), [0; 4096]);
    while !all.ends_with(STOP) {
        let count = connection.read(&mut octets).unwrap();
        assert!(count > 0, "the stream has no STOP");
        all.extend_from_slice(&octets[..count]);
    }
    connection.write_all(FINISH).unwrap();
    all
}

fn accept_unix(listener: UnixListener) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || collect(listener.accept().unwrap().0))
}

fn gateway(target: QueryLogTarget) -> (nomadns::demo::SimulatedNomad, Gateway) {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.query_log = Some(settings(QueryLogFormat::Dnstap, target));
    });
    (nomad, gateway)
}

/// The pairs of a query and its response, which stand one behind the other.
fn pairs(all: &[Tapped]) -> impl Iterator<Item = (&Tapped, &Tapped)> {
    all.chunks(2).map(|pair| (&pair[0], &pair[1]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_each_query_with_its_response_on_each_transport() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dnstap.sock");
    let collecting = accept_unix(UnixListener::bind(&path).unwrap());
    let (_nomad, gateway) = gateway(QueryLogTarget::Unix(path));
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    for name in ["redis.default.nomad", "nothing.default.nomad"] {
        clients.agreed(&Question::new(name, RecordType::A)).await;
    }
    written(&gateway, 12.0).await;
    gateway.end().await;
    let all = stream(&collecting.join().unwrap());
    assert_eq!(all.len(), 24);
    let mut protocols = Vec::new();
    for (query, response) in pairs(&all) {
        assert_eq!((query.number(1), response.number(1)), (Some(5), Some(6)));
        for it in [query, response] {
            assert_eq!(it.identity(), b"gateway-1");
            assert_eq!((it.number(2), it.address()), (Some(1), &[127, 0, 0, 1][..]));
            assert!(it.number(6).unwrap() > 0);
            assert!(it.number(8).unwrap() > 1_700_000_000 && it.number(9).unwrap() < 1_000_000_000);
        }
        assert!(response.number(12) >= query.number(8), "{response:?}");
        protocols.push(query.number(3).unwrap());
        let (asked, answered) = (query.message(), response.message());
        assert_eq!(asked.queries, answered.queries);
        assert_eq!(asked.metadata.id, answered.metadata.id);
        let is_known = asked.queries[0].name().to_string().starts_with("redis");
        assert_eq!(answered.answers.is_empty(), !is_known);
        assert_eq!(
            u16::from(answered.metadata.response_code),
            if is_known { 0 } else { 3 }
        );
    }
    protocols.sort_unstable();
    assert_eq!(protocols, [1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_over_tcp_that_comes_late_gets_what_waits_for_it() {
    // A port that nobody listens on until later.
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (_nomad, gateway) = gateway(QueryLogTarget::Tcp(address));
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    clients
        .agreed(&Question::new("redis.default.nomad", RecordType::SRV))
        .await;
    assert!(gateway.metric(WRITTEN).await.abs() < 0.5);
    let listener = TcpListener::bind(address).unwrap();
    let collecting = thread::spawn(move || collect(listener.accept().unwrap().0));
    written(&gateway, 6.0).await;
    gateway.end().await;
    assert_eq!(stream(&collecting.join().unwrap()).len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_goes_away_is_connected_to_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dnstap.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let going = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.read_exact(&mut [0; READY.len()]).unwrap();
        connection.write_all(ACCEPT).unwrap();
        let mut start = [0; START.len()];
        connection.read_exact(&mut start).unwrap();
        assert_eq!(start, START);
        listener
    });
    let (_nomad, gateway) = gateway(QueryLogTarget::Unix(path));
    gateway.until_ready().await;
    // The first connection is closed, and the second one collects.
    let collecting = accept_unix(going.join().unwrap());
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("redis.default.nomad", RecordType::A);
    until("it is written again", async || {
        clients.agreed(&question).await;
        gateway.metric(WRITTEN).await >= 6.0
    })
    .await;
    gateway.end().await;
    assert!(stream(&collecting.join().unwrap()).len() >= 12);
}
