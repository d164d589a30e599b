//! The way to a secondary: one message over UDP from a socket of its own, and the response to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::NotifiedSecondary;
use super::counters::NotifyFailure;
use crate::dns::wire::{ResponseId, ResponseMatch, match_response};

/// The largest response that is read; one to a SOA query has a few hundred octets.
const RESPONSE_OCTETS: usize = 4096;

/// What carries messages to a secondary and its responses back.
pub(super) trait SecondaryLink: Send + Sync + 'static {
    /// Sends a message and waits for its response, at most until `end`.
    fn exchange(
        &self,
        message: Vec<u8>,
        end: Instant,
    ) -> impl Future<Output = Result<Vec<u8>, NotifyFailure>> + Send;
}

/// The way over UDP.
#[derive(Clone, Debug)]
pub(super) struct UdpLink(pub(super) NotifiedSecondary);

impl SecondaryLink for UdpLink {
    async fn exchange(&self, message: Vec<u8>, end: Instant) -> Result<Vec<u8>, NotifyFailure> {
        let socket = self.socket().await.map_err(|_| NotifyFailure::Socket)?;
        let exchange = async {
            // Only the secondary can send to it; the system picks its port at random.
            socket.connect(self.0.address).await?;
            socket.send(&message).await?;
            response(&socket, &message).await
        };
        match timeout_at(end, exchange).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(NotifyFailure::Unreachable),
            Err(_) => Err(NotifyFailure::Timeout),
        }
    }
}

impl UdpLink {
    async fn socket(&self) -> io::Result<UdpSocket> {
        let any: IpAddr = match self.0.address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        UdpSocket::bind((self.0.source.unwrap_or(any), 0)).await
    }
}

/// Reads until the response is there; what somebody else wrote ends no wait.
async fn response(socket: &UdpSocket, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; RESPONSE_OCTETS];
    loop {
        let length = socket.recv(&mut octets).await?;
        let received = &octets[..length];
        if match_response(message, received, ResponseId::Checked) == ResponseMatch::Same {
            return Ok(received.to_vec());
        }
    }
}
