//! The life of a gateway: how it ends, new certificates, garbage, and the address that an answer leaves from.

mod ending;
mod garbage;
mod reload;

use std::time::Duration;

use hickory_proto::rr::RecordType;
use nomadns::certs::Development;
use tokio::net::UdpSocket;

use crate::support::clients::{ask_stream, ask_udp, connect_tls, http_client};
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

fn redis() -> Question {
    Question::new("redis.default.nomad", RecordType::A)
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_the_next_handshake_on_and_a_bad_one_never() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let mut old = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
    let next = Development::generate(&[]).unwrap();
    // The key is of the certificate before.
    let (certificate, key) = (&next.certificate_pem, &next.key_pem);
    let other = Development::generate(&[]).unwrap();
    for (certificate, key) in [(certificate, &other.key_pem), (key, certificate)] {
        gateway.reload(certificate, key);
        assert!(connect_tls(gateway.tls, &next.ca_pem).await.is_err());
        let mut stream = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
        assert!(ask_stream(&mut stream, &redis()).await.is_ok());
        assert!(https_trusts(&gateway, &gateway.ca_pem).await);
    }
    gateway.reload(certificate, key);
    let mut new = connect_tls(gateway.tls, &next.ca_pem).await.unwrap();
    assert!(ask_stream(&mut new, &redis()).await.is_ok());
    assert!(ask_stream(&mut old, &redis()).await.is_ok());
    assert!(connect_tls(gateway.tls, &gateway.ca_pem).await.is_err());
    assert!(https_trusts(&gateway, &next.ca_pem).await);
    assert!(!https_trusts(&gateway, &gateway.ca_pem).await);
    drop((old, new));
    gateway.end().await;
}

#[tokio::test]
async fn a_certificate_whose_files_change_is_used_by_itself() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.tls_check = Some(Duration::from_millis(5));
    });
    gateway.until_ready().await;
    let next = Development::generate(&[]).unwrap();
    gateway.put_certificate(&next.certificate_pem, &next.key_pem);
    until("the new certificate is shown", async || {
        connect_tls(gateway.tls, &next.ca_pem).await.is_ok()
    })
    .await;
    // One that is of no use is passed over, and what comes after it is not.
    gateway.put_certificate("none", &next.key_pem);
    assert!(connect_tls(gateway.tls, &next.ca_pem).await.is_ok());
    let last = Development::generate(&[]).unwrap();
    gateway.put_certificate(&last.certificate_pem, &last.key_pem);
    until("the last certificate is shown", async || {
        connect_tls(gateway.tls, &last.ca_pem).await.is_ok()
    })
    .await;
    gateway.end().await;
}

/// Whether a client that trusts this CA gets an answer over a new connection of HTTPS.
async fn https_trusts(gateway: &Gateway, ca_pem: &str) -> bool {
    let client = http_client(&[ca_pem]);
    let url = format!("https://{}/resolve?name=redis.default.nomad", gateway.https);
    match client.get(url).send().await {
        Ok(response) => response.status() == 200,
        Err(error) if error.is_connect() => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn the_answer_leaves_from_the_address_that_was_asked() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.listen.dns = vec!["0.0.0.0:0".parse().unwrap()];
    });
    gateway.until_ready().await;
    for address in ["127.0.0.1", "127.0.0.2", "127.255.255.254"] {
        // Connected, so that the kernel lets through what comes from there alone.
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect((address, gateway.dns.port())).await.unwrap();
        let message = ask_udp(&socket, &redis()).await.expect("it fits");
        assert_eq!(message.answers.len(), 3, "{address}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn both_families_are_answered_on_the_same_port() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    for address in &gateway.all_dns {
        assert_eq!(address.port(), gateway.dns.port());
        let socket = UdpSocket::bind((address.ip(), 0)).await.unwrap();
        socket.connect(address).await.unwrap();
        let message = ask_udp(&socket, &redis()).await.expect("it fits");
        assert_eq!(message.answers.len(), 3, "{address}");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let message = ask_stream(&mut stream, &redis()).await.unwrap();
        assert_eq!(message.answers.len(), 3, "{address}");
    }
    gateway.end().await;
}
