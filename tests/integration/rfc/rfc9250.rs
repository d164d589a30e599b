//! RFC 9250: DNS over QUIC, to upstreams. The server is of quinn alone; the client is the forwarder.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use nomadns::certs::Development;
use nomadns::forward::{ForwardError, ForwardSettings, upstream_tls};
use quinn::crypto::rustls::QuicServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::task::JoinSet;

use crate::forwarding::upstream::{GOOD, Seen};
use crate::forwarding::{Alone, all_to};

/// What one stream carried to its end, as it came.
#[derive(Clone, Debug)]
struct Stream {
    connection: usize,
    id: u64,
    octets: Vec<u8>,
}

/// A server of DNS over QUIC on loopback, which has an address for every name.
struct QuicUpstream {
    endpoint: quinn::Endpoint,
    streams: Arc<Mutex<Vec<Stream>>>,
    connections: Arc<Mutex<Vec<quinn::Connection>>>,
    ca_pem: String,
    _serving: JoinSet<()>,
}

impl QuicUpstream {
    fn start(protocol: &[u8]) -> Self {
        let made = Development::generate(&[]).unwrap();
        let chain = CertificateDer::pem_slice_iter(made.certificate_pem.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(made.key_pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider);
        let tls = tls
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap();
        let mut tls = tls
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        tls.alpn_protocols = vec![protocol.to_vec()];
        let config = QuicServerConfig::try_from(tls).unwrap();
        let config = quinn::ServerConfig::with_crypto(Arc::new(config));
        let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let endpoint = quinn::Endpoint::server(config, loopback).unwrap();
        let (streams, connections) = (Arc::default(), Arc::default());
        let mut serving = JoinSet::new();
        serving.spawn(serve(
            endpoint.clone(),
            Arc::clone(&streams),
            Arc::clone(&connections),
        ));
        Self {
            endpoint,
            streams,
            connections,
            ca_pem: made.ca_pem,
            _serving: serving,
        }
    }

    fn url(&self, name: &str) -> String {
        format!("quic://{}#{name}", self.endpoint.local_addr().unwrap())
    }

    fn settings(&self, name: &str) -> ForwardSettings {
        let authority = CertificateDer::from_pem_slice(self.ca_pem.as_bytes()).unwrap();
        ForwardSettings {
            tls: upstream_tls([authority]).unwrap(),
            ..all_to(&[self.url(name)])
        }
    }

    /// Those of questions, without what looks for loops.
    fn streams(&self) -> Vec<Stream> {
        let streams = self.streams.lock().unwrap();
        let questions = streams.iter().filter(|it| !it.query().looks_for_loops());
        questions.cloned().collect()
    }
}

impl Stream {
    fn query(&self) -> Seen {
        Seen {
            octets: self.octets[2..].to_vec(),
            over_tcp: true,
            from: "127.0.0.1:1".parse().unwrap(),
        }
    }
}

async fn serve(
    endpoint: quinn::Endpoint,
    streams: Arc<Mutex<Vec<Stream>>>,
    connections: Arc<Mutex<Vec<quinn::Connection>>>,
) {
    let mut serving = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        let Ok(connection) = incoming.await else {
            continue;
        };
        let number = connections.lock().unwrap().len();
        connections.lock().unwrap().push(connection.clone());
        let streams = Arc::clone(&streams);
        serving.spawn(async move {
            while let Ok((mut send, mut receive)) = connection.accept_bi().await {
                // It ends with the FIN of the client, and with nothing else.
                let octets = receive.read_to_end(65_537).await.unwrap();
                let (id, connection) = (receive.id().index(), number);
                let stream = Stream {
                    connection,
                    id,
                    octets,
                };
                let response = stream.query().response(GOOD).address("", 60, 9).octets();
                streams.lock().unwrap().push(stream);
                let length = u16::try_from(response.len()).unwrap().to_be_bytes();
                send.write_all(&[&length[..], &response].concat())
                    .await
                    .unwrap();
                send.finish().unwrap();
            }
        });
    }
}

#[tokio::test]
async fn each_query_has_a_stream_of_its_own_with_id_0_its_length_and_a_fin() {
    let server = QuicUpstream::start(b"doq");
    let alone = Alone::start(&server.settings("localhost"));
    for name in ["a.example", "b.example", "c.example"] {
        alone.ask(name).await.unwrap();
    }
    let streams = server.streams();
    assert_eq!(streams.len(), 3, "{streams:?}");
    let mut ids: Vec<u64> = streams.iter().map(|it| it.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{streams:?}");
    for stream in &streams {
        let (length, message) = stream.octets.split_at(2);
        // RFC 9250 §4.2: the length as over TCP; §4.2.1: the id is 0.
        assert_eq!(length, u16::try_from(message.len()).unwrap().to_be_bytes());
        assert_eq!(message[..2], [0, 0], "{stream:?}");
        assert_eq!(stream.connection, 0, "a connection is kept: {stream:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_made_anew_without_an_error() {
    let server = QuicUpstream::start(b"doq");
    let alone = Alone::start(&server.settings("localhost"));
    alone.ask("a.example").await.unwrap();
    for connection in server.connections.lock().unwrap().iter() {
        connection.close(0_u32.into(), b"idle");
    }
    alone.ask("b.example").await.unwrap();
    let last = server.streams().pop().unwrap();
    assert!(last.connection > 0, "{last:?}");
}

#[tokio::test]
async fn a_server_with_another_name_or_authority_or_protocol_is_asked_nothing() {
    let (good, other) = (QuicUpstream::start(b"doq"), QuicUpstream::start(b"h3"));
    for (settings, server) in [
        (good.settings("dns.example"), &good),
        (all_to(&[good.url("localhost")]), &good),
        (other.settings("localhost"), &other),
    ] {
        let alone = Alone::start(&settings);
        let error = alone.ask("a.example").await.unwrap_err();
        assert_eq!(error, ForwardError::Unreachable, "{settings:?}");
        assert!(server.streams.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_costs_no_more_than_the_time_of_a_question() {
    let server = QuicUpstream::start(b"doq");
    let alone = Alone::start(&server.settings("localhost"));
    alone.ask("a.example").await.unwrap();
    server.endpoint.close(0_u32.into(), b"");
    drop(server);
    let begun = tokio::time::Instant::now();
    alone.ask("b.example").await.unwrap_err();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
}
