//! Signed queries over every socket: the answer is signed, or says what is wrong with the signature.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::tsig::{TSIG, TsigError as Code};
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::config::{Settings, Source};
use nomadns::demo::Registration;
use nomadns::dns::tsig::{Algorithm, ClientTransaction, Key, KeyRing, TsigError};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::clients::{framed, http_client, next_message};
use crate::support::gateway::{Gateway, cast, until};
use crate::support::sockets::Sockets;

const NAME: &str = "transfer.example";

/// `nomad. SOA`.
const SOA: &[u8] = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x05nomad\0\0\x06\0\x01";
/// A client that takes 1,232 octets.
const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn key(algorithm: Algorithm, secret: u8) -> Key {
    Key::new(&NAME.parse().unwrap(), algorithm, &[secret; 64]).unwrap()
}

fn gateway(url: &str, algorithm: Algorithm) -> Gateway {
    Gateway::with(url, |settings| {
        let ring = KeyRing::new([key(algorithm, 1)]).unwrap();
        settings.server.keys.replace(ring);
    })
}

/// The TSIG record that a message ends with.
fn tsig_of(message: &Message) -> Option<&TSIG> {
    match &message.additionals.last()?.data {
        RData::TSIG(tsig) => Some(tsig),
        _ => None,
    }
}

fn with_edns(message: &[u8]) -> Vec<u8> {
    let mut message = [message, OPT].concat();
    message[11] += 1;
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_to_a_signed_query_is_signed_over_every_socket() {
    let nomad = cast();
    for algorithm in Algorithm::ALL {
        let gateway = gateway(&nomad.url(), algorithm);
        gateway.until_ready().await;
        let sockets = Sockets::of(&gateway);
        let unsigned = sockets.ask(SOA).await;
        // The second time it comes out of the cache.
        for _ in 0..2 {
            let mut query = SOA.to_vec();
            let key = Arc::new(key(algorithm, 1));
            let client = ClientTransaction::sign(key, &mut query, now());
            for ((way, answer), (_, unsigned)) in sockets.ask(&query).await.iter().zip(&unsigned) {
                let mut answer = answer.clone().expect("an answer");
                let decoded = Message::from_vec(&answer).unwrap();
                assert_eq!(decoded.metadata.response_code, ResponseCode::NoError);
                let verified = client.clone().verify(&mut answer, now());
                assert_eq!(verified, Ok(()), "{algorithm} over {way}");
                assert_eq!(
                    Some(answer),
                    *unsigned,
                    "the same answer as without signature"
                );
            }
        }
        assert_eq!(
            sockets.ask(SOA).await,
            unsigned,
            "nobody else gets a signature"
        );
        gateway.end().await;
    }
}

/// Keys and times that are wrong for the gateway, and what it has to say.
#[rustfmt::skip]
fn wrong() -> [(Key, u64, Code, TsigError); 4] {
    let unknown = Key::new(&"other.example".parse().unwrap(), Algorithm::HmacSha256, &[1; 32]).unwrap();
    let of_server = TsigError::ServerBadTime { server_seconds: 0 };
    [
        (unknown, now(), Code::BadKey, TsigError::ServerBadKey),
        (key(Algorithm::HmacSha512, 1), now(), Code::BadKey, TsigError::ServerBadKey),
        (key(Algorithm::HmacSha256, 2), now(), Code::BadSig, TsigError::ServerBadSig),
        (key(Algorithm::HmacSha256, 1), now() - 3600, Code::BadTime, of_server),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_signature_is_said_over_every_socket() {
    let nomad = cast();
    let gateway = gateway(&nomad.url(), Algorithm::HmacSha256);
    gateway.until_ready().await;
    let sockets = Sockets::of(&gateway);
    for (key, signed, code, heard) in wrong() {
        let mut query = with_edns(SOA);
        let client = ClientTransaction::sign(Arc::new(key), &mut query, signed);
        for (way, answer) in sockets.ask(&query).await {
            let mut answer = answer.expect("an answer");
            let decoded = Message::from_vec(&answer).unwrap();
            let rcode = decoded.metadata.response_code;
            assert_eq!(rcode, ResponseCode::NotAuth, "{way}");
            assert!(decoded.answers.is_empty() && decoded.edns.is_some());
            let tsig = tsig_of(&decoded).expect("a TSIG record");
            assert_eq!(tsig.error, Some(code), "{way}");
            assert_eq!(tsig.mac.is_empty(), code != Code::BadTime, "{way}");
            assert!(answer.len() < query.len() + 64, "{way}");
            match client.clone().verify(&mut answer, signed).unwrap_err() {
                // RFC 8945 §5.2.3: our time, with the query's in the record.
                TsigError::ServerBadTime { server_seconds } => {
                    assert!(now().abs_diff(server_seconds) < 60, "{way}");
                    assert_eq!((tsig.time, code), (signed, Code::BadTime));
                }
                other => assert_eq!(other, heard, "{way}"),
            }
        }
    }
    let counts = [
        ("badkey", 10.0),
        ("badsig", 5.0),
        ("badtime", 5.0),
        ("formerr", 0.0),
    ];
    for (error, count) in counts {
        let name = format!("nomadns_tsig_errors_total{{error=\"{error}\"}}");
        assert!((gateway.metric(&name).await - count).abs() < 0.5, "{name}");
    }
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_that_is_cut_short_is_refused_with_a_signature() {
    let nomad = cast();
    let gateway = gateway(&nomad.url(), Algorithm::HmacSha256);
    gateway.until_ready().await;
    let sockets = Sockets::of(&gateway);
    for (kept, rcode) in [(16, ResponseCode::NotAuth), (15, ResponseCode::FormErr)] {
        let mut query = SOA.to_vec();
        ClientTransaction::sign(Arc::new(key(Algorithm::HmacSha256, 1)), &mut query, now());
        // Its signature is before the last six octets, and its length before that.
        let (mac, gone) = (query.len() - 6 - 32, 32 - kept);
        query.drain(mac + kept..mac + 32);
        query[mac - 1] = u8::try_from(kept).unwrap();
        let length = mac - 24;
        query[length] -= u8::try_from(gone).unwrap();
        for (way, answer) in sockets.ask(&query).await {
            let decoded = Message::from_vec(&answer.expect("an answer")).unwrap();
            assert_eq!(decoded.metadata.response_code, rcode, "{way}");
            let tsig = tsig_of(&decoded);
            assert_eq!(tsig.is_some(), rcode == ResponseCode::NotAuth);
            if let Some(tsig) = tsig {
                assert_eq!((tsig.error, tsig.mac.len()), (Some(Code::BadTrunc), 32));
            }
        }
    }
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_answer_is_kept_by_no_cache_of_http() {
    let nomad = cast();
    let gateway = gateway(&nomad.url(), Algorithm::HmacSha256);
    gateway.until_ready().await;
    let client = http_client(&[&gateway.ca_pem]);
    let url = format!("https://{}/dns-query", gateway.https);
    let mut signed = SOA.to_vec();
    ClientTransaction::sign(Arc::new(key(Algorithm::HmacSha256, 1)), &mut signed, now());
    for (message, is_kept) in [(SOA.to_vec(), true), (signed, false)] {
        let post = client.post(&url).body(message);
        let post = post.header("content-type", "application/dns-message");
        let response = post.send().await.unwrap();
        let control = response.headers()["cache-control"].to_str().unwrap();
        assert_eq!(control.contains("max-age"), is_kept, "{control}");
        assert_eq!(control.contains("no-store"), !is_kept, "{control}");
    }
    gateway.end().await;
}

/// Reads the messages of a transfer, and checks the signature of each; gives how many there are, and their records. None while there
/// is no version of the zone yet.
async fn transferred(gateway: &Gateway, key: Key) -> Option<(usize, usize)> {
    let mut query = SOA.to_vec();
    // AXFR.
    query[20] = 252;
    let mut client = ClientTransaction::sign(Arc::new(key), &mut query, now());
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    stream.write_all(&framed(&query)).await.unwrap();
    let (mut messages, mut records, mut soas) = (0, 0, 0);
    while soas < 2 {
        let mut message = next_message(&mut stream).await.unwrap();
        assert!(message.len() <= 16 * 1024);
        assert_eq!(
            client.verify(&mut message, now()),
            Ok(()),
            "message {messages}"
        );
        let decoded = Message::from_vec(&message).unwrap();
        if decoded.metadata.response_code != ResponseCode::NoError {
            return None;
        }
        let is_soa = |it: &&Record| it.record_type() == RecordType::SOA;
        soas += decoded.answers.iter().filter(is_soa).count();
        records += decoded.answers.len();
        messages += 1;
    }
    Some((messages, records))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_of_a_transfer_is_signed_and_without_a_signature_there_is_none() {
    let nomad = cast();
    let names = (0..700).map(|number| format!("service-{number:03}"));
    nomad.register(names.map(|name| Registration::new("default", &name)));
    let source = "[transfer]\nallow = [\"127.0.0.0/8\"]".as_bytes().to_vec();
    let source = Source::from_octets(Path::new("nomadns.toml"), source).unwrap();
    let checked = Settings::check(&source).unwrap();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        let ring = KeyRing::new([key(Algorithm::HmacSha256, 1)]).unwrap();
        settings.server.keys.replace(ring);
        settings.transfer = checked.transfer;
        settings.secondaries = checked.secondaries;
    });
    gateway.until_ready().await;
    let mut came = None;
    until("a version", async || {
        came = transferred(&gateway, key(Algorithm::HmacSha256, 1)).await;
        came.is_some()
    })
    .await;
    let (messages, records) = came.unwrap();
    assert!(
        messages > 1 && records > 1400,
        "{messages} messages, {records} records"
    );
    let mut unsigned = SOA.to_vec();
    unsigned[20] = 252;
    let mut stream = TcpStream::connect(gateway.dns).await.unwrap();
    stream.write_all(&framed(&unsigned)).await.unwrap();
    let answer = Message::from_vec(&next_message(&mut stream).await.unwrap()).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    gateway.end().await;
}
