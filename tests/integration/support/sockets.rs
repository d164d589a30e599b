//! The ways to a gateway that take octets, each with a client of its own. Nothing is proved here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::clients::{connect_tls, framed, http_client, next_message};
use super::gateway::{AT_MOST, Gateway};

/// `nomad. SOA`, with an id that no other query has.
const BEHIND: &[u8] = b"\xff\xff\0\0\0\x01\0\0\0\0\0\0\x05nomad\0\0\x06\0\x01";

/// The ways to a gateway that take octets.
pub(crate) struct Sockets<'a> {
    gateway: &'a Gateway,
    https: reqwest::Client,
}

impl<'a> Sockets<'a> {
    pub(crate) fn of(gateway: &'a Gateway) -> Self {
        let https = http_client(&[&gateway.ca_pem]);
        Self { gateway, https }
    }

    /// Sends a message each way; none where nothing came back.
    pub(crate) async fn ask(&self, message: &[u8]) -> [(&'static str, Option<Vec<u8>>); 5] {
        let gateway = self.gateway;
        let tcp = TcpStream::connect(gateway.dns).await.unwrap();
        let tls = connect_tls(gateway.tls, &gateway.ca_pem).await.unwrap();
        let url = format!("https://{}/dns-query", gateway.https);
        let encoded = URL_SAFE_NO_PAD.encode(message);
        let get = self.https.get(format!("{url}?dns={encoded}"));
        let post = self.https.post(url).body(message.to_vec());
        let post = post.header("content-type", "application/dns-message");
        [
            ("UDP", self.ask_udp(message).await),
            ("TCP", ask_stream(tcp, message).await),
            ("TLS", ask_stream(tls, message).await),
            ("GET", ask_http(get).await),
            ("POST", ask_http(post).await),
        ]
    }

    /// A query that is sent behind it tells that nothing is to come any more.
    async fn ask_udp(&self, message: &[u8]) -> Option<Vec<u8>> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(self.gateway.dns).await.unwrap();
        let (mut came, mut octets) = (None, vec![0; 0xffff]);
        for out in [message, BEHIND] {
            socket.send(out).await.unwrap();
        }
        loop {
            let length = timeout(AT_MOST, socket.recv(&mut octets)).await;
            let octets = &octets[..length.expect("an answer in time").unwrap()];
            if octets.starts_with(b"\xff\xff") {
                return came;
            }
            assert_eq!(came.replace(octets.to_vec()), None, "one answer at most");
        }
    }
}

async fn ask_stream(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    message: &[u8],
) -> Option<Vec<u8>> {
    stream.write_all(&framed(message)).await.unwrap();
    stream.flush().await.unwrap();
    let answer = next_message(&mut stream).await.ok();
    if answer.is_none() {
        // Closed, and not one octet came.
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    }
    answer
}

async fn ask_http(request: reqwest::RequestBuilder) -> Option<Vec<u8>> {
    let response = request.send().await.unwrap();
    match response.status().as_u16() {
        200 => Some(response.bytes().await.unwrap().to_vec()),
        400 | 414 => None,
        status => panic!("status {status}"),
    }
}
