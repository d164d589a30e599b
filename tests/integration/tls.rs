//! TCP and TLS as sockets: limits on connections, handshakes, certificates, panics, the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nomadns::dns::RecordType;
use nomadns::listeners::{
    ConnectionLimits, HandshakeFailure, ListenerKind, TlsUse, dot, tcp, tls_config,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CipherSuite, ClientConfig, HandshakeKind, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::stub::{Identity, PATIENCE, Running, Start, decode, query, stack};

fn start_tcp(limits: ConnectionLimits) -> Running {
    let (stack, gate) = stack();
    Start::new(limits).run(gate, |listener, shared, shutdown| {
        tokio::spawn(tcp::serve(listener, stack, shared, shutdown))
    })
}

fn start_tls(limits: ConnectionLimits, identity: &Identity) -> Running {
    let (stack, gate) = stack();
    let config = tls_config(identity.certificates.clone(), TlsUse::Dot, None).unwrap();
    Start::new(limits).run(gate, |listener, shared, shutdown| {
        tokio::spawn(dot::serve(listener, stack, config, shared, shutdown))
    })
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), name: &str) -> Option<u16> {
    let message = query(7, name, RecordType::A);
    stream
        .write_u16(u16::try_from(message.len()).unwrap())
        .await
        .ok()?;
    stream.write_all(&message).await.ok()?;
    stream.flush().await.ok()?;
    let length = timeout(PATIENCE, stream.read_u16()).await.unwrap().ok()?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.ok()?;
    Some(decode(&answer).metadata.id)
}

/// Whether the server closes the connection.
async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let read = timeout(PATIENCE, stream.read_u8()).await;
    read.expect("the connection stays open").is_err()
}

async fn connect_tls(
    running: &Running,
    identity: &Identity,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_with(running, client(identity, protocols)).await
}

async fn connect_with(
    running: &Running,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(running.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(config).connect(name, stream).await
}

fn client(identity: &Identity, protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Arc::new(config)
}

#[tokio::test]
async fn a_client_has_no_more_connections_than_its_limit() {
    let running = start_tcp(ConnectionLimits {
        connections_per_client: 2,
        ..ConnectionLimits::default()
    });
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        assert_eq!(ask(&mut stream, "a.nomad").await, Some(7));
        open.push(stream);
    }
    let mut refused = TcpStream::connect(running.address).await.unwrap();
    assert!(is_closed(&mut refused).await);
    let counters = running.shared.counters.connections(ListenerKind::Tcp);
    assert_eq!(counters.accepted.load(Ordering::Relaxed), 2);
    assert_eq!(counters.refused.load(Ordering::Relaxed), 1);
    drop(open);
    while running.shared.connections.open() > 0 {
        tokio::task::yield_now().await;
    }
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(ask(&mut stream, "a.nomad").await, Some(7));
    drop(stream);
    running.end().await;
}

#[tokio::test]
async fn a_panic_ends_its_connection_and_no_other() {
    let running = start_tcp(ConnectionLimits::default());
    let mut neighbour = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(ask(&mut neighbour, "a.nomad").await, Some(7));
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(ask(&mut stream, "panic.nomad").await, None);
    assert_eq!(ask(&mut neighbour, "a.nomad").await, Some(7));
    while running.shared.counters.panics.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    drop(neighbour);
    running.end().await;
}

#[tokio::test]
async fn the_end_comes_when_the_time_is_up_even_if_an_answer_is_owed() {
    let running = start_tcp(ConnectionLimits {
        drain: Duration::from_millis(50),
        ..ConnectionLimits::default()
    });
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let message = query(7, "slow.nomad", RecordType::A);
    stream
        .write_u16(u16::try_from(message.len()).unwrap())
        .await
        .unwrap();
    stream.write_all(&message).await.unwrap();
    running.gate.arrival().await;
    let address = running.address;
    running.end().await;
    assert!(is_closed(&mut stream).await);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn dot_is_named_by_alpn_or_not_at_all() {
    let identity = Identity::generate();
    let running = start_tls(ConnectionLimits::default(), &identity);
    for protocols in [&["dot"][..], &[], &["h2", "dot"]] {
        let mut stream = connect_tls(&running, &identity, protocols).await.unwrap();
        assert_eq!(ask(&mut stream, "a.nomad").await, Some(7));
        let chosen = stream.get_ref().1.alpn_protocol();
        assert_eq!(chosen.is_some(), !protocols.is_empty());
    }
    assert!(connect_tls(&running, &identity, &["h2"]).await.is_err());
    assert_eq!(failures(&running, HandshakeFailure::Protocol).await, 1);
    running.end().await;
}

#[tokio::test]
async fn a_failed_handshake_is_counted_by_its_reason() {
    let (identity, other) = (Identity::generate(), Identity::generate());
    let limits = ConnectionLimits {
        handshake: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let running = start_tls(limits, &identity);
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    assert!(is_closed(&mut silent).await);
    assert_eq!(failures(&running, HandshakeFailure::TimedOut).await, 1);
    let mut garbage = TcpStream::connect(running.address).await.unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(failures(&running, HandshakeFailure::NotTls).await, 1);
    drop(TcpStream::connect(running.address).await.unwrap());
    assert_eq!(failures(&running, HandshakeFailure::Closed).await, 1);
    assert!(connect_tls(&running, &other, &[]).await.is_err());
    assert_eq!(failures(&running, HandshakeFailure::Alert).await, 1);
    running.end().await;
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_the_next_handshake_on() {
    let (identity, next) = (Identity::generate(), Identity::generate());
    let running = start_tls(ConnectionLimits::default(), &identity);
    let mut old = connect_tls(&running, &identity, &[]).await.unwrap();
    let bad = identity
        .certificates
        .replace(next.certificate.as_bytes(), b"no key");
    assert!(bad.is_err());
    assert!(connect_tls(&running, &identity, &[]).await.is_ok());
    let (certificate, key) = (next.certificate.as_bytes(), next.key.as_bytes());
    identity.certificates.replace(certificate, key).unwrap();
    let mut new = connect_tls(&running, &next, &[]).await.unwrap();
    assert_eq!(ask(&mut new, "a.nomad").await, Some(7));
    assert_eq!(ask(&mut old, "a.nomad").await, Some(7));
    assert!(connect_tls(&running, &identity, &[]).await.is_err());
    running.end().await;
}

/// How often a handshake failed for a reason, once it did at all.
async fn failures(running: &Running, failure: HandshakeFailure) -> u64 {
    let counted = async {
        loop {
            match running
                .shared
                .counters
                .handshake_failures(failure)
                .load(Ordering::Relaxed)
            {
                0 => tokio::time::sleep(Duration::from_millis(1)).await,
                count => return count,
            }
        }
    };
    timeout(PATIENCE, counted).await.unwrap_or_default()
}

#[tokio::test]
async fn aes_128_is_taken_though_the_client_likes_aes_256_better() {
    let identity = Identity::generate();
    let running = start_tls(ConnectionLimits::default(), &identity);
    let client = client(&identity, &[]);
    let first = client.crypto_provider().cipher_suites[0].suite();
    assert_eq!(first, CipherSuite::TLS13_AES_256_GCM_SHA384);
    let stream = connect_with(&running, client).await.unwrap();
    let taken = stream.get_ref().1.negotiated_cipher_suite().unwrap();
    assert_eq!(taken.suite(), CipherSuite::TLS13_AES_128_GCM_SHA256);
    drop(stream);
    running.end().await;
}

/// RFC 8446 §2.2: by the ticket of the connection before, time after time.
#[tokio::test]
async fn a_client_comes_back_without_a_full_handshake() {
    let identity = Identity::generate();
    let running = start_tls(ConnectionLimits::default(), &identity);
    let client = client(&identity, &[]);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let mut stream = connect_with(&running, client.clone()).await.unwrap();
        assert_eq!(ask(&mut stream, "a.nomad").await, Some(7));
        kinds.extend(stream.get_ref().1.handshake_kind());
    }
    assert_eq!(
        kinds,
        [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Resumed
        ]
    );
    running.end().await;
}

/// RFC 8446 §6.1: an end without it could be anybody's cut.
#[tokio::test]
async fn the_end_of_a_connection_is_told_by_close_notify() {
    let identity = Identity::generate();
    let running = start_tls(ConnectionLimits::default(), &identity);
    let mut stream = connect_tls(&running, &identity, &[]).await.unwrap();
    assert_eq!(ask(&mut stream, "a.nomad").await, Some(7));
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    // rustls calls an end without it an error.
    let read = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert_eq!(read.unwrap().unwrap(), 0);
    running.end().await;
}
