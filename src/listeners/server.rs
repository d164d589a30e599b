//! What this server says of itself in every answer that asks for it: its name, its cookies, its patience.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use crate::dns::wire::Additions;
use crate::dns::{Age, CookieSecrets, Mark, Query, Transport};
use crate::layers::metrics::Counters;

/// Stands for the address of a client that has none.
const NO_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What is the same in the answers of all listeners.
#[derive(Clone, Debug)]
pub struct Server {
    /// Which server this is (RFC 5001); empty when that is not told.
    pub nsid: Vec<u8>,
    /// How long an idle connection is kept (RFC 7828).
    pub keepalive: Duration,
    /// What cookies are made with (RFC 9018).
    pub cookies: CookieSecrets,
    /// Counts the answers that the stack has no part in.
    pub counters: Arc<Counters>,
    /// Set while answers are older than they should be (RFC 8914 §4.4).
    pub stale: Mark,
}

impl Default for Server {
    /// Has no name, tells of no patience, and makes cookies that no other server knows.
    fn default() -> Self {
        let cookies = CookieSecrets::new(rand::random(), []);
        Self {
            nsid: Vec::new(),
            keepalive: Duration::ZERO,
            cookies,
            counters: Arc::default(),
            stale: Mark::default(),
        }
    }
}

impl Server {
    /// What this query is to be told beside its answer.
    pub(super) fn additions(&self, query: &Query) -> Additions<'_> {
        let Some(edns) = &query.edns else {
            return Additions::default();
        };
        Additions {
            nsid: &self.nsid,
            keepalive_tenths: self.keepalive_tenths(query.transport),
            cookie: edns.options.cookie.map(|cookie| {
                // A client without an address, as behind a proxy, has all addresses alike.
                let client = query.client.unwrap_or(NO_ADDRESS);
                self.cookies.answer(&cookie, client, now_seconds())
            }),
            age: match self.stale.load(Ordering::Relaxed) {
                true => Age::Stale,
                false => Age::Current,
            },
            may_pad: matches!(query.transport, Transport::Tls | Transport::Https),
        }
    }

    /// RFC 7828 §3.3.2: only where a DNS connection can be idle.
    fn keepalive_tenths(&self, transport: Transport) -> Option<u16> {
        let connected = matches!(transport, Transport::Tcp | Transport::Tls);
        let told = connected && !self.keepalive.is_zero();
        told.then(|| u16::try_from(self.keepalive.as_millis() / 100).unwrap_or(u16::MAX))
    }
}

/// The time as cookies have it: seconds since 1970, the lower 32 bits (RFC 9018 §4.3).
fn now_seconds() -> u32 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "RFC 9018 counts modulo 2^32"
    )]
    let seconds = since.as_secs() as u32;
    seconds
}
