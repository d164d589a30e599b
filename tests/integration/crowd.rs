//! More connections than there are places: idle ones make room, whoever asks is served, and the operator's pages have
//! places of their own.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use nomadns::dns::RecordType;
use nomadns::listeners::{ConnectionLimits, ListenerKind, tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::stub::{PATIENCE, Running, Start, query, stack};
use crate::support::gateway::{Gateway, cast};

fn start(limits: ConnectionLimits) -> Running {
    let (stack, gate) = stack();
    Start::new(limits).run(gate, |listener, shared, shutdown| {
        tokio::spawn(tcp::serve(listener, stack, shared, shutdown))
    })
}

async fn connect_from(host: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 1, host], 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Asks, and tells whether it is answered.
async fn ask(stream: &mut TcpStream, name: &str) -> bool {
    let message = query(7, name, RecordType::A);
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&length[..], &message].concat();
    if stream.write_all(&framed).await.is_err() {
        return false;
    }
    let mut answer = [0; 2];
    let read = timeout(PATIENCE, stream.read_exact(&mut answer))
        .await
        .unwrap();
    read.is_ok()
}

#[tokio::test]
async fn idle_connections_of_a_client_with_many_make_room_for_one_that_asks() {
    let limits = ConnectionLimits {
        connections: 20,
        ..ConnectionLimits::default()
    };
    let running = start(limits);
    let mut crowd = Vec::new();
    for _ in 0..60 {
        crowd.push(connect_from(1, running.address).await);
    }
    let mut victim = connect_from(2, running.address).await;
    assert!(ask(&mut victim, "a.nomad").await);
    for _ in 0..60 {
        crowd.push(connect_from(1, running.address).await);
    }
    assert!(ask(&mut victim, "a.nomad").await);
    let counters = running.shared.counters.connections(ListenerKind::Tcp);
    assert!(counters.made_room.load(Ordering::Relaxed) >= 90);
    assert!(running.shared.connections.open() <= 20);
}

#[tokio::test]
async fn a_connection_that_waits_for_its_answer_makes_no_room() {
    let limits = ConnectionLimits {
        connections: 10,
        ..ConnectionLimits::default()
    };
    let running = start(limits);
    let mut waiting = connect_from(1, running.address).await;
    let asked = tokio::spawn(async move { ask(&mut waiting, "slow.nomad").await });
    running.gate.arrival().await;
    let mut crowd = Vec::new();
    for host in 2..40 {
        let mut stream = connect_from(host, running.address).await;
        ask(&mut stream, "a.nomad").await;
        crowd.push(stream);
    }
    running.gate.release(1);
    assert!(asked.await.unwrap());
}

#[tokio::test]
async fn idle_connections_keep_nobody_from_the_pages_of_the_operator() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.connections.connections = 20;
        settings.connections.connections_per_client = 10;
        settings.connections.admin_connections = 8;
    });
    gateway.until_ready().await;
    let mut crowd = Vec::new();
    for number in 0..40 {
        crowd.push(connect_from(number % 5, gateway.dns).await);
        crowd.push(connect_from(number % 5, gateway.admin).await);
    }
    assert_eq!(gateway.page("/readyz").await.0, 200);
    assert!(gateway.metric("nomadns_open_admin_connections").await <= 8.0);
    assert!(gateway.metric("nomadns_open_connections").await <= 20.0);
    drop(crowd);
    gateway.end().await;
}
