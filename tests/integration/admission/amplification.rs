//! How much goes over UDP to an address that anybody can have written (response rate limiting).

use std::net::IpAddr;

use hickory_proto::op::Message;
use nomadns::config::{Settings, Source};
use nomadns::listeners::{ClientSettings, UnprovenSettings};
use tokio::time::Instant;

use super::{Got, Transport, ask, exchange, gateway, got, networks, redis};
use crate::rfc::options::{COOKIE, append_options, option};
use crate::support::gateway::{Gateway, cast, until};

const MANY: u16 = 100;
const EACH_SECOND: u32 = 10;

fn bounded(slip: u32) -> ClientSettings {
    ClientSettings {
        unproven: Some(UnprovenSettings {
            answers_per_second: Some(EACH_SECOND),
            octets_per_second: None,
            free_factor: 1,
            slip,
            exempt: networks(&["127.0.9.0/24"]),
            tracked: 1024,
        }),
        ..ClientSettings::default()
    }
}

async fn count(gateway: &Gateway, outcome: &str) -> f64 {
    let name = format!("nomadns_unproven_answers_total{{outcome=\"{outcome}\"}}");
    gateway.metric(&name).await
}

#[tokio::test]
async fn who_writes_an_address_has_no_more_sent_there_than_it_sends_and_its_owner_gets_all_by_tcp()
{
    let nomad = cast();
    let gateway = gateway(&nomad, bounded(1)).await;
    let (victim, begun): (IpAddr, _) = ("127.0.1.1".parse().unwrap(), Instant::now());
    let (mut whole, mut truncated) = (0, 0);
    for id in 0..MANY {
        let query = redis().message(id);
        let octets = exchange(gateway.dns, victim, &query).await;
        match got(&redis().read(id, &octets)) {
            Got::Truncated => {
                truncated += 1;
                assert!(octets.len() <= query.len());
            }
            _ => whole += 1,
        }
    }
    let most = u64::from(EACH_SECOND) * (begun.elapsed().as_secs() + 2);
    assert!(truncated > 0 && whole <= most, "{whole} of {MANY}");
    // Another network has bounds of its own.
    assert_eq!(
        ask(&gateway, Transport::Udp, "127.0.2.1").await,
        Got::Answer
    );
    assert_eq!(
        ask(&gateway, Transport::Tcp, "127.0.1.1").await,
        Got::Answer
    );
    assert!(count(&gateway, "truncated").await > 0.0);
    for _ in 0..MANY {
        assert_eq!(
            ask(&gateway, Transport::Udp, "127.0.9.9").await,
            Got::Answer
        );
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_good_cookie_lifts_the_bounds() {
    let nomad = cast();
    let gateway = gateway(&nomad, bounded(1)).await;
    let source: IpAddr = "127.0.1.1".parse().unwrap();
    let mut cookie = b"12345678".to_vec();
    for place in 0..MANY {
        let mut query = redis().message(7);
        append_options(&mut query, &[(COOKIE, &cookie)]);
        let octets = exchange(gateway.dns, source, &query).await;
        let message = Message::from_vec(&octets).unwrap();
        assert_eq!(got(&message), Got::Answer, "{place}");
        cookie = option(&message, COOKIE).unwrap();
    }
    gateway.end().await;
}

#[tokio::test]
async fn of_what_is_beyond_the_bounds_one_in_so_many_has_tc_and_the_rest_is_not_sent() {
    let nomad = cast();
    let gateway = gateway(&nomad, bounded(10)).await;
    let socket = tokio::net::UdpSocket::bind("127.0.1.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    let many = f64::from(MANY) * 2.0;
    for id in 0..MANY * 2 {
        socket.send(&redis().message(id)).await.unwrap();
    }
    let shown = "nomadns_answers_total{transport=\"udp\",rcode=\"NOERROR\"}";
    until("all are answered", async || {
        gateway.metric(shown).await >= many
    })
    .await;
    let (truncated, dropped) = (
        count(&gateway, "truncated").await,
        count(&gateway, "dropped").await,
    );
    assert!(
        dropped > 4.0 * truncated && truncated > 0.0,
        "{dropped} {truncated}"
    );
    gateway.end().await;
}

#[tokio::test]
async fn loopback_and_private_networks_have_no_bounds_unless_the_operator_wants_them() {
    let nomad = cast();
    let usual = Settings::check(&Source::default()).unwrap();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.server.clients = usual.server.clients;
    });
    gateway.until_ready().await;
    for _ in 0..MANY * 3 {
        assert_eq!(
            ask(&gateway, Transport::Udp, "127.0.1.1").await,
            Got::Answer
        );
    }
    gateway.end().await;
    // What the operator says alone counts.
    let mut source = Source::default();
    source.set("clients.unproven_answers_per_second", 1, "test");
    source.set("clients.unproven_exempt", Vec::<String>::new(), "test");
    source.set("clients.unproven_free_factor", 1, "test");
    let settings = Settings::check(&source).unwrap();
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.server.clients = settings.server.clients
    });
    gateway.until_ready().await;
    let mut truncated = false;
    for _ in 0..MANY {
        truncated |= ask(&gateway, Transport::Udp, "127.0.1.1").await == Got::Truncated;
    }
    assert!(truncated);
    gateway.end().await;
}
