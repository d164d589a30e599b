//! The upstreams of one zone, asked as the policy says: its hands and its ears.
//!
//! Floor 2. `udp` asks from a socket for each question, `stream` over connections that are kept; `driving` leads one
//! question through `policy`, `probing` asks those that are down.

mod driving;
mod probing;
mod stream;
mod tls;
mod udp;

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) use self::driving::NoUpstreamAnswer;
use self::stream::{ConnectionError, KeptConnection, UpstreamPeer};
pub use self::tls::upstream_tls;
use self::udp::Datagram;
use super::address::{UpstreamAddress, UpstreamKind};
use super::counters::UpstreamCounters;
use super::policy::{Carrier, UpstreamPolicy, UpstreamPool};
use crate::dns::Name;
use crate::dns::wire::{ResponseId, ResponseMatch, is_truncated, match_response};

/// How many characters are logged of why an upstream is down.
const WHY_CHARACTERS: usize = 200;

/// The upstreams of one zone.
#[derive(Debug)]
pub struct ZoneUpstreams {
    /// The zone.
    pub apex: Name,
    upstreams: Vec<Arc<Upstream>>,
    pool: Mutex<UpstreamPool>,
    /// Told when one is down.
    goes_down: Notify,
}

/// One upstream.
#[derive(Debug)]
struct Upstream {
    address: UpstreamAddress,
    usual: Way,
    tcp: Option<KeptConnection>,
    counters: UpstreamCounters,
}

#[derive(Debug)]
enum Way {
    Udp(std::net::SocketAddr),
    Connection(KeptConnection),
}

/// What came from an upstream.
#[derive(Debug)]
enum UpstreamReply {
    /// A response to the question, and whether its question was in the letter case of ours.
    Response(Vec<u8>, ResponseMatch),
    /// Over UDP, one that is cut short.
    Truncated,
    /// Over UDP, one in another letter case.
    OtherCase,
    /// Over UDP, too many that were something else.
    Mismatches,
    /// Nothing was sent: the system has no socket left.
    NoSocket,
    /// Over a connection, one that is cut short all the same: nothing else would bring the rest.
    Incomplete,
    /// Over a connection, something else.
    Wrong,
    /// Nobody is there, in the words of the system.
    Unreachable(String),
}

impl ZoneUpstreams {
    /// Makes those of a zone.
    pub fn new(
        apex: Name,
        addresses: Vec<UpstreamAddress>,
        policy: UpstreamPolicy,
        tls: &Arc<rustls::ClientConfig>,
    ) -> Self {
        let new = |it| Arc::new(Upstream::new(it, tls));
        Self::of(apex, policy, addresses.into_iter().map(new).collect())
    }

    /// The same at other addresses; those that stay keep their connections and counts.
    pub(super) fn with_others(
        &self,
        addresses: Vec<UpstreamAddress>,
        policy: UpstreamPolicy,
        tls: &Arc<rustls::ClientConfig>,
    ) -> Self {
        let upstreams = addresses.into_iter().map(|address| {
            let known = self.upstreams.iter().find(|it| it.address == address);
            let known = known.map(Arc::clone);
            known.unwrap_or_else(|| Arc::new(Upstream::new(address, tls)))
        });
        Self::of(self.apex, policy, upstreams.collect())
    }

    fn of(apex: Name, policy: UpstreamPolicy, upstreams: Vec<Arc<Upstream>>) -> Self {
        Self {
            apex,
            pool: Mutex::new(UpstreamPool::new(upstreams.len(), policy)),
            upstreams,
            goes_down: Notify::new(),
        }
    }

    /// Where they are, in their order.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &UpstreamAddress> {
        self.upstreams.iter().map(|it| &it.address)
    }

    /// Each with whether it is up, its round trip in seconds, and its counters.
    pub fn report(&self) -> Vec<(&UpstreamAddress, bool, f64, &UpstreamCounters)> {
        let pool = self.pool();
        let upstreams = self.upstreams.iter().enumerate();
        upstreams
            .map(|(place, it)| {
                let round_trip = pool.round_trip(place).as_secs_f64();
                (&it.address, pool.is_up(place), round_trip, &it.counters)
            })
            .collect()
    }

    fn pool(&self) -> MutexGuard<'_, UpstreamPool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that one is down since now, and has it probed.
    fn goes_down(&self, place: usize, why: &str) {
        if let Some(upstream) = self.upstreams.get(place) {
            // It may have what the upstream said.
            let why: String = why
                .chars()
                .take(WHY_CHARACTERS)
                .flat_map(char::escape_debug)
                .collect();
            tracing::warn!(upstream = %upstream.address, "an upstream is down: {why}");
        }
        self.goes_down.notify_one();
    }

    /// Notes that one has answered.
    fn answered(&self, place: usize, took: std::time::Duration) {
        let was_down = {
            let mut pool = self.pool();
            let was_down = !pool.is_up(place);
            pool.answered(place, took);
            was_down
        };
        if let Some(upstream) = self.upstreams.get(place) {
            upstream.counters.count_round_trip(took);
            if was_down {
                tracing::info!(upstream = %upstream.address, "an upstream is up again");
            }
        }
    }
}

impl Upstream {
    fn new(address: UpstreamAddress, tls: &Arc<rustls::ClientConfig>) -> Self {
        let kept = |peer| Way::Connection(KeptConnection::new(peer));
        let (usual, tcp) = match address.kind.clone() {
            UpstreamKind::Udp(at) => (
                Way::Udp(at),
                Some(KeptConnection::new(UpstreamPeer::Tcp(at))),
            ),
            UpstreamKind::Tcp(at) => (kept(UpstreamPeer::Tcp(at)), None),
            UpstreamKind::Tls(at, name) => (
                kept(UpstreamPeer::Tls(at, name, tls::speaking(tls, b"dot"))),
                None,
            ),
            UpstreamKind::Quic(at, name) => (
                kept(UpstreamPeer::Quic(at, name, tls::speaking(tls, b"doq"))),
                None,
            ),
            UpstreamKind::Https(endpoint) => (
                kept(UpstreamPeer::Https(endpoint, tls::speaking(tls, b"h2"))),
                None,
            ),
        };
        Self {
            address,
            usual,
            tcp,
            counters: UpstreamCounters::default(),
        }
    }

    /// Whether TCP is its second way only.
    fn is_asked_by_udp(&self) -> bool {
        matches!(self.usual, Way::Udp(_))
    }

    /// Asks, and waits for as long as it takes.
    async fn ask(&self, message: &[u8], carrier: Carrier) -> UpstreamReply {
        match (carrier, &self.usual, &self.tcp) {
            (Carrier::Usual, Way::Udp(at), _) => {
                match udp::ask(*at, message, &self.counters.mismatches).await {
                    Ok(Datagram::Response(octets)) => {
                        UpstreamReply::Response(octets, ResponseMatch::Same)
                    }
                    Ok(Datagram::Truncated) => UpstreamReply::Truncated,
                    Ok(Datagram::OtherCase) => UpstreamReply::OtherCase,
                    Ok(Datagram::NoSocket) => UpstreamReply::NoSocket,
                    Ok(Datagram::Mismatches) => UpstreamReply::Mismatches,
                    Err(error) => UpstreamReply::Unreachable(error.to_string()),
                }
            }
            (Carrier::Usual, Way::Connection(connection), _)
            | (Carrier::Tcp, Way::Connection(connection), None)
            | (Carrier::Tcp, _, Some(connection)) => {
                self.matched(message, connection.ask(message).await)
            }
            (Carrier::Tcp, Way::Udp(_), None) => {
                UpstreamReply::Unreachable(io::Error::from(io::ErrorKind::Unsupported).to_string())
            }
        }
    }

    fn matched(&self, message: &[u8], received: Result<Vec<u8>, ConnectionError>) -> UpstreamReply {
        match received {
            Ok(octets) => match match_response(message, &octets, ResponseId::Known) {
                ResponseMatch::None => {
                    self.counters.mismatches.fetch_add(1, Ordering::Relaxed);
                    UpstreamReply::Wrong
                }
                _ if is_truncated(&octets) => UpstreamReply::Incomplete,
                matched => UpstreamReply::Response(octets, matched),
            },
            Err(error) => UpstreamReply::Unreachable(error.to_string()),
        }
    }
}

/// The time of the policy: tokio's, which tests may have stand still.
fn now() -> Instant {
    Instant::now()
}
