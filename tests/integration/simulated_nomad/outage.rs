//! The agent that goes away, cuts connections, and comes back on the same port.

use std::io::ErrorKind;

use nomadns::demo::{Fault, Options, Registration, SimulatedNomad};
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;

use super::capture::{ask, line, read_chunk, read_head, send};

#[tokio::test]
async fn an_outage_cuts_and_refuses_and_ends_on_the_same_port() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "web")]);
    let address = nomad.address();
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    send(&mut stream, "GET /v1/event/stream?topic=Service", &[]).await;
    read_head(&mut stream).await;
    read_chunk(&mut stream).await.unwrap();
    read_chunk(&mut stream).await.unwrap();
    let mut waiting = BufReader::new(TcpStream::connect(address).await.unwrap());
    let request = format!("GET /v1/services?index={}", nomad.index());
    send(&mut waiting, &request, &[]).await;
    nomad.waiting_queries_reach(1).await;

    nomad.vanish().await;
    // As captured: a chunked body without its end, a query without a byte.
    assert_eq!(line(&mut stream).await, None);
    assert_eq!(line(&mut waiting).await, None);
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    nomad.register([Registration::new("default", "redis")]);
    nomad.come_back().unwrap();
    nomad.come_back().unwrap();
    assert_eq!(nomad.address(), address);
    let list = ask(&nomad, "GET /v1/services", &[]).await;
    assert_eq!(list.json()[0]["Services"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn many_outages_keep_the_port() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    for _ in 0..20 {
        ask(&nomad, "GET /v1/regions", &[]).await;
        nomad.vanish().await;
        nomad.come_back().unwrap();
    }
    assert_eq!(
        ask(&nomad, "GET /v1/regions", &[]).await.text(),
        r#"["global"]"#
    );
}

#[tokio::test]
async fn a_taken_address_is_an_error() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    let options = Options {
        address: nomad.address(),
        ..Options::default()
    };
    assert_eq!(
        SimulatedNomad::start(options).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );
}

#[tokio::test]
async fn too_many_connections_get_a_bare_429() {
    let options = Options {
        max_connections: Some(1),
        ..Options::default()
    };
    let nomad = SimulatedNomad::start(options).unwrap();
    let mut first = TcpStream::connect(nomad.address()).await.unwrap();
    send(&mut first, "GET /v1/regions", &[]).await;
    read_head(&mut BufReader::new(&mut first)).await;
    let mut second = TcpStream::connect(nomad.address()).await.unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
}

#[tokio::test]
async fn a_cut_request_ends_without_a_byte() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.break_next("/v1/services", Fault::Cut, 1);
    let mut connection = BufReader::new(TcpStream::connect(nomad.address()).await.unwrap());
    send(&mut connection, "GET /v1/services", &[]).await;
    assert_eq!(line(&mut connection).await, None);
}
