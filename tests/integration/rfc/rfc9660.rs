//! RFC 9660: which version of its zone an answer is from.

use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use nomadns::answers::{Zone, ZoneSettings};
use nomadns::dns::Transport;
use nomadns::listeners::Server;
use tokio::net::UdpSocket;

use super::options::{ZONE_VERSION, append_options, option};
use crate::support::answers::{Answers, query};
use crate::support::gateway::{Gateway, cast};

fn asking(name: &str, record_type: RecordType, data: &[u8]) -> Vec<u8> {
    let mut message = query(name, record_type).to_vec().unwrap();
    append_options(&mut message, &[(ZONE_VERSION, data)]);
    message
}

/// The version in an answer: the labels of the zone, the type, and the serial.
fn version(message: &Message) -> Option<(u8, u8, u32)> {
    let data = option(message, ZONE_VERSION)?;
    let [labels, kind, serial @ ..] = &data[..] else {
        panic!("{data:?}");
    };
    Some((
        *labels,
        *kind,
        u32::from_be_bytes(serial.try_into().unwrap()),
    ))
}

fn answers() -> Answers {
    let mut answers = Answers::usual();
    let zone = |(apex, number): (&str, u32)| {
        let zone = Zone::new(apex.parse().unwrap()).unwrap();
        zone.serial.set(number);
        zone
    };
    let zones = [("nomad", 7), ("service.nomad", 8)].map(zone);
    answers.server = Arc::new(Server {
        zones: Some(Arc::new(ZoneSettings::new(zones.into(), 30, 5))),
        ..Server::default()
    });
    answers
}

#[tokio::test]
async fn who_asks_for_it_is_told_the_serial_and_the_labels_of_the_zone() {
    let answers = answers();
    for (name, record_type, wanted) in [
        ("redis.default.nomad", RecordType::A, (1, 0, 7)),
        ("redis.default.service.nomad", RecordType::A, (2, 0, 8)),
        // Denials are from a version too.
        ("none.default.nomad", RecordType::A, (1, 0, 7)),
        ("redis.default.NOMAD", RecordType::MX, (1, 0, 7)),
        // The parent answers that.
        ("service.nomad", RecordType::DS, (1, 0, 7)),
    ] {
        for transport in [
            Transport::Udp,
            Transport::Tcp,
            Transport::Dot,
            Transport::Doh,
        ] {
            let message = answers.exchange(&asking(name, record_type, b""), transport);
            assert_eq!(version(&message), Some(wanted), "{name}");
            let unasked = query(name, record_type).to_vec().unwrap();
            assert_eq!(version(&answers.exchange(&unasked, transport)), None);
        }
    }
    // Whatever else the option has: only servers say something in it.
    let message = answers.exchange(&asking("nomad", RecordType::SOA, b"xyz"), Transport::Udp);
    assert_eq!(version(&message), Some((1, 0, 7)));
}

#[tokio::test]
async fn what_is_not_answered_with_authority_has_no_version() {
    let answers = answers();
    let message = answers.exchange(&asking("example.com", RecordType::A, b""), Transport::Udp);
    assert_eq!(message.metadata.response_code, ResponseCode::Refused);
    assert_eq!(version(&message), None);
    let mut unknown = Answers::not_ready();
    unknown.server = answers.server;
    let message = unknown.exchange(
        &asking("redis.default.nomad", RecordType::A, b""),
        Transport::Udp,
    );
    assert_eq!(message.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(version(&message), None);
}

#[tokio::test]
async fn the_version_is_the_serial_that_the_soa_has() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    for (zone, depth) in [("nomad", 1), ("service.nomad", 2)] {
        let asked = asking(zone, RecordType::SOA, b"");
        socket.send(&asked).await.unwrap();
        let mut octets = [0; 4096];
        let length = socket.recv(&mut octets).await.unwrap();
        let message = Message::from_vec(&octets[..length]).unwrap();
        let (labels, _, serial) = version(&message).unwrap();
        assert_eq!(labels, depth);
        let soa = message.answers[0].data.to_string();
        assert!(soa.contains(&format!(" {serial} ")), "{soa} {serial}");
    }
}
