//! How often a client may ask, and how a true one gets around the limit of UDP.

use std::net::IpAddr;

use hickory_proto::op::Message;
use nomadns::listeners::ClientSettings;
use tokio::time::Instant;

use super::{Got, TRANSPORTS, ask, exchange, gateway, got, networks, rate, redis, refused};
use crate::rfc::options::{COOKIE, append_options, option};
use crate::support::clients::Transport;
use crate::support::gateway::{Gateway, cast};

const BURST: u32 = 5;
const MANY: u32 = 20;

/// Asks many times; the first are answered, and of the rest only what the time allows.
async fn last_of_many(gateway: &Gateway, transport: Transport, source: &str) -> Got {
    let (begun, mut answered, mut last) = (Instant::now(), 0, Got::Answer);
    for place in 0..MANY {
        last = ask(gateway, transport, source).await;
        answered += u64::from(last == Got::Answer);
        assert!(
            place >= BURST || last == Got::Answer,
            "{transport:?}: {place}"
        );
    }
    let most = u64::from(BURST) + begun.elapsed().as_secs() + 1;
    assert!(answered <= most, "{transport:?}: {answered} of {MANY}");
    last
}

fn limited() -> ClientSettings {
    ClientSettings {
        rate: Some(rate(BURST)),
        exempt: networks(&["127.0.9.0/24"]),
        ..ClientSettings::default()
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_so_on_every_transport() {
    let nomad = cast();
    let gateway = gateway(&nomad, limited()).await;
    for (place, transport) in TRANSPORTS.into_iter().enumerate() {
        let expected = match transport {
            Transport::Udp => Got::Truncated,
            Transport::Tcp | Transport::Tls => Got::Refused(0),
            _ => Got::Status(429),
        };
        let source = format!("127.0.1.{}", place + 1);
        let last = last_of_many(&gateway, transport, &source).await;
        assert!(
            [expected, Got::Answer].contains(&last),
            "{transport:?}: {last:?}"
        );
        for _ in 0..MANY {
            let got = ask(&gateway, transport, "127.0.9.9").await;
            assert_eq!(got, Got::Answer, "{transport:?}: exempt");
        }
    }
    for (listener, reason) in [
        ("udp", "unproven"),
        ("tcp", "over_rate"),
        ("dot", "over_rate"),
        ("http", "over_rate"),
        ("https", "over_rate"),
    ] {
        assert!(
            refused(&gateway, listener, reason).await > 0.0,
            "{listener}"
        );
    }
    gateway.end().await;
}

#[tokio::test]
async fn who_writes_the_address_of_another_does_not_keep_it_from_tcp() {
    let nomad = cast();
    let gateway = gateway(&nomad, limited()).await;
    last_of_many(&gateway, Transport::Udp, "127.0.1.1").await;
    for _ in 0..BURST {
        assert_eq!(
            ask(&gateway, Transport::Tcp, "127.0.1.1").await,
            Got::Answer
        );
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_good_cookie_lifts_the_limit_of_udp() {
    let nomad = cast();
    let gateway = gateway(&nomad, limited()).await;
    let source: IpAddr = "127.0.1.1".parse().unwrap();
    let send = async |cookie: &[u8]| {
        let mut query = redis().message(7);
        append_options(&mut query, &[(COOKIE, cookie)]);
        let octets = exchange(gateway.dns, source, &query).await;
        (
            query.len(),
            octets.len(),
            Message::from_vec(&octets).unwrap(),
        )
    };
    let mut cookie = Vec::new();
    let mut truncated = 0;
    for _ in 0..MANY {
        let (asked, answered, message) = send(b"12345678").await;
        if got(&message) == Got::Truncated {
            truncated += 1;
            assert!(answered * 2 <= asked * 3, "{answered} octets for {asked}");
        }
        cookie = option(&message, COOKIE).unwrap();
    }
    assert!(truncated > 0);
    // It was learnt from an answer without records as well.
    assert_eq!(cookie.len(), 24);
    for _ in 0..BURST {
        let (_, _, message) = send(&cookie).await;
        assert_eq!(got(&message), Got::Answer);
    }
    // It proves the address, and is no way to ask without any limit.
    let mut over_rate = false;
    for _ in 0..MANY {
        let (_, _, message) = send(&cookie).await;
        over_rate |= got(&message) == Got::Refused(0);
    }
    assert!(over_rate);
    cookie[23] ^= 1;
    let mut forged = false;
    for _ in 0..MANY {
        forged |= got(&send(&cookie).await.2) == Got::Truncated;
    }
    assert!(forged, "a cookie that was not made here lifts nothing");
    gateway.end().await;
}

#[tokio::test]
async fn a_truncated_answer_without_a_cookie_is_no_longer_than_its_query() {
    let nomad = cast();
    let clients = ClientSettings {
        rate: Some(rate(1)),
        ..ClientSettings::default()
    };
    let gateway = gateway(&nomad, clients).await;
    let source = "127.0.1.1".parse().unwrap();
    let query = redis().message(7);
    let mut truncated = 0;
    for _ in 0..MANY {
        let octets = exchange(gateway.dns, source, &query).await;
        if got(&redis().read(7, &octets)) == Got::Truncated {
            truncated += 1;
            assert!(octets.len() <= query.len());
        }
    }
    assert!(truncated > 0);
    gateway.end().await;
}
