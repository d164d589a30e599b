//! RFC 1996: secondaries are told of new serials (NOTIFY), on real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{RData, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use nomadns::dns::Name;
use nomadns::dns::tsig::{Algorithm, Key, KeyRing};
use nomadns::transfer::{
    NotifiedSecondary, Notifier, NotifyFailure, NotifyReport, ZoneKind, ZoneSerial,
};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_secs(10);

type Serials = watch::Sender<Vec<ZoneSerial>>;

/// A secondary's socket.
struct Secondary(UdpSocket);

impl Secondary {
    async fn new() -> Self {
        Self(UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    fn settings(&self, zones: &[&str]) -> NotifiedSecondary {
        NotifiedSecondary {
            address: self.0.local_addr().unwrap(),
            source: None,
            key: None,
            zones: zones.iter().map(|zone| zone.parse().unwrap()).collect(),
        }
    }

    async fn hears(&self) -> (Message, SocketAddr) {
        let mut octets = [0; 4096];
        let (length, from) = timeout(SOON, self.0.recv_from(&mut octets))
            .await
            .expect("a message")
            .unwrap();
        (Message::from_bytes(&octets[..length]).unwrap(), from)
    }

    /// The next NOTIFY, whatever else comes.
    async fn hears_notify(&self) -> (Message, SocketAddr) {
        loop {
            let (message, from) = self.hears().await;
            if message.metadata.op_code == OpCode::Notify {
                return (message, from);
            }
        }
    }

    async fn says(&self, message: &Message, to: SocketAddr) {
        self.0
            .send_to(&message.to_bytes().unwrap(), to)
            .await
            .unwrap();
    }
}

fn response(to: &Message, code: ResponseCode) -> Message {
    let mut response = Message::new(to.metadata.id, MessageType::Response, to.metadata.op_code);
    response.metadata.response_code = code;
    response.add_queries(to.queries.clone());
    response
}

fn serial(message: &Message) -> u32 {
    match &message.answers[0].data {
        RData::SOA(soa) => soa.serial,
        other => panic!("{other:?}"),
    }
}

/// A notifier for these secondaries and zones.
fn begin(secondaries: Vec<NotifiedSecondary>, zones: &[(&str, u32)]) -> (Notifier, Serials) {
    begin_with(KeyRing::default(), secondaries, zones)
}

fn begin_with(
    keys: KeyRing,
    secondaries: Vec<NotifiedSecondary>,
    zones: &[(&str, u32)],
) -> (Notifier, Serials) {
    let notifier = Notifier::new(Arc::new(move |name| keys.find(name).cloned()));
    notifier.replace(secondaries);
    let (serials, receiver) = watch::channel(of(zones));
    tokio::spawn(notifier.clone().run(receiver));
    (notifier, serials)
}

fn of(zones: &[(&str, u32)]) -> Vec<ZoneSerial> {
    zones
        .iter()
        .map(|(zone, serial)| ZoneSerial {
            apex: zone.parse().unwrap(),
            serial: *serial,
            kind: ZoneKind::Cluster,
        })
        .collect()
}

/// Waits until the report is as it should be.
async fn until(notifier: &Notifier, is_so: impl Fn(&NotifyReport) -> bool) {
    let look = async {
        while !is_so(&notifier.report()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let seen = timeout(SOON, look).await;
    assert!(seen.is_ok(), "{:?}", notifier.report());
}

#[tokio::test]
async fn a_notify_has_opcode_4_aa_the_question_and_the_soa() {
    let secondary = Secondary::new().await;
    let (_notifier, serials) = begin(vec![secondary.settings(&[])], &[("nomad", 7)]);
    let (first, _) = secondary.hears_notify().await;
    assert!(first.metadata.authoritative && !first.metadata.recursion_desired);
    assert_eq!(first.metadata.message_type, MessageType::Query);
    let name = hickory_proto::rr::Name::from_ascii("nomad.").unwrap();
    assert_eq!(first.queries, [Query::query(name, RecordType::SOA)]);
    assert_eq!((first.answers.len(), serial(&first)), (1, 7));
    serials.send_replace(of(&[("nomad", 8)]));
    let (second, _) = secondary.hears_notify().await;
    assert_eq!(serial(&second), 8);
    assert_ne!(first.metadata.id, second.metadata.id);
}

#[tokio::test]
async fn only_a_response_with_its_id_question_and_opcode_ends_a_notify() {
    let secondary = Secondary::new().await;
    let (notifier, _serials) = begin(vec![secondary.settings(&[])], &[("nomad", 7)]);
    let (notify, from) = secondary.hears_notify().await;
    let right = response(&notify, ResponseCode::NoError);
    let mut wrong = [right.clone(), right.clone(), right.clone()];
    wrong[0].metadata.id ^= 1;
    wrong[1].metadata.op_code = OpCode::Query;
    wrong[2].queries.clear();
    for message in &wrong {
        secondary.says(message, from).await;
    }
    // Somebody else, with the right message: the kernel lets it not through.
    Secondary::new().await.says(&right, from).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(notifier.report().counts[0].1.answered, 0);
    secondary.says(&right, from).await;
    until(&notifier, |report| report.counts[0].1.answered == 1).await;
}

#[tokio::test]
async fn a_secondary_is_asked_for_its_serial_until_it_has_ours() {
    let secondary = Secondary::new().await;
    let (notifier, _serials) = begin(vec![secondary.settings(&[])], &[("nomad", 7)]);
    let (notify, from) = secondary.hears_notify().await;
    secondary
        .says(&response(&notify, ResponseCode::NoError), from)
        .await;
    for has in [6, 7] {
        let (question, from) = secondary.hears().await;
        assert_eq!(question.queries, notify.queries);
        assert!(!question.metadata.recursion_desired);
        let mut answer = response(&question, ResponseCode::NoError);
        let mut soa = notify.answers[0].clone();
        if let RData::SOA(data) = &mut soa.data {
            data.serial = has;
        }
        answer.add_answer(soa);
        secondary.says(&answer, from).await;
        until(&notifier, |report| report.zones[0].serial == Some(has)).await;
        assert_eq!(notifier.report().zones[0].lag.is_zero(), has == 7);
    }
}

#[tokio::test]
async fn each_secondary_is_told_of_the_zones_that_it_has() {
    let (all, one) = (Secondary::new().await, Secondary::new().await);
    let settings = vec![all.settings(&[]), one.settings(&["b.example"])];
    let (notifier, _serials) = begin(settings, &[("a.example", 1), ("b.example", 2)]);
    let mut told = [all.hears_notify().await, all.hears_notify().await].map(|it| serial(&it.0));
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
    assert_eq!(serial(&one.hears_notify().await.0), 2);
    assert_eq!(notifier.report().zones.len(), 3);
}

#[tokio::test]
async fn a_reload_changes_whom_is_told_at_once() {
    let (old, kept, new) = (
        Secondary::new().await,
        Secondary::new().await,
        Secondary::new().await,
    );
    let settings = vec![old.settings(&[]), kept.settings(&[])];
    let (notifier, serials) = begin(settings, &[("nomad", 7)]);
    for one in [&old, &kept] {
        let (notify, from) = one.hears_notify().await;
        one.says(&response(&notify, ResponseCode::NoError), from)
            .await;
    }
    notifier.replace(vec![kept.settings(&[]), new.settings(&[])]);
    assert_eq!(serial(&new.hears_notify().await.0), 7);
    serials.send_replace(of(&[("nomad", 8)]));
    // The one that stays is not told of the same serial again, the one that went of none.
    assert_eq!(serial(&kept.hears_notify().await.0), 8);
    let report = notifier.report();
    let addresses: Vec<_> = report.counts.iter().map(|(address, _)| *address).collect();
    assert!(!addresses.contains(&old.0.local_addr().unwrap()) && addresses.len() == 2);
}

#[tokio::test]
async fn a_secondary_that_refuses_or_is_not_there_is_told_with_the_reason() {
    let refusing = Secondary::new().await;
    let gone = Secondary::new().await.settings(&[]);
    let elsewhere = NotifiedSecondary {
        // An address of documentation, which no host has.
        source: Some("192.0.2.1".parse().unwrap()),
        ..Secondary::new().await.settings(&[])
    };
    let settings = vec![refusing.settings(&[]), gone.clone(), elsewhere.clone()];
    let (notifier, _serials) = begin(settings, &[("nomad", 7)]);
    let (notify, from) = refusing.hears_notify().await;
    refusing
        .says(&response(&notify, ResponseCode::Refused), from)
        .await;
    let reasons = [
        (refusing.0.local_addr().unwrap(), "rcode"),
        (gone.address, NotifyFailure::Unreachable.label()),
        (elsewhere.address, "socket"),
    ];
    until(&notifier, |report| {
        reasons.iter().all(|(address, reason)| {
            let counts = report.counts.iter().find(|(it, _)| it == address);
            counts.is_some_and(|(_, counts)| counts.failed.contains(&(*reason, 1)))
        })
    })
    .await;
}

#[tokio::test]
async fn with_a_key_a_notify_is_signed_and_only_a_signed_response_ends_it() {
    let name: Name = "transfer.nomad".parse().unwrap();
    let ring = |secret| KeyRing::new([Key::new(&name, Algorithm::HmacSha256, secret).unwrap()]);
    let keys = ring(&[1; 32]).unwrap();
    let secondary = Secondary::new().await;
    let settings = NotifiedSecondary {
        key: Some(name),
        ..secondary.settings(&[])
    };
    let gone = NotifiedSecondary {
        key: Some("other".parse().unwrap()),
        ..Secondary::new().await.settings(&[])
    };
    let settings = vec![settings, gone.clone()];
    let (notifier, _serials) = begin_with(keys.clone(), settings, &[("nomad", 7)]);
    let mut octets = [0; 4096];
    let (length, from) = secondary.0.recv_from(&mut octets).await.unwrap();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = since.unwrap().as_secs();
    let mut transaction = keys.verify(&octets[..length], now).unwrap();
    assert!(
        ring(&[2; 32])
            .unwrap()
            .verify(&octets[..length], now)
            .is_err()
    );
    let notify = Message::from_bytes(&octets[..length]).unwrap();
    let unsigned = response(&notify, ResponseCode::NoError);
    secondary.says(&unsigned, from).await;
    sleep(Duration::from_millis(50)).await;
    let of = |report: &NotifyReport, address| {
        let counts = report.counts.iter().find(|(it, _)| *it == address);
        counts.unwrap().1.clone()
    };
    let address = secondary.0.local_addr().unwrap();
    assert_eq!(of(&notifier.report(), address).answered, 0);
    let mut signed = unsigned.to_bytes().unwrap();
    transaction.sign(&mut signed, now);
    secondary.0.send_to(&signed, from).await.unwrap();
    until(&notifier, |report| of(report, address).answered == 1).await;
    // Nothing is sent unsigned to the one whose key is gone.
    assert!(
        of(&notifier.report(), gone.address)
            .failed
            .contains(&("tsig", 1))
    );
}
