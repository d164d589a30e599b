//! Counts queries by server and zone, as CoreDNS does, for its dashboards; only where `metrics.names` has `coredns`.
//!
//! Floor 3. The listeners call it, since they know the sizes of messages. Zones come from the configuration alone, and their
//! number is bounded. Workers have counters of their own, and counting takes no lock.

mod exposition;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

pub use self::exposition::CoreDnsServers;
use super::counters::{RCODES, TYPES};
use crate::dns::{Name, Query, Rcode, RecordType, Transport};
use crate::exposition::Histogram;

/// How many zones are counted one by one; those after them are counted together.
pub(super) const ZONES_MAX: usize = 64;
/// Workers and connections share so many sets of counters.
const SHARDS: usize = 16;
/// The place of names in no zone.
const NO_ZONE: usize = 0;
/// The place of zones that there is no place for.
const OTHER_ZONES: usize = ZONES_MAX + 1;
const PLACES: usize = ZONES_MAX + 2;
/// CoreDNS's buckets: from 0.25 ms, each twice as long as the one before, in nanoseconds.
const DURATION_BUCKETS: [u64; 16] = {
    let mut ends = [250_000; 16];
    let mut place = 1;
    while place < ends.len() {
        ends[place] = ends[place - 1] * 2;
        place += 1;
    }
    ends
};
/// CoreDNS's buckets of sizes, in octets.
const SIZE_BUCKETS: [u64; 14] = [
    0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000,
];

/// A server and a protocol, as CoreDNS tells transports apart.
#[derive(Clone, Copy, Debug)]
enum Lane {
    Udp,
    Tcp,
    Tls,
    Https,
}

/// How many lanes there are.
const LANES: usize = 4;

impl From<Transport> for Lane {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Udp,
            Transport::Tcp => Self::Tcp,
            Transport::Dot => Self::Tls,
            Transport::Doh | Transport::Json => Self::Https,
        }
    }
}

/// Who answers for a zone, by the name of CoreDNS's plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZonePlugin {
    /// The catalogue.
    Nomad,
    /// Upstreams.
    Forward,
}

impl ZonePlugin {
    /// The plugin's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nomad => "nomad",
            Self::Forward => "forward",
        }
    }
}

/// The counters of all zones.
#[derive(Debug)]
pub struct CoreDnsCounters {
    shards: Box<[Shard]>,
    /// The zones that there were since the start; their place is one more than that in the list.
    zones: Mutex<Vec<(Name, ZonePlugin)>>,
    /// Which set the next worker or connection uses.
    next: AtomicUsize,
}

/// Apart from those of others, so that workers do not write to the same cache line. Made with the zone.
#[derive(Debug)]
#[repr(align(128))]
struct Shard([OnceLock<Box<ZoneCounters>>; PLACES]);

#[derive(Debug)]
struct ZoneCounters {
    /// By IPv4 and IPv6.
    requests: [[[AtomicU64; 2]; TYPES.len() + 1]; LANES],
    responses: [[AtomicU64; RCODES.len() + 1]; LANES],
    durations: [Histogram; LANES],
    request_octets: [Histogram; LANES],
    response_octets: [Histogram; LANES],
}

/// The zones that are served now, with the counters of all that were.
#[derive(Debug)]
pub struct CoreDnsZones {
    counters: Arc<CoreDnsCounters>,
    /// With their places, the longest first.
    zones: Box<[(Name, usize)]>,
}

/// A set of counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShardNumber(usize);

/// What was asked, and what the answer was.
#[derive(Clone, Copy, Debug)]
pub struct AnsweredQuery<'query> {
    /// The name; none where the message had no question.
    pub name: Option<&'query Name>,
    /// The type.
    pub record_type: RecordType,
    /// How it came.
    pub transport: Transport,
    /// Who asked.
    pub client: Option<IpAddr>,
    /// The code of the answer.
    pub rcode: Rcode,
    /// The octets of query and answer; none for JSON.
    pub octets: Option<(usize, usize)>,
    /// From the message to the answer.
    pub took: Duration,
}

impl<'query> AnsweredQuery<'query> {
    /// Of a query with a question.
    pub fn of(query: &'query Query, rcode: Rcode, took: Duration) -> Self {
        Self {
            name: Some(&query.name),
            record_type: query.record_type,
            transport: query.transport,
            client: query.client,
            rcode,
            octets: None,
            took,
        }
    }
}

impl Default for CoreDnsCounters {
    fn default() -> Self {
        let shard = || Shard(std::array::from_fn(|_| OnceLock::new()));
        let counters = Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            zones: Mutex::default(),
            next: AtomicUsize::new(0),
        };
        counters.make(NO_ZONE);
        counters
    }
}

impl CoreDnsCounters {
    /// Counts by these zones from now on, as far as there is a place for them.
    pub fn zones(
        self: &Arc<Self>,
        zones: impl IntoIterator<Item = (Name, ZonePlugin)>,
    ) -> CoreDnsZones {
        let mut known = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = |(apex, plugin): (Name, ZonePlugin)| {
            let found = known.iter().position(|(name, _)| *name == apex);
            let place = match found {
                Some(found) => {
                    known[found].1 = plugin;
                    found + 1
                }
                None if known.len() < ZONES_MAX => {
                    known.push((apex, plugin));
                    known.len()
                }
                None => OTHER_ZONES,
            };
            self.make(place);
            (apex, place)
        };
        let mut zones: Vec<_> = zones.into_iter().map(&mut place).collect();
        zones.sort_by_key(|(apex, _)| std::cmp::Reverse(apex.as_wire().len()));
        CoreDnsZones {
            counters: Arc::clone(self),
            zones: zones.into(),
        }
    }

    fn make(&self, place: usize) {
        for shard in &self.shards {
            shard.0[place].get_or_init(Box::default);
        }
    }
}

impl CoreDnsZones {
    /// The set for one more worker or connection.
    pub fn next_shard(&self) -> ShardNumber {
        ShardNumber(self.counters.next.fetch_add(1, Ordering::Relaxed) % SHARDS)
    }

    /// Counts an answer.
    pub fn count(&self, ShardNumber(shard): ShardNumber, answered: &AnsweredQuery<'_>) {
        let zone = answered.name.and_then(|name| {
            let mut zones = self.zones.iter();
            zones.find(|(apex, _)| name.is_within(apex))
        });
        let place = zone.map_or(NO_ZONE, |(_, place)| *place);
        if let Some(counters) = self.counters.shards[shard].0[place].get() {
            counters.count(answered);
        }
    }
}

impl ZoneCounters {
    fn count(&self, answered: &AnsweredQuery<'_>) {
        let lane = Lane::from(answered.transport) as usize;
        let wanted = answered.record_type;
        let record_type = TYPES.iter().position(|(known, _)| *known == wanted);
        let record_type = record_type.unwrap_or(TYPES.len());
        let family = usize::from(matches!(answered.client, Some(IpAddr::V6(_))));
        self.requests[lane][record_type][family].fetch_add(1, Ordering::Relaxed);
        let rcode = RCODES
            .iter()
            .position(|(known, _)| *known == answered.rcode);
        self.responses[lane][rcode.unwrap_or(RCODES.len())].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(answered.took.as_nanos()).unwrap_or(u64::MAX);
        self.durations[lane].observe(nanoseconds);
        if let Some((asked, answer)) = answered.octets {
            self.request_octets[lane].observe(u64::try_from(asked).unwrap_or(u64::MAX));
            self.response_octets[lane].observe(u64::try_from(answer).unwrap_or(u64::MAX));
        }
    }
}

impl Default for ZoneCounters {
    fn default() -> Self {
        let sizes = || std::array::from_fn(|_| Histogram::new(&SIZE_BUCKETS));
        Self {
            requests: Default::default(),
            responses: Default::default(),
            durations: std::array::from_fn(|_| Histogram::new(&DURATION_BUCKETS)),
            request_octets: sizes(),
            response_octets: sizes(),
        }
    }
}
