//! The header of the PROXY protocol, in the octets that its specification gives, on every listener.

use std::net::SocketAddr;
use std::time::Duration;

use nomadns::listeners::{ClientSettings, ListenerKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Got, connect, gateway, gateway_within, got, networks, redis};
use crate::support::clients::{ask_stream, tls_over};
use crate::support::gateway::{AT_MOST, Gateway, cast, until};

const KINDS: [ListenerKind; 4] = [
    ListenerKind::Tcp,
    ListenerKind::Dot,
    ListenerKind::Http,
    ListenerKind::Https,
];
const SIGNATURE: &[u8] = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a";
const PROXY: &str = "127.0.0.1";
const DIRECT: &str = "127.0.0.9";

fn settings() -> ClientSettings {
    ClientSettings {
        allow: Some(networks(&["192.0.2.0/24", "2001:db8::/32", "127.0.0.9/32"])),
        trusted_proxies: networks(&["127.0.0.1/32"]),
        proxy_protocol: KINDS.to_vec(),
        ..ClientSettings::default()
    }
}

/// Version 2: what a proxy does, family and protocol, what follows.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &length, rest].concat()
}

fn v4(source: [u8; 4]) -> Vec<u8> {
    [&source[..], &[127, 0, 0, 1], &[0xdd, 0xd5, 0, 53]].concat()
}

fn v6() -> Vec<u8> {
    let source = "2001:db8::7".parse::<std::net::Ipv6Addr>().unwrap();
    let to = std::net::Ipv6Addr::LOCALHOST;
    [&source.octets()[..], &to.octets(), &[0xdd, 0xd5, 0, 53]].concat()
}

fn address(gateway: &Gateway, kind: ListenerKind) -> SocketAddr {
    match kind {
        ListenerKind::Tcp => gateway.dns,
        ListenerKind::Dot => gateway.tls,
        ListenerKind::Http => gateway.http,
        _ => gateway.https,
    }
}

/// Sends a header and asks behind it; none when the connection is closed.
async fn ask(gateway: &Gateway, kind: ListenerKind, peer: &str, pieces: &[&[u8]]) -> Option<Got> {
    let mut stream = connect(peer.parse().unwrap(), address(gateway, kind)).await;
    stream.set_nodelay(true).unwrap();
    for piece in pieces {
        stream.write_all(piece).await.ok()?;
        tokio::task::yield_now().await;
    }
    asked(gateway, kind, stream).await
}

async fn asked(gateway: &Gateway, kind: ListenerKind, mut stream: TcpStream) -> Option<Got> {
    let ca_pem = &gateway.ca_pem;
    match kind {
        ListenerKind::Tcp => Some(got(&ask_stream(&mut stream, &redis()).await.ok()?)),
        ListenerKind::Dot => {
            let mut stream = tls_over(stream, ca_pem, "dot").await.ok()?;
            Some(got(&ask_stream(&mut stream, &redis()).await.ok()?))
        }
        ListenerKind::Http => fetch(stream).await,
        _ => fetch(tls_over(stream, ca_pem, "http/1.1").await.ok()?).await,
    }
}

async fn fetch(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<Got> {
    let path = "/resolve?name=redis.default.nomad";
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    let mut response = Vec::new();
    let read = stream.read_to_end(&mut response);
    let _ = timeout(AT_MOST, read).await.unwrap();
    let line = String::from_utf8_lossy(&response);
    match line.strip_prefix("HTTP/1.1 ")?.get(..3)? {
        "200" => Some(Got::Answer),
        status => Some(Got::Status(status.parse().unwrap())),
    }
}

fn denied(kind: ListenerKind) -> Got {
    match kind {
        ListenerKind::Tcp | ListenerKind::Dot => Got::Refused(18),
        _ => Got::Status(403),
    }
}

#[tokio::test]
async fn a_header_tells_the_client_on_every_listener() {
    let nomad = cast();
    let gateway = gateway(&nomad, settings()).await;
    // A type, a length and a value behind the addresses.
    let more = [&v4([192, 0, 2, 7])[..], &[0x04, 0, 3, 0, 0, 0]].concat();
    let allowed = [
        b"PROXY TCP4 192.0.2.7 127.0.0.1 56789 53\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::7 ::1 56789 53\r\n".to_vec(),
        v2(1, 0x11, &v4([192, 0, 2, 7])),
        v2(1, 0x11, &more),
        v2(1, 0x21, &v6()),
    ];
    // The proxy itself, who may not ask; and a client who may not.
    let not_allowed = [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(),
        v2(0, 0, &[]),
        v2(0, 0x11, &v4([192, 0, 2, 7])),
        v2(1, 0, &[]),
        v2(1, 0x31, &[0; 216]),
        b"PROXY TCP4 198.51.100.7 127.0.0.1 56789 53\r\n".to_vec(),
        v2(1, 0x11, &v4([198, 51, 100, 7])),
    ];
    for kind in KINDS {
        for header in &allowed {
            let got = ask(&gateway, kind, PROXY, &[header]).await;
            assert_eq!(got, Some(Got::Answer), "{kind:?} {header:?}");
        }
        for header in &not_allowed {
            let got = ask(&gateway, kind, PROXY, &[header]).await;
            assert_eq!(got, Some(denied(kind)), "{kind:?} {header:?}");
        }
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_header_may_come_in_pieces_and_with_what_follows() {
    let nomad = cast();
    let gateway = gateway(&nomad, settings()).await;
    for header in [
        b"PROXY TCP4 192.0.2.7 127.0.0.1 56789 53\r\n".to_vec(),
        v2(1, 0x11, &v4([192, 0, 2, 7])),
    ] {
        let pieces: Vec<&[u8]> = header.chunks(1).collect();
        let got = ask(&gateway, ListenerKind::Tcp, PROXY, &pieces).await;
        assert_eq!(got, Some(Got::Answer), "{header:?}");
        let message = crate::support::clients::framed(&redis().message(9));
        let mut stream = connect(PROXY.parse().unwrap(), gateway.dns).await;
        stream.write_all(&[header, message].concat()).await.unwrap();
        let answer = crate::support::clients::next_message(&mut stream).await;
        redis().read(9, &answer.unwrap());
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_proxy_without_a_good_header_is_closed_and_counted() {
    let nomad = cast();
    let gateway = gateway(&nomad, settings()).await;
    let mut wrong_version = v2(1, 0x11, &v4([192, 0, 2, 7]));
    wrong_version[12] = 0x11;
    let headers = [
        // None at all: what follows is no header.
        Vec::new(),
        b"PROXY TCP4 192.0.2.256 127.0.0.1 1 53\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 127.0.0.1 1 53\n\r\n".to_vec(),
        b"PROXY TCP5 192.0.2.7 127.0.0.1 1 53\r\n".to_vec(),
        b"proxy TCP4 192.0.2.7 127.0.0.1 1 53\r\n".to_vec(),
        [b"PROXY UNKNOWN ", &[b'x'; 200][..], b"\r\n"].concat(),
        wrong_version,
        v2(2, 0x11, &v4([192, 0, 2, 7])),
        v2(1, 0x41, &v4([192, 0, 2, 7])),
        v2(1, 0x11, &[192, 0, 2, 7]),
        v2(1, 0x11, &[0; 4000]),
    ];
    for kind in KINDS {
        for header in &headers {
            let got = ask(&gateway, kind, PROXY, &[header]).await;
            assert_eq!(got, None, "{kind:?} {header:?}");
        }
        let labels = format!("listener=\"{}\",outcome=\"malformed\"", kind.as_str());
        let name = format!("nomadns_connections_total{{{labels}}}");
        assert_eq!(gateway.metric(&name).await, 11.0, "{kind:?}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_header_that_does_not_come_in_time_is_waited_for_no_longer() {
    let nomad = cast();
    let clients = settings();
    let gateway = gateway_within(&nomad, clients, |limits| {
        limits.handshake = Duration::from_millis(50);
    })
    .await;
    for (kind, sent) in KINDS
        .into_iter()
        .zip([&b""[..], b"PROXY", SIGNATURE, b"PROXY TCP4 1"])
    {
        let mut stream = connect(PROXY.parse().unwrap(), address(&gateway, kind)).await;
        stream.write_all(sent).await.unwrap();
        let read = timeout(AT_MOST, stream.read(&mut [0; 16])).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "{kind:?}");
        let labels = format!("listener=\"{}\",outcome=\"timed_out\"", kind.as_str());
        let name = format!("nomadns_connections_total{{{labels}}}");
        assert_eq!(gateway.metric(&name).await, 1.0, "{kind:?}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_client_that_is_no_proxy_sends_no_proxy_header() {
    let nomad = cast();
    let gateway = gateway(&nomad, settings()).await;
    let header = b"PROXY TCP4 192.0.2.7 127.0.0.1 56789 53\r\n";
    for kind in KINDS {
        let got = ask(&gateway, kind, DIRECT, &[]).await;
        assert_eq!(got, Some(Got::Answer), "{kind:?}");
        let got = ask(&gateway, kind, DIRECT, &[header]).await;
        assert!(
            [None, Some(Got::Status(400))].contains(&got),
            "{kind:?} {got:?}"
        );
    }
    gateway.end().await;
}

#[tokio::test]
async fn connections_are_limited_by_the_client_that_a_proxy_speaks_for() {
    let nomad = cast();
    let gateway = gateway_within(&nomad, settings(), |limits| {
        limits.connections_per_client = 2;
    })
    .await;
    let mut open = Vec::new();
    let mut enter = async |client: &str| {
        let mut stream = connect(PROXY.parse().unwrap(), gateway.dns).await;
        let header = format!("PROXY TCP4 {client} 127.0.0.1 56789 53\r\n");
        stream.write_all(header.as_bytes()).await.unwrap();
        let answered = ask_stream(&mut stream, &redis()).await.is_ok();
        open.push(stream);
        answered
    };
    assert!(enter("192.0.2.1").await && enter("192.0.2.1").await);
    assert!(!enter("192.0.2.1").await);
    assert!(enter("192.0.2.2").await);
    drop(open);
    until("the places are free again", async || {
        gateway.metric("nomadns_open_connections").await <= 0.0
    })
    .await;
    gateway.end().await;
}
