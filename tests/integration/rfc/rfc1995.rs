//! RFC 1995: what has changed since a serial (IXFR), on real sockets. That it leads to the zone is proved in `truth`.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::demo::Removal;
use nomadns::listeners::Networks;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};

use super::options::{COOKIE, NSID, append_options, option};
use crate::support::answers::{name_of, query};
use crate::support::clients::{framed, next_message};
use crate::support::gateway::{Gateway, cast, until};

async fn offering() -> (nomadns::demo::SimulatedNomad, Gateway) {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.transfer.is_offered = true;
        settings.server.nsid = b"gateway-1".to_vec();
        settings.secondaries = Networks::from_iter(["127.0.0.0/8".parse().unwrap()]);
    });
    gateway.until_ready().await;
    until("a version", async || {
        !ask_tcp(&gateway, Some(0)).await.answers.is_empty()
    })
    .await;
    (nomad, gateway)
}

/// A query for what is newer than a serial; one without a SOA says no serial.
fn since(serial: Option<u32>) -> Vec<u8> {
    let message = query("nomad", RecordType::IXFR);
    with_serial(message, serial).to_vec().unwrap()
}

fn with_serial(mut message: Message, serial: Option<u32>) -> Message {
    if let Some(serial) = serial {
        let soa = SOA::new(name_of("ns"), name_of("ns"), serial, 0, 0, 0, 0);
        let soa = Record::from_rdata(name_of("nomad"), 0, RData::SOA(soa));
        message.authorities.push(soa);
    }
    message
}

async fn ask_tcp(gateway: &Gateway, serial: Option<u32>) -> Message {
    send_tcp(gateway, &since(serial)).await
}

async fn ask_udp(gateway: &Gateway, serial: Option<u32>) -> Message {
    send_udp(gateway, &since(serial)).await
}

/// The first message that is answered.
async fn send_tcp(gateway: &Gateway, message: &[u8]) -> Message {
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    stream.write_all(&framed(message)).await.unwrap();
    let first = next_message(&mut stream).await.unwrap();
    Message::from_vec(&first).unwrap()
}

async fn send_udp(gateway: &Gateway, message: &[u8]) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    socket.send(message).await.unwrap();
    let mut octets = [0; 4096];
    let length = socket.recv(&mut octets).await.unwrap();
    Message::from_vec(&octets[..length]).unwrap()
}

fn serial(message: &Message) -> u32 {
    match &message.answers[0].data {
        RData::SOA(soa) => soa.serial,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn who_has_the_zone_or_a_newer_one_gets_the_soa_alone() {
    let (_nomad, gateway) = offering().await;
    let current = serial(&ask_tcp(&gateway, Some(0)).await);
    for known in [
        current,
        current.wrapping_add(1),
        current.wrapping_add(1 << 30),
    ] {
        for message in [
            ask_tcp(&gateway, Some(known)).await,
            ask_udp(&gateway, Some(known)).await,
        ] {
            assert_eq!((message.answers.len(), serial(&message)), (1, current));
        }
    }
    // RFC 1982 §3.2: half way round it is older.
    let older = ask_tcp(&gateway, Some(current.wrapping_add(u32::MAX / 2 + 2))).await;
    assert!(older.answers.len() > 1);
}

#[tokio::test]
async fn over_udp_there_is_the_soa_alone_however_old_the_client_is() {
    let (_nomad, gateway) = offering().await;
    let message = ask_udp(&gateway, Some(1)).await;
    assert_eq!(message.answers.len(), 1);
    assert!(message.metadata.authoritative && !message.metadata.truncation);
}

#[tokio::test]
async fn a_transfer_and_the_soa_alone_have_what_any_answer_has_in_its_opt() {
    let (_nomad, gateway) = offering().await;
    let current = serial(&ask_tcp(&gateway, Some(0)).await);
    for dnssec_ok in [false, true] {
        let asked = |record_type, serial| {
            let mut message = with_serial(query("nomad", record_type), serial);
            message.edns.as_mut().unwrap().set_dnssec_ok(dnssec_ok);
            let mut octets = message.to_vec().unwrap();
            append_options(&mut octets, &[(COOKIE, b"12345678"), (NSID, b"")]);
            octets
        };
        let (whole, steps) = (
            asked(RecordType::AXFR, None),
            asked(RecordType::IXFR, Some(0)),
        );
        let soa = asked(RecordType::IXFR, Some(current));
        for (message, count) in [
            (send_tcp(&gateway, &whole).await, None),
            (send_tcp(&gateway, &steps).await, None),
            (send_tcp(&gateway, &soa).await, Some(1)),
            (send_udp(&gateway, &soa).await, Some(1)),
        ] {
            let answers = message.answers.len();
            assert!(count.map_or(answers > 1, |count| answers == count));
            let edns = message.edns.as_ref().unwrap();
            assert_eq!(edns.flags().dnssec_ok, dnssec_ok, "RFC 3225 §3");
            assert_eq!(
                option(&message, COOKIE).map(|it| it.len()),
                Some(24),
                "RFC 7873 §5.2"
            );
            assert_eq!(option(&message, NSID).as_deref(), Some(&b"gateway-1"[..]));
        }
    }
}

#[tokio::test]
async fn a_query_that_says_no_serial_is_malformed() {
    let (_nomad, gateway) = offering().await;
    for message in [ask_tcp(&gateway, None).await, ask_udp(&gateway, None).await] {
        assert_eq!(message.metadata.response_code, ResponseCode::FormErr);
    }
}

#[tokio::test]
async fn the_serial_of_all_answers_rises_with_a_change_in_nomad() {
    let (nomad, gateway) = offering().await;
    let before = serial(&ask_udp(&gateway, Some(1)).await);
    nomad.remove_service("default", "redis", Removal::Planned);
    until("a later serial", async || {
        serial(&ask_udp(&gateway, Some(1)).await) != before
    })
    .await;
    let now = serial(&ask_udp(&gateway, Some(1)).await);
    assert!(now.wrapping_sub(before).cast_signed() > 0);
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    for (name, record_type) in [
        ("nomad", RecordType::SOA),
        ("nope.default.nomad", RecordType::A),
    ] {
        let message = query(name, record_type).to_vec().unwrap();
        stream.write_all(&framed(&message)).await.unwrap();
        let answer = Message::from_vec(&next_message(&mut stream).await.unwrap()).unwrap();
        let records = answer.answers.iter().chain(&answer.authorities);
        let told = records.filter_map(|it| match &it.data {
            RData::SOA(soa) => Some(soa.serial),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), [now]);
    }
}
