//! Who may ask, and how often: clients at several addresses of loopback before a whole gateway.

mod allowed;
mod amplification;
mod forwarded;
mod proxy_protocol;
mod rate;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use nomadns::demo::SimulatedNomad;
use nomadns::listeners::{ClientSettings, Clients, ConnectionLimits, Networks, Rate};
use reqwest::RequestBuilder;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::support::clients::{Transport, ask_stream, http_client_at, tls_over};
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::{AT_MOST, Gateway};
use crate::support::question::Question;
use crate::web::{DNS_MESSAGE, header, problem};

const TRANSPORTS: [Transport; 6] = [
    Transport::Udp,
    Transport::Tcp,
    Transport::Tls,
    Transport::HttpsGet,
    Transport::HttpsPost,
    Transport::Json,
];

/// What a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Got {
    Answer,
    /// REFUSED with an extended error.
    Refused(u16),
    /// TC and no records.
    Truncated,
    /// A problem of HTTP.
    Status(u16),
}

fn redis() -> Question {
    Question::new("redis.default.nomad", RecordType::A)
}

fn networks(texts: &[&str]) -> Networks {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn rate(burst: u32) -> Rate {
    Rate {
        queries_per_second: 1,
        burst,
        tracked: 1024,
    }
}

/// Starts a gateway before a Nomad that is not asked for much.
async fn gateway(nomad: &SimulatedNomad, clients: ClientSettings) -> Gateway {
    gateway_within(nomad, clients, |_| {}).await
}

async fn gateway_within(
    nomad: &SimulatedNomad,
    clients: ClientSettings,
    change: impl FnOnce(&mut ConnectionLimits),
) -> Gateway {
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.server.clients = Arc::new(Clients::new(clients));
        change(&mut settings.connections);
    });
    gateway.until_ready().await;
    gateway
}

/// How often clients were refused.
async fn refused(gateway: &Gateway, listener: &str, reason: &str) -> f64 {
    let labels = format!("listener=\"{listener}\",reason=\"{reason}\"");
    let name = format!("nomadns_clients_refused_total{{{labels}}}");
    gateway.metric(&name).await
}

/// Asks once, from an address of loopback.
async fn ask(gateway: &Gateway, transport: Transport, source: &str) -> Got {
    let source: IpAddr = source.parse().unwrap();
    match transport {
        Transport::Udp => {
            let id = rand::random();
            let octets = exchange(gateway.dns, source, &redis().message(id)).await;
            got(&redis().read(id, &octets))
        }
        Transport::Tcp => {
            let mut stream = connect(source, gateway.dns).await;
            got(&ask_stream(&mut stream, &redis()).await.unwrap())
        }
        Transport::Tls => {
            let stream = connect(source, gateway.tls).await;
            let stream = tls_over(stream, &gateway.ca_pem, "dot").await;
            got(&ask_stream(&mut stream.unwrap(), &redis()).await.unwrap())
        }
        Transport::HttpsGet | Transport::HttpsPost | Transport::Json => {
            let client = http_client_at(Some(source), &[&gateway.ca_pem]);
            fetch(request(gateway, &client, transport)).await
        }
    }
}

/// A request for the usual question.
fn request(gateway: &Gateway, client: &reqwest::Client, transport: Transport) -> RequestBuilder {
    let message = redis().message(0);
    match transport {
        Transport::HttpsGet => {
            let encoded = URL_SAFE_NO_PAD.encode(message);
            client.get(format!("https://{}/dns-query?dns={encoded}", gateway.https))
        }
        Transport::HttpsPost => client
            .post(format!("https://{}/dns-query", gateway.https))
            .header("content-type", DNS_MESSAGE)
            .body(message),
        _ => client.get(format!(
            "http://{}/resolve?name=redis.default.nomad",
            gateway.http
        )),
    }
}

async fn fetch(request: RequestBuilder) -> Got {
    let response = request.send().await.unwrap();
    if response.status() == 200 {
        return Got::Answer;
    }
    let again = header(&response, "retry-after").to_owned();
    let (status, _) = problem(response).await;
    assert_eq!(again, if status == 429 { "1" } else { "" });
    Got::Status(status)
}

/// Sends a message over UDP and receives what comes back.
async fn exchange(to: SocketAddr, source: IpAddr, message: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind((source, 0)).await.unwrap();
    socket.connect(to).await.unwrap();
    socket.send(message).await.unwrap();
    let mut octets = vec![0; 4096];
    let received = timeout(AT_MOST, socket.recv(&mut octets)).await;
    octets.truncate(received.expect("an answer").unwrap());
    octets
}

async fn connect(source: IpAddr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

fn got(message: &Message) -> Got {
    let decoded = DecodedAnswer::of_message(message);
    match message.metadata.response_code {
        ResponseCode::Refused => {
            let [code] = decoded.extended_errors[..] else {
                panic!("one extended error in {message}")
            };
            Got::Refused(code)
        }
        _ if message.metadata.truncation => {
            assert!(
                decoded.answer.is_empty() && decoded.additional.is_empty(),
                "{message}"
            );
            Got::Truncated
        }
        _ => {
            assert!(!decoded.answer.is_empty(), "{message}");
            Got::Answer
        }
    }
}
