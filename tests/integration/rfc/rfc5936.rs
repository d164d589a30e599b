//! RFC 5936: whole zones over TCP and TLS (AXFR), on real sockets, and who gets none. What they have is proved in `truth`.

use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::answers::{Zone, ZoneSettings};
use nomadns::config::Settings;
use nomadns::demo::BulkLoad;
use nomadns::listeners::Networks;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::answers::{extended_error, query};
use crate::support::clients::{connect_tls, framed, next_message};
use crate::support::gateway::{AT_MOST, Gateway, cast, until};

// The codes of RFC 8914.
const PROHIBITED: u16 = 18;
const NOT_AUTHORITATIVE: u16 = 20;
const NOT_SUPPORTED: u16 = 21;
const OTHER: u16 = 0;

/// Offers the zones to a network.
fn offer(network: &str) -> impl FnOnce(&mut Settings) {
    let network = network.parse().unwrap();
    move |settings| {
        settings.transfer.is_offered = true;
        settings.secondaries = Networks::from_iter([network]);
    }
}

/// Offers a zone that no buffer of the kernel takes whole, with other settings; it is ready.
async fn offering_many(
    change: impl FnOnce(&mut Settings),
) -> (nomadns::demo::SimulatedNomad, Gateway) {
    let nomad = cast();
    let load = BulkLoad {
        services: 600,
        ..BulkLoad::default()
    };
    nomad.load_services(&load);
    let gateway = Gateway::with(&nomad.url(), |settings| {
        offer("127.0.0.0/8")(settings);
        change(settings);
    });
    gateway.until_ready().await;
    (nomad, gateway)
}

/// Asks for a zone with little room for what comes.
async fn begin_reading_little(gateway: &Gateway) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(gateway.dns).await.unwrap();
    let message = framed(&query("nomad", RecordType::AXFR).to_vec().unwrap());
    stream.write_all(&message).await.unwrap();
    stream
}

async fn offering() -> (nomadns::demo::SimulatedNomad, Gateway) {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), offer("127.0.0.0/8"));
    gateway.until_ready().await;
    until("a version", async || {
        ask(&gateway, "nomad").await.metadata.response_code == ResponseCode::NoError
    })
    .await;
    (nomad, gateway)
}

/// The first message of what AXFR brings over TCP.
async fn ask(gateway: &Gateway, zone: &str) -> Message {
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    let message = query(zone, RecordType::AXFR).to_vec().unwrap();
    stream.write_all(&framed(&message)).await.unwrap();
    let first = next_message(&mut stream).await.unwrap();
    Message::from_vec(&first).unwrap()
}

/// All records of a transfer, from the SOA to the SOA, and how many messages they came in.
async fn transfer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    zone: &str,
) -> (Vec<Record>, usize) {
    let message = query(zone, RecordType::AXFR).to_vec().unwrap();
    stream.write_all(&framed(&message)).await.unwrap();
    let (mut records, mut messages) = (Vec::<Record>::new(), 0);
    let is_soa = |record: &Record| matches!(record.data, RData::SOA(_));
    while records.len() < 2 || !is_soa(records.last().unwrap()) {
        let octets = next_message(stream).await.unwrap();
        let message = Message::from_vec(&octets).unwrap();
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert!(octets.len() <= 16 * 1024);
        messages += 1;
        records.extend(message.answers);
    }
    (records, messages)
}

#[tokio::test]
async fn a_zone_is_the_same_over_tcp_and_tls_and_the_connection_goes_on() {
    let (_nomad, gateway) = offering().await;
    let mut tcp = TcpStream::connect(gateway.dns).await.unwrap();
    let mut tls = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
    let (records, messages) = transfer(&mut tcp, "nomad").await;
    assert!(messages > 1 && records.len() > 1000, "{messages}");
    let lines = |records: Vec<Record>| {
        // Not the SOA: when health becomes known, the serial may rise.
        let inner = &records[1..records.len() - 1];
        let mut lines: Vec<_> = inner.iter().map(ToString::to_string).collect();
        lines.sort_unstable();
        lines
    };
    let known = lines(records);
    for _ in 0..2 {
        assert!(lines(transfer(&mut tls, "nomad").await.0) == known);
        assert!(lines(transfer(&mut tcp, "nomad").await.0) == known);
    }
    // Queries go on behind it.
    let soa = query("nomad", RecordType::SOA).to_vec().unwrap();
    tcp.write_all(&framed(&soa)).await.unwrap();
    let answer = Message::from_vec(&next_message(&mut tcp).await.unwrap()).unwrap();
    assert_eq!(answer.answers.len(), 1);
    assert!(
        gateway
            .metric("nomadns_transfers_total{type=\"axfr\"}")
            .await
            >= 5.0
    );
}

#[tokio::test]
async fn who_is_not_allowed_and_what_is_no_zone_gets_no_record() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), offer("192.0.2.0/24"));
    gateway.until_ready().await;
    let refused = |message: &Message, code, error| {
        assert_eq!(message.metadata.response_code, code);
        assert_eq!(extended_error(message), Some(error));
        assert!(message.answers.is_empty());
    };
    refused(
        &ask(&gateway, "nomad").await,
        ResponseCode::Refused,
        PROHIBITED,
    );
    let gateway = Gateway::with(&nomad.url(), |_| {});
    gateway.until_ready().await;
    refused(
        &ask(&gateway, "nomad").await,
        ResponseCode::Refused,
        NOT_SUPPORTED,
    );
    let (_nomad, gateway) = offering().await;
    for name in ["default.nomad", "example.com", "."] {
        let message = ask(&gateway, name).await;
        refused(&message, ResponseCode::NotAuth, NOT_AUTHORITATIVE);
    }
    assert!(gateway.metric("nomadns_transfers_refused_total").await >= 3.0);
}

#[tokio::test]
async fn a_client_that_takes_a_zone_slowly_is_cut_when_its_time_is_over() {
    let (_nomad, gateway) = offering_many(|settings| {
        settings.transfer.longest = Duration::from_millis(500);
    })
    .await;
    until("a version", async || {
        ask(&gateway, "nomad").await.metadata.response_code == ResponseCode::NoError
    })
    .await;
    let (running, failed) = (
        "nomadns_running_transfers",
        "nomadns_transfers_failed_total",
    );
    until("none runs", async || gateway.metric(running).await < 1.0).await;
    let before = gateway.metric(failed).await;
    let mut stream = begin_reading_little(&gateway).await;
    let (mut taken, mut part) = (0, [0; 64]);
    let slowly = async {
        while let Ok(count @ 1..) = stream.read(&mut part).await {
            taken += count;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(AT_MOST, slowly).await.unwrap();
    assert!(taken > 64, "{taken} octets: it was under way");
    until("the place is free", async || {
        gateway.metric(running).await < 1.0
    })
    .await;
    assert!(gateway.metric(failed).await > before);
}

#[tokio::test]
async fn clients_that_take_nothing_cost_a_place_each_and_are_cut_and_no_query_waits_for_them() {
    let (_nomad, gateway) = offering_many(|settings| {
        let zone = Zone::new("nomad".parse().unwrap()).unwrap();
        settings.zones = ZoneSettings::new(vec![zone], 30, 5);
        settings.transfer.at_once = 2;
        settings.connections.write_stall = Duration::from_secs(2);
    })
    .await;
    let running = "nomadns_running_transfers";
    let mut hanging = Vec::new();
    while gateway.metric(running).await < 2.0 {
        hanging.push(begin_reading_little(&gateway).await);
        assert!(hanging.len() < 10_000);
    }
    let full = ask(&gateway, "nomad").await;
    assert_eq!(full.metadata.response_code, ResponseCode::Refused);
    assert_eq!(extended_error(&full), Some(OTHER));
    // Others are answered meanwhile.
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    let soa = query("nomad", RecordType::SOA).to_vec().unwrap();
    stream.write_all(&framed(&soa)).await.unwrap();
    let answer = Message::from_vec(&next_message(&mut stream).await.unwrap()).unwrap();
    assert_eq!(answer.answers.len(), 1);
    until("the places are free", async || {
        gateway.metric(running).await < 1.0
    })
    .await;
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    let transferred = tokio::time::timeout(AT_MOST, transfer(&mut stream, "nomad")).await;
    assert!(transferred.unwrap().0.len() > 600);
    assert!(gateway.metric("nomadns_transfers_failed_total").await >= 2.0);
}
