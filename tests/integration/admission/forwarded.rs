//! The client of a request that came through a proxy.

use nomadns::listeners::ClientSettings;

use super::{Got, fetch, gateway, networks, rate, request};
use crate::support::clients::{Transport, http_client_at};
use crate::support::gateway::{Gateway, cast};

const TRANSPORTS: [Transport; 3] = [Transport::HttpsGet, Transport::HttpsPost, Transport::Json];

/// Asks over one connection of `peer` for each client in turn; each is a line of the header.
async fn ask_for(gateway: &Gateway, transport: Transport, peer: &str, lines: &[&str]) -> Got {
    let client = http_client_at(Some(peer.parse().unwrap()), &[&gateway.ca_pem]);
    let request = request(gateway, &client, transport);
    let lines = lines.iter();
    fetch(lines.fold(request, |request, line| {
        request.header("x-forwarded-for", *line)
    }))
    .await
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_it_asks_and_nobody_else_does() {
    let nomad = cast();
    let clients = ClientSettings {
        allow: Some(networks(&["192.0.2.0/24", "2001:db8::/32"])),
        trusted_proxies: networks(&["127.0.0.1/32", "10.0.0.0/8"]),
        ..ClientSettings::default()
    };
    let gateway = gateway(&nomad, clients).await;
    let denied = Got::Status(403);
    for transport in TRANSPORTS {
        for (peer, lines, expected) in [
            ("127.0.0.1", &["192.0.2.1"][..], Got::Answer),
            ("127.0.0.1", &["[2001:db8::1]:4711, 10.0.0.9"], Got::Answer),
            ("127.0.0.1", &["198.51.100.1", "192.0.2.1:80"], Got::Answer),
            ("127.0.0.1", &["192.0.2.1, 198.51.100.1"], denied),
            ("127.0.0.1", &["192.0.2.1", "unknown"], denied),
            ("127.0.0.1", &[], denied),
            ("127.0.0.2", &["192.0.2.1"], denied),
        ] {
            let got = ask_for(&gateway, transport, peer, lines).await;
            assert_eq!(got, expected, "{transport:?} {peer} {lines:?}");
        }
    }
    gateway.end().await;
}

#[tokio::test]
async fn clients_behind_one_connection_of_a_proxy_have_each_their_own_rate() {
    let nomad = cast();
    let clients = ClientSettings {
        rate: Some(rate(2)),
        trusted_proxies: networks(&["127.0.0.1/32"]),
        ..ClientSettings::default()
    };
    let gateway = gateway(&nomad, clients).await;
    let proxy = http_client_at(None, &[&gateway.ca_pem]);
    let send = async |client: &str| {
        let request = request(&gateway, &proxy, Transport::HttpsGet);
        fetch(request.header("x-forwarded-for", client)).await
    };
    let mut limited = false;
    for _ in 0..20 {
        limited |= send("192.0.2.1").await == Got::Status(429);
    }
    assert!(limited);
    assert_eq!(send("192.0.2.2").await, Got::Answer);
    // A /64 is one client.
    assert_eq!(send("2001:db8::1").await, Got::Answer);
    assert_eq!(send("2001:db8::2").await, Got::Answer);
    let accepted = "nomadns_connections_total{listener=\"https\",outcome=\"accepted\"}";
    assert_eq!(gateway.metric(accepted).await, 1.0);
    gateway.end().await;
}
