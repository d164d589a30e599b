//! Questions over a connection that is kept: TCP, DNS over TLS, QUIC and HTTPS, by hickory-net.
//!
//! Floor 2. hickory-net frames, encrypts and tells by the id, or the stream of QUIC or HTTP/2, which question a response
//! belongs to; that it is the right one is checked here. A connection that fails, or is silent, is left for a new one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use hickory_net::NetError;
use hickory_net::h2::HttpsClientStream;
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, Message};
use hickory_net::quic::QuicClientStream;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::tcp::TcpClientStream;
use hickory_net::tls::tls_client_connect;
use hickory_net::xfer::{DnsExchange, DnsHandle, DnsMultiplexer};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::address::DohEndpoint;

/// How long one question on a connection is known, and the longest that a connection may take to be made.
const WITHIN: Duration = Duration::from_secs(2);
/// How many questions may be under way on one connection.
const AT_ONCE: usize = 1024;
/// After so many questions without a response, and `WITHIN` of silence, a connection is thought dead.
const UNANSWERED: u32 = 3;

type UpstreamExchange = DnsExchange<TokioRuntimeProvider>;

/// Where a connection goes.
#[derive(Debug)]
pub(super) enum UpstreamPeer {
    Tcp(SocketAddr),
    Tls(SocketAddr, ServerName<'static>, Arc<ClientConfig>),
    Quic(SocketAddr, ServerName<'static>, Arc<ClientConfig>),
    Https(DohEndpoint, Arc<ClientConfig>),
}

/// A connection to one upstream, made when it is needed.
pub(super) struct KeptConnection {
    peer: UpstreamPeer,
    /// What drives the connections; they end with it.
    provider: TokioRuntimeProvider,
    open: Mutex<Option<OpenConnection>>,
    /// The number of the next one.
    numbers: AtomicU64,
}

struct OpenConnection {
    exchange: UpstreamExchange,
    number: u64,
    silence: Silence,
}

/// Whether a connection has said nothing for too long.
#[derive(Clone, Copy, Debug)]
struct Silence {
    /// When it last had nothing to answer, or answered.
    since: Instant,
    unanswered: u32,
}

impl Silence {
    /// That of a connection with a question under way since then.
    const fn of_one(now: Instant) -> Self {
        Self {
            since: now,
            unanswered: 1,
        }
    }

    /// Notes that one more is asked; tells whether the connection is thought dead instead.
    fn asks(&mut self, now: Instant) -> bool {
        if self.unanswered >= UNANSWERED && now.saturating_duration_since(self.since) >= WITHIN {
            return true;
        }
        if self.unanswered == 0 {
            self.since = now;
        }
        self.unanswered += 1;
        false
    }

    fn answered(&mut self, now: Instant) {
        (self.since, self.unanswered) = (now, 0);
    }
}

/// Why a question over a connection has no response.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("{0}")]
    Net(#[from] NetError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the query is malformed")]
    Query,
    #[error("the host has no address")]
    NoAddress,
    #[error("the connection ended")]
    Ended,
}

impl KeptConnection {
    pub(super) fn new(peer: UpstreamPeer) -> Self {
        Self {
            peer,
            provider: TokioRuntimeProvider::new(),
            open: Mutex::default(),
            numbers: AtomicU64::new(0),
        }
    }

    /// Sends a question and waits for what comes back.
    pub(super) async fn ask(&self, message: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        loop {
            let (exchange, number, is_new) = self.exchange().await?;
            let request = Message::from_vec(message).map_err(|_| ConnectionError::Query)?;
            let request = DnsRequest::new(request, DnsRequestOptions::default());
            let error = match exchange.send(request).next().await {
                Some(Ok(response)) => {
                    self.answered(number).await;
                    return Ok(response.into_buffer());
                }
                Some(Err(error)) => error.into(),
                None => ConnectionError::Ended,
            };
            self.forget(number).await;
            // One that was kept may have been closed by the other side meanwhile.
            if is_new {
                return Err(error);
            }
        }
    }

    /// The connection, its number, and whether it is new; all that want one wait for the same.
    async fn exchange(&self) -> Result<(UpstreamExchange, u64, bool), ConnectionError> {
        let mut open = self.open.lock().await;
        if let Some(kept) = &mut *open
            && !kept.silence.asks(Instant::now())
        {
            return Ok((kept.exchange.clone(), kept.number, false));
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let connecting = tokio::time::timeout(WITHIN, self.peer.connect(self.provider.clone()));
        let exchange = connecting.await.map_err(std::io::Error::from)??;
        *open = Some(OpenConnection {
            exchange: exchange.clone(),
            number,
            silence: Silence::of_one(Instant::now()),
        });
        Ok((exchange, number, true))
    }

    async fn answered(&self, number: u64) {
        if let Some(kept) = &mut *self.open.lock().await
            && kept.number == number
        {
            kept.silence.answered(Instant::now());
        }
    }

    async fn forget(&self, number: u64) {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|kept| kept.number == number) {
            *open = None;
        }
    }
}

impl UpstreamPeer {
    async fn connect(
        &self,
        provider: TokioRuntimeProvider,
    ) -> Result<UpstreamExchange, ConnectionError> {
        match self {
            Self::Tcp(address) => {
                let connected =
                    TcpClientStream::exchange(*address, None, WITHIN, Some(AT_ONCE), provider);
                Ok(connected.await?)
            }
            Self::Tls(address, name, config) => {
                let (stream, sender) =
                    tls_client_connect(*address, name.clone(), Arc::clone(config), provider);
                let multiplexer = DnsMultiplexer::new(stream.await?, sender);
                let multiplexer = multiplexer.with_timeout(WITHIN);
                let multiplexer = multiplexer.with_max_active_requests(AT_ONCE);
                let (exchange, driving) = DnsExchange::from_stream(multiplexer);
                tokio::spawn(driving);
                Ok(exchange)
            }
            Self::Quic(address, name, config) => {
                let builder = QuicClientStream::builder().crypto_config((**config).clone());
                let connected = builder
                    .request_timeout(WITHIN)
                    .build(*address, name.to_str().as_ref().into());
                let (exchange, driving) = DnsExchange::from_stream(connected.await?);
                tokio::spawn(driving);
                Ok(exchange)
            }
            Self::Https(endpoint, config) => {
                let (host, path) = (endpoint.host.as_str(), endpoint.path.as_str());
                let mut builder = HttpsClientStream::builder(Arc::clone(config), provider);
                builder.request_timeout(WITHIN);
                let address = resolve(endpoint).await?;
                Ok(builder.exchange(address, host.into(), path.into()).await?)
            }
        }
    }
}

/// The address of a host: as it is configured, else as the resolver of the system has it.
async fn resolve(endpoint: &DohEndpoint) -> Result<SocketAddr, ConnectionError> {
    if !endpoint.addresses.is_empty() {
        let chosen = rand::random_range(0..endpoint.addresses.len());
        return Ok((endpoint.addresses[chosen], endpoint.port).into());
    }
    let mut found = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await?;
    found.next().ok_or(ConnectionError::NoAddress)
}

impl std::fmt::Debug for KeptConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeptConnection").field(&self.peer).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_dead_after_questions_that_it_leaves_unanswered_and_not_for_having_been_idle()
    {
        let begin = Instant::now();
        let mut silence = Silence::of_one(begin);
        silence.answered(begin);
        let burst = begin + Duration::from_secs(60);
        for _ in 0..10 {
            assert!(!silence.asks(burst), "it has had no time to answer");
        }
        assert!(!silence.asks(burst + WITHIN - Duration::from_millis(1)));
        assert!(silence.asks(burst + WITHIN));
        silence.answered(burst + WITHIN);
        assert!(!silence.asks(burst + WITHIN * 9));
    }
}
