//! A client for each transport of a gateway, all asking the same question and giving the same form of answer.
//!
//! The streams stay open from question to question, as those of stub resolvers do.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hickory_proto::op::Message;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::decoded::DecodedAnswer;
use super::gateway::{AT_MOST, Gateway};
use super::question::Question;

const DNS_MESSAGE: &str = "application/dns-message";

/// One way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
    HttpsGet,
    HttpsPost,
    Json,
}

/// What came over one transport.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) transport: Transport,
    /// The bit TC.
    pub(crate) truncated: bool,
    /// The bit AA; JSON has none.
    pub(crate) authoritative: Option<bool>,
    pub(crate) decoded: DecodedAnswer,
}

/// Clients of one gateway, connected.
pub(crate) struct Clients {
    udp: UdpSocket,
    tcp: TcpStream,
    tls: TlsStream<TcpStream>,
    /// Where a client of UDP turns to when an answer is cut short.
    again: TcpStream,
    /// How often it did.
    pub(crate) truncated: usize,
    https: (reqwest::Client, String),
    http: (reqwest::Client, String),
}

impl Clients {
    pub(crate) async fn connect(gateway: &Gateway) -> Self {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        udp.connect(gateway.dns).await.unwrap();
        Self {
            udp,
            tcp: TcpStream::connect(gateway.dns).await.unwrap(),
            tls: connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap(),
            again: TcpStream::connect(gateway.dns).await.unwrap(),
            truncated: 0,
            https: (
                http_client(&[&gateway.ca_pem]),
                format!("https://{}", gateway.https),
            ),
            http: (http_client(&[]), format!("http://{}", gateway.http)),
        }
    }

    /// Asks over UDP, and again over TCP when the answer is cut short.
    pub(crate) async fn ask_udp(&mut self, question: &Question) -> Answered {
        let answered = ask_udp(&self.udp, question).await;
        match answered {
            Some(message) => Answered::of_message(Transport::Udp, &message),
            None => {
                self.truncated += 1;
                let message = ask_stream(&mut self.again, question).await.unwrap();
                Answered::of_message(Transport::Udp, &message)
            }
        }
    }

    /// Asks over every transport.
    pub(crate) async fn ask_all(&mut self, question: &Question) -> [Answered; 6] {
        let udp = self.ask_udp(question).await;
        let Self {
            tcp,
            tls,
            https,
            http,
            ..
        } = self;
        let (tcp, tls, get, post, json) = tokio::join!(
            ask_stream(tcp, question),
            ask_stream(tls, question),
            ask_by_get(https, question),
            ask_by_post(https, question),
            ask_json(http, question),
        );
        let of = |transport, message| Answered::of_message(transport, &message);
        [
            udp,
            of(Transport::Tcp, tcp.unwrap()),
            of(Transport::Tls, tls.unwrap()),
            of(Transport::HttpsGet, get),
            of(Transport::HttpsPost, post),
            json,
        ]
    }

    /// Asks over every transport, checks that all say the same, and gives what they say.
    pub(crate) async fn agreed(&mut self, question: &Question) -> DecodedAnswer {
        let all = self.ask_all(question).await;
        let [first, others @ ..] = &all;
        for other in others {
            assert!(!other.truncated, "{question:?} over {:?}", other.transport);
            assert_eq!(
                first.decoded, other.decoded,
                "{question:?} over {:?} and {:?}",
                first.transport, other.transport
            );
            let authoritative = other.authoritative.or(first.authoritative);
            assert_eq!(first.authoritative, authoritative, "{question:?}");
        }
        first.decoded.clone()
    }
}

impl Answered {
    fn of_message(transport: Transport, message: &Message) -> Self {
        Self {
            transport,
            truncated: message.metadata.truncation,
            authoritative: Some(message.metadata.authoritative),
            decoded: DecodedAnswer::of_message(message),
        }
    }
}

/// Asks over UDP; none when the answer is cut short.
pub(crate) async fn ask_udp(socket: &UdpSocket, question: &Question) -> Option<Message> {
    let id = rand::random();
    socket.send(&question.message(id)).await.unwrap();
    let mut octets = [0; 4096];
    let received = timeout(AT_MOST, socket.recv(&mut octets)).await;
    let length = received.unwrap_or_else(|_| panic!("{question:?} has no answer"));
    let message = question.read(id, &octets[..length.unwrap()]);
    (!message.metadata.truncation).then_some(message)
}

/// Asks over a stream, of TCP or TLS.
pub(crate) async fn ask_stream(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    question: &Question,
) -> io::Result<Message> {
    let id = rand::random();
    stream.write_all(&framed(&question.message(id))).await?;
    stream.flush().await?;
    let octets = next_message(stream).await?;
    Ok(question.read(id, &octets))
}

/// Reads the next message of a stream.
pub(crate) async fn next_message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let message = async {
        let mut octets = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut octets).await?;
        Ok(octets)
    };
    timeout(AT_MOST, message).await.expect("an answer in time")
}

/// Puts the length before a message.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

/// Connects to DNS over TLS, trusting one CA.
pub(crate) async fn connect_tls(
    address: SocketAddr,
    ca_pem: &str,
) -> io::Result<TlsStream<TcpStream>> {
    tls_over(TcpStream::connect(address).await?, ca_pem, "dot").await
}

/// Shakes hands on a connection, trusting one CA.
pub(crate) async fn tls_over(
    stream: TcpStream,
    ca_pem: &str,
    protocol: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A client of HTTP that asks no proxy, and trusts these CAs and no other.
pub(crate) fn http_client(ca_pems: &[&str]) -> reqwest::Client {
    http_client_at(None, ca_pems)
}

/// The same, at an address of its own.
pub(crate) fn http_client_at(address: Option<IpAddr>, ca_pems: &[&str]) -> reqwest::Client {
    // The first to install it wins; they are all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = |pem: &&str| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .local_address(address)
        .timeout(AT_MOST)
        .tls_certs_only(ca_pems.iter().map(root))
        .build()
        .unwrap()
}

type Http = (reqwest::Client, String);

async fn ask_by_get((client, base): &Http, question: &Question) -> Message {
    let encoded = URL_SAFE_NO_PAD.encode(question.message(0));
    let url = format!("{base}/dns-query?dns={encoded}");
    read_response(client.get(url), question).await
}

async fn ask_by_post((client, base): &Http, question: &Question) -> Message {
    let request = client
        .post(format!("{base}/dns-query"))
        .header("content-type", DNS_MESSAGE)
        .body(question.message(0));
    read_response(request, question).await
}

async fn read_response(request: reqwest::RequestBuilder, question: &Question) -> Message {
    let response = request.send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(response.status(), 200, "{question:?}");
    question.read(0, &response.bytes().await.unwrap())
}

async fn ask_json((client, base): &Http, question: &Question) -> Answered {
    let record_type = u16::from(question.record_type).to_string();
    let request = client
        .get(format!("{base}/resolve"))
        .query(&[("name", question.name()), ("type", record_type)]);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{question:?}");
    let document: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(document["Question"][0]["name"], question.name());
    Answered {
        transport: Transport::Json,
        truncated: document["TC"].as_bool().unwrap(),
        authoritative: None,
        decoded: DecodedAnswer::of_json(&document),
    }
}
