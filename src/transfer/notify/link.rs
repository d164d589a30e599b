//! The way to a secondary: one message over UDP from a socket of its own, and the response to it, both signed if there is a key.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::counters::NotifyFailure;
use super::{KeySource, NotifiedSecondary};
use crate::dns::tsig::{ClientTransaction, TsigError};
use crate::dns::wire::{ResponseId, ResponseMatch, match_response};
use crate::unix_time::now_seconds;

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
#[derive(Clone)]
pub(super) struct UdpLink {
    pub(super) secondary: NotifiedSecondary,
    pub(super) keys: KeySource,
}

/// A message that is on its way.
struct SentMessage {
    message: Vec<u8>,
    transaction: Option<ClientTransaction>,
    /// Why a response was not taken that came to the message.
    refused: Option<TsigError>,
}

impl SecondaryLink for UdpLink {
    async fn exchange(&self, message: Vec<u8>, end: Instant) -> Result<Vec<u8>, NotifyFailure> {
        let mut exchange = self.sign(message)?;
        let socket = self.socket().await.map_err(|_| NotifyFailure::Socket)?;
        let response = async {
            // Only the secondary can send to it; the system picks its port at random.
            socket.connect(self.secondary.address).await?;
            socket.send(&exchange.message).await?;
            exchange.response(&socket).await
        };
        match timeout_at(end, response).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(NotifyFailure::Unreachable),
            Err(_) => Err(exchange
                .refused
                .map_or(NotifyFailure::Timeout, NotifyFailure::Tsig)),
        }
    }
}

impl UdpLink {
    fn sign(&self, mut message: Vec<u8>) -> Result<SentMessage, NotifyFailure> {
        let transaction = match &self.secondary.key {
            None => None,
            Some(name) => {
                let key = (self.keys)(name).ok_or(NotifyFailure::NoKey)?;
                Some(ClientTransaction::sign(key, &mut message, now_seconds()))
            }
        };
        Ok(SentMessage {
            message,
            transaction,
            refused: None,
        })
    }

    async fn socket(&self) -> io::Result<UdpSocket> {
        let any: IpAddr = match self.secondary.address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        UdpSocket::bind((self.secondary.source.unwrap_or(any), 0)).await
    }
}

impl SentMessage {
    /// Reads until the response is there; what somebody else wrote ends no wait (RFC 8945 §5.3).
    async fn response(&mut self, socket: &UdpSocket) -> io::Result<Vec<u8>> {
        let mut octets = vec![0; RESPONSE_OCTETS];
        loop {
            let length = socket.recv(&mut octets).await?;
            let mut received = octets[..length].to_vec();
            let matched = match_response(&self.message, &received, ResponseId::Checked);
            if matched != ResponseMatch::Same {
                continue;
            }
            let verified = match &mut self.transaction {
                None => Ok(()),
                Some(transaction) => transaction.verify(&mut received, now_seconds()),
            };
            match verified {
                Ok(()) => return Ok(received),
                Err(error) => self.refused = Some(error),
            }
        }
    }
}

impl fmt::Debug for UdpLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UdpLink").field(&self.secondary).finish()
    }
}
