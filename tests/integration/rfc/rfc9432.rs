//! RFC 9432: the catalog zone, which lists the zones, on real sockets. That servers act on it is proved by `.ci/transfer`.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::config::Source;
use nomadns::demo::SimulatedNomad;
use nomadns::dns::tsig::{Algorithm, ClientTransaction, Key};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use toml::{Table, Value};

use crate::support::answers::{extended_error, query};
use crate::support::clients::{framed, next_message};
use crate::support::gateway::{Gateway, cast, until};

const CATALOG: &str = "zones.invalid";
const KEY: &str = "transfer.example";
const SECRET: [u8; 32] = [1; 32];
/// Nobody listens there.
const NO_NOMAD: &str = "http://127.0.0.1:1";
// The codes of RFC 8914.
const PROHIBITED: u16 = 18;
const NOT_AUTHORITATIVE: u16 = 20;

/// A gateway that offers the catalog zone to a network.
async fn offering(nomad_url: &str, network: &str, zones: &[&str]) -> Gateway {
    let gateway = Gateway::with(nomad_url, |_| {});
    gateway.reconfigure(|source| {
        source.set("transfer.allow", vec![network], "test");
        source.set("transfer.catalog_zone", CATALOG.to_owned(), "test");
        source.set("zones", zones.to_vec(), "test");
    });
    until("it is offered", async || {
        let answer = ask_tcp(&gateway, CATALOG, RecordType::AXFR).await;
        extended_error(&answer) != Some(NOT_AUTHORITATIVE) && extended_error(&answer) != Some(21)
    })
    .await;
    gateway
}

async fn offered() -> (SimulatedNomad, Gateway) {
    let nomad = cast();
    let gateway = offering(&nomad.url(), "127.0.0.0/8", &["nomad", "service.nomad"]).await;
    (nomad, gateway)
}

/// The first message that comes over TCP; the catalog zone has no more.
async fn ask_tcp(gateway: &Gateway, name: &str, record_type: RecordType) -> Message {
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    let message = query(name, record_type).to_vec().unwrap();
    stream.write_all(&framed(&message)).await.unwrap();
    Message::from_vec(&next_message(&mut stream).await.unwrap()).unwrap()
}

async fn ask_udp(gateway: &Gateway, name: &str, record_type: RecordType) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    let message = query(name, record_type).to_vec().unwrap();
    socket.send(&message).await.unwrap();
    let mut octets = [0; 4096];
    let length = socket.recv(&mut octets).await.unwrap();
    Message::from_vec(&octets[..length]).unwrap()
}

/// All records of the catalog zone, without the SOA at both ends.
async fn records(gateway: &Gateway) -> Vec<Record> {
    let mut answer = ask_tcp(gateway, CATALOG, RecordType::AXFR).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    for end in [answer.answers.pop(), Some(answer.answers.remove(0))] {
        assert!(matches!(end.unwrap().data, RData::SOA(_)));
    }
    answer.answers
}

/// The zones that it lists, each with its label, in their order.
async fn members(gateway: &Gateway) -> Vec<(String, String)> {
    let member = |record: Record| match &record.data {
        RData::PTR(zone) => {
            let owner = record.name.to_string();
            let label = owner.strip_suffix(".zones.zones.invalid.").expect(&owner);
            Some((zone.to_string(), label.to_owned()))
        }
        _ => None,
    };
    let found = records(gateway).await.into_iter().filter_map(member);
    let mut members: Vec<_> = found.collect();
    members.sort_unstable();
    members
}

async fn serial(gateway: &Gateway) -> u32 {
    match &ask_udp(gateway, CATALOG, RecordType::SOA).await.answers[0].data {
        RData::SOA(soa) => soa.serial,
        other => panic!("{other}"),
    }
}

fn zones(source: &mut Source, zones: &[&str]) {
    source.set("zones", zones.to_vec(), "test");
}

#[tokio::test]
async fn it_has_the_version_and_a_member_for_each_zone_and_nothing_else() {
    let (_nomad, gateway) = offered().await;
    let mut lines = Vec::new();
    for record in records(&gateway).await {
        let owner = record.name.to_string();
        assert_eq!(record.ttl, 0);
        lines.push(match &record.data {
            RData::PTR(zone) => format!("PTR {zone}"),
            data => format!("{owner} {} {data}", record.record_type()),
        });
    }
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "PTR nomad.",
            "PTR service.nomad.",
            "version.zones.invalid. TXT 2",
            "zones.invalid. NS invalid.",
        ]
    );
}

#[tokio::test]
async fn a_zone_keeps_its_label_whatever_gateway_lists_it_and_whatever_else_is_listed() {
    let (_nomad, gateway) = offered().await;
    let known = members(&gateway).await;
    assert!(known[0].1 != known[1].1);
    let zones = ["cluster.example", "nomad"];
    let other = offering(NO_NOMAD, "127.0.0.0/8", &zones).await;
    let others = members(&other).await;
    assert_eq!(others[0].0, "cluster.example.");
    assert_eq!(others[1], known[0]);
}

#[tokio::test]
async fn its_serial_rises_when_the_list_changes_and_for_nothing_else() {
    let (_nomad, gateway) = offered().await;
    let first = serial(&gateway).await;
    gateway.reconfigure(|source| source.set("ttl", 7, "test"));
    gateway.reconfigure(|source| source.set("transfer.at_once", 7, "test"));
    assert_eq!(serial(&gateway).await, first);
    let mut last = first;
    for list in [&["nomad"] as &[_], &["nomad", "a.example"], &["nomad"]] {
        gateway.reconfigure(|source| zones(source, list));
        assert_eq!(members(&gateway).await.len(), list.len());
        let now = serial(&gateway).await;
        assert!(now > last, "{now} {last}");
        last = now;
    }
}

#[tokio::test]
async fn only_who_may_transfer_it_gets_its_soa_and_nobody_is_answered_its_records() {
    let (_nomad, gateway) = offered().await;
    let answer = ask_udp(&gateway, CATALOG, RecordType::SOA).await;
    assert!(answer.metadata.authoritative && answer.answers.len() == 1);
    let over_tcp = ask_tcp(&gateway, CATALOG, RecordType::SOA).await;
    assert_eq!(over_tcp.answers, answer.answers);
    for record_type in [RecordType::NS, RecordType::TXT, RecordType::ANY] {
        let answer = ask_udp(&gateway, CATALOG, record_type).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
        assert_eq!(extended_error(&answer), Some(NOT_AUTHORITATIVE));
    }
    let closed = offering(NO_NOMAD, "192.0.2.0/24", &["nomad"]).await;
    for answer in [
        ask_udp(&closed, CATALOG, RecordType::SOA).await,
        ask_tcp(&closed, CATALOG, RecordType::AXFR).await,
    ] {
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
        assert_eq!(extended_error(&answer), Some(PROHIBITED));
        assert!(answer.answers.is_empty());
    }
}

#[tokio::test]
async fn it_lists_the_zones_also_while_nothing_is_known_of_the_cluster() {
    let gateway = offering(NO_NOMAD, "127.0.0.0/8", &["nomad", "service.nomad"]).await;
    assert_eq!(members(&gateway).await.len(), 2);
    let zone = ask_tcp(&gateway, "nomad", RecordType::AXFR).await;
    assert_eq!(zone.metadata.response_code, ResponseCode::ServFail);
}

#[tokio::test]
async fn it_is_gone_when_it_is_no_longer_configured() {
    let (_nomad, gateway) = offered().await;
    let first = serial(&gateway).await;
    gateway.reconfigure(|source| source.set("transfer.catalog_zone", String::new(), "test"));
    let answer = ask_tcp(&gateway, CATALOG, RecordType::AXFR).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NotAuth);
    gateway.reconfigure(|source| source.set("transfer.catalog_zone", CATALOG.to_owned(), "test"));
    assert!(serial(&gateway).await > first);
}

#[tokio::test]
async fn where_there_are_keys_its_soa_wants_a_signature_as_the_list_does() {
    let key = Key::new(&KEY.parse().unwrap(), Algorithm::HmacSha256, &SECRET).unwrap();
    let (_nomad, gateway) = offered().await;
    gateway.reconfigure(|source| {
        let keys = [
            ("name", KEY.to_owned()),
            ("secret", STANDARD.encode(SECRET)),
        ];
        let keys = keys.map(|(name, value)| (name.to_owned(), Value::from(value)));
        source.set("transfer.keys", vec![Table::from_iter(keys)], "test");
    });
    let unsigned = ask_udp(&gateway, CATALOG, RecordType::SOA).await;
    assert_eq!(unsigned.metadata.response_code, ResponseCode::Refused);
    assert_eq!(extended_error(&unsigned), Some(PROHIBITED));
    let mut message = query(CATALOG, RecordType::SOA).to_vec().unwrap();
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let mut client = ClientTransaction::sign(Arc::new(key), &mut message, now());
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    socket.send(&message).await.unwrap();
    let mut octets = vec![0; 4096];
    let length = socket.recv(&mut octets).await.unwrap();
    octets.truncate(length);
    assert_eq!(client.verify(&mut octets, now()), Ok(()));
    assert_eq!(Message::from_vec(&octets).unwrap().answers.len(), 1);
}
