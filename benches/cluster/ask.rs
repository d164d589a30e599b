//! Clients that ask the gateway again and again, one for each way, each on one connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nomadns::dns::RecordType;
use reqwest::{Certificate, RequestBuilder};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::runtime::Runtime;

use self::filled::message;
use crate::gateway::Gateway;

#[path = "../support/filled.rs"]
#[expect(dead_code, reason = "only its messages are needed here")]
mod filled;

const PATIENCE: Duration = Duration::from_secs(2);
/// Room for any answer to these questions, in octets.
const ANSWER_OCTETS: usize = 4_096;

/// A way to ask.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Udp,
    Tcp,
    Tls,
    HttpsGet,
    HttpsPost,
    Json,
}

impl Way {
    pub(crate) const ALL: [Self; 6] = [
        Self::Udp,
        Self::Tcp,
        Self::Tls,
        Self::HttpsGet,
        Self::HttpsPost,
        Self::Json,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "DoT",
            Self::HttpsGet => "DoH GET",
            Self::HttpsPost => "DoH POST",
            Self::Json => "JSON",
        }
    }
}

/// A client with its connection.
pub(crate) enum Client {
    Udp(UdpSocket),
    Stream(Box<dyn Stream>),
    Http(Box<Http>),
}

pub(crate) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

pub(crate) struct Http {
    way: Way,
    runtime: Runtime,
    client: reqwest::Client,
    base: String,
}

impl Client {
    /// Connects to the gateway.
    pub(crate) fn open(way: Way, gateway: &Gateway) -> Self {
        let addresses = gateway.addresses;
        match way {
            Way::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
                socket.connect(addresses.dns).expect("loopback is there");
                let patience = socket.set_read_timeout(Some(PATIENCE));
                patience.expect("it is not zero");
                Self::Udp(socket)
            }
            Way::Tcp => Self::Stream(Box::new(connect(addresses.dns))),
            Way::Tls => {
                let name = ServerName::try_from("localhost").expect("it is a name");
                let config = Arc::new(trusting(&gateway.ca_pem));
                let tls = ClientConnection::new(config, name).expect("the configuration is good");
                Self::Stream(Box::new(StreamOwned::new(tls, connect(addresses.tls))))
            }
            Way::HttpsGet | Way::HttpsPost => {
                let base = format!("https://localhost:{}", addresses.https.port());
                Self::Http(Box::new(Http::new(way, base, &gateway.ca_pem)))
            }
            Way::Json => {
                let base = format!("http://{}", addresses.http);
                Self::Http(Box::new(Http::new(way, base, &gateway.ca_pem)))
            }
        }
    }

    /// Asks for the addresses of a service; says whether this one is among them.
    pub(crate) fn shows(&mut self, service: &str, address: Ipv4Addr) -> bool {
        let name = format!("{service}.default.nomad");
        let question = message(&name, RecordType::A, Some(1232));
        let answer = match self {
            Self::Udp(socket) => {
                socket.send(&question).expect("the gateway is there");
                let mut answer = vec![0; ANSWER_OCTETS];
                let length = socket.recv(&mut answer).expect("the gateway answers");
                answer.truncate(length);
                answer
            }
            Self::Stream(stream) => {
                let length = u16::try_from(question.len()).expect("questions are short");
                let framed = [length.to_be_bytes().as_slice(), &question].concat();
                stream.write_all(&framed).expect("the gateway reads");
                let mut length = [0; 2];
                stream.read_exact(&mut length).expect("the gateway answers");
                let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut answer).expect("the gateway answers");
                answer
            }
            Self::Http(http) => {
                let answer = http.ask(&name, question);
                if matches!(http.way, Way::Json) {
                    let text = format!("\"{address}\"");
                    return String::from_utf8_lossy(&answer).contains(&text);
                }
                answer
            }
        };
        answer.windows(4).any(|octets| octets == address.octets())
    }
}

impl Http {
    fn new(way: Way, base: String, ca_pem: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime for a client");
        let root = Certificate::from_pem(ca_pem.as_bytes()).expect("it is a certificate");
        let client = reqwest::Client::builder()
            .tls_certs_only([root])
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .expect("a client can be made");
        Self {
            way,
            runtime,
            client,
            base,
        }
    }

    fn ask(&self, name: &str, question: Vec<u8>) -> Vec<u8> {
        let Self { client, base, .. } = self;
        let request: RequestBuilder = match self.way {
            Way::HttpsPost => client
                .post(format!("{base}/dns-query"))
                .header("content-type", "application/dns-message")
                .body(question),
            Way::Json => client.get(format!("{base}/resolve?name={name}&type=A")),
            _ => {
                let question = URL_SAFE_NO_PAD.encode(question);
                client.get(format!("{base}/dns-query?dns={question}"))
            }
        };
        let answer = self.runtime.block_on(async {
            let response = request.send().await?.error_for_status()?;
            response.bytes().await
        });
        answer.expect("the gateway answers").to_vec()
    }
}

fn connect(address: std::net::SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the gateway listens");
    stream.set_nodelay(true).expect("it is a TCP connection");
    let patience = stream.set_read_timeout(Some(PATIENCE));
    patience.expect("it is not zero");
    stream
}

fn trusting(ca_pem: &str) -> ClientConfig {
    let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("it is a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(ca).expect("it is a CA");
    ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
