//! What all listeners share: the data about this server in answers (its name, its cookies, its timeouts), and the
//! rules for clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clients::Clients;
use super::live_keys::LiveKeys;
use super::offered_transfers::OfferedTransfers;
use crate::answers::ZoneSettings;
use crate::dns::wire::{Additions, AnsweredZone, Bounds};
use crate::dns::{Age, CookieSecrets, Query, Recursion, Transport};
use crate::layers::metrics::{CoreDnsZones, QueryCounters};
use crate::layers::proof::{cookie_address, knows_cookie};
use crate::query_log::QueryLog;
use crate::unix_time::now_seconds_wrapping;

/// Asks for the SOA of the root, which any server has an answer to.
const ROOT_QUERY: &[u8] = &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];

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
    pub counters: Arc<QueryCounters>,
    /// Who may ask, and how often.
    pub clients: Arc<Clients>,
    /// What an answer may have at most.
    pub bounds: Bounds,
    /// Set while answers are older than they should be (RFC 8914 §4.4).
    pub stale: Arc<AtomicBool>,
    /// The zones that queries are counted by under CoreDNS's names; none where they are not.
    pub core_dns: Option<Arc<CoreDnsZones>>,
    /// Whether names of other zones are forwarded.
    pub recursion: Recursion,
    /// The zones of the cluster, if there are any, with their serials.
    pub zones: Option<Arc<ZoneSettings>>,
    /// The transfers of the zones, if they are offered.
    pub transfers: Option<OfferedTransfers>,
    /// Where queries are recorded, if they are.
    pub query_log: Option<Arc<QueryLog>>,
    /// The keys that queries may be signed with (TSIG).
    pub keys: LiveKeys,
    /// The message by which the gateway asks itself whether it answers.
    pub own_query: Vec<u8>,
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
            clients: Arc::default(),
            bounds: Bounds::default(),
            stale: Arc::default(),
            core_dns: None,
            recursion: Recursion::default(),
            zones: None,
            transfers: None,
            query_log: None,
            keys: LiveKeys::default(),
            own_query: ROOT_QUERY.into(),
        }
    }
}

impl Server {
    /// What this query is to be told beside its answer.
    pub(super) fn additions(&self, query: &Query) -> Additions<'_> {
        if query.edns.is_none() {
            return Additions {
                recursion: self.recursion,
                ..Additions::default()
            };
        }
        Additions {
            nsid: &self.nsid,
            keepalive_tenths: self.keepalive_tenths(query.transport),
            age: match self.stale.load(Ordering::Relaxed) {
                true => Age::Stale,
                false => Age::Current,
            },
            may_pad: matches!(query.transport, Transport::Dot | Transport::Doh),
            ..self.least_additions(query)
        }
    }

    /// The zone that a query is answered from, for a client that wants to know its version (RFC 9660). To be read before the
    /// answer is made, which then is no older.
    #[inline]
    pub(super) fn answered_zone(&self, query: &Query) -> Option<AnsweredZone> {
        let edns = query.edns.as_ref()?;
        edns.options
            .wants_zone_version
            .then(|| self.zone_of(query))?
    }

    #[cold]
    fn zone_of(&self, query: &Query) -> Option<AnsweredZone> {
        let zones = self.zones.as_ref()?;
        let zone = zones.zone_for(&query.name, query.record_type)?;
        Some(AnsweredZone {
            labels: u8::try_from(zone.apex.labels().iter().count()).ok()?,
            serial: zone.serial.number(),
        })
    }

    /// What a query is to be told that is refused: the cookie, by which its client can prove its address.
    ///
    /// Anybody can have written that address, so all else would only make the answer longer.
    pub(super) fn least_additions(&self, query: &Query) -> Additions<'_> {
        let cookie = query.edns.and_then(|edns| edns.options.cookie);
        let address = cookie_address(query);
        let answer = |cookie| {
            self.cookies
                .answer(&cookie, address, now_seconds_wrapping())
        };
        Additions {
            cookie: cookie.map(answer),
            recursion: self.recursion,
            ..Additions::default()
        }
    }

    /// Whether a query has a cookie that was made here for its client.
    pub(super) fn knows_cookie(&self, query: &Query) -> bool {
        knows_cookie(&self.cookies, query)
    }

    /// RFC 7828 §3.3.2: only where a DNS connection can be idle.
    fn keepalive_tenths(&self, transport: Transport) -> Option<u16> {
        let connected = matches!(transport, Transport::Tcp | Transport::Dot);
        let is_sent = connected && !self.keepalive.is_zero();
        is_sent.then(|| u16::try_from(self.keepalive.as_millis() / 100).unwrap_or(u16::MAX))
    }
}
