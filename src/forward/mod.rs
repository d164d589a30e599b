//! Forwarding: names outside the cluster's zones are asked of other servers, and what they say is kept.
//!
//! Floor 2. A question is looked for in `cache`; if it is not there it is under way once (`flights`), led through the
//! upstreams of the longest zone that holds it (`policy`, `upstream`). It knows no client but by its address, and
//! nothing of the cluster. `docs/forwarding.md` has the design.

mod address;
mod cache;
mod counters;
mod flights;
mod loops;
mod outcome;
mod policy;
mod question;
mod settings;
mod upstream;
mod wait;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::time::Instant;

pub use self::address::{UpstreamAddress, UpstreamAddressError};
pub use self::cache::{CachedNames, ForwardCacheSettings};
use self::cache::{ForwardCache, Found};
use self::counters::count;
pub use self::counters::{
    ForwardCounters, ROUND_TRIP_BUCKETS_MICROSECONDS, UpstreamCounters, UpstreamResult,
};
pub use self::flights::FlightLimits;
use self::flights::{Flight, FlightResult, Flights};
pub use self::outcome::{ForwardError, ForwardedAnswer};
pub use self::policy::UpstreamPolicy;
use self::question::ForwardQuestion;
pub use self::settings::{
    ForwardSettings, ForwardZone, MOST_UPSTREAMS, PrivateAddresses, UpstreamEntry,
};
use self::upstream::NoUpstreamAnswer;
pub use self::upstream::{ZoneUpstreams, upstream_tls};
pub use self::wait::ForwardWait;
use self::zone::WatchedZone;
use crate::catalog::Epoch;
use crate::dns::{Answer, Class, Name, Query};
use crate::fair_queue::ClientAddress;

/// How long an upstream may take before an older answer is given (RFC 8767 §5, the client response timer).
const STALE_AFTER: Duration = Duration::from_millis(1800);
/// How long what each worker keeps for itself may be given out without a look at its time.
const EPOCH: Duration = Duration::from_secs(1);

/// What came of a query.
#[derive(Debug)]
pub enum Forwarded {
    /// It is known already.
    Ready(Result<ForwardedAnswer, ForwardError>),
    /// It has to be waited for.
    Waiting(ForwardWait),
}

/// Forwards queries.
#[derive(Debug)]
pub struct Forwarder {
    /// The longest apex first.
    zones: Vec<Arc<WatchedZone>>,
    cache: Arc<ForwardCache>,
    flights: Arc<Flights>,
    epoch: Arc<Epoch>,
    counters: Arc<ForwardCounters>,
    runtime: Handle,
    tls: Arc<rustls::ClientConfig>,
}

impl Forwarder {
    /// Makes one, whose work is done by `runtime`; `run` keeps it going.
    pub fn new(settings: &ForwardSettings, runtime: Handle) -> Self {
        Self {
            zones: WatchedZone::all_of(settings, &[]),
            cache: Arc::new(ForwardCache::new(settings.cache)),
            flights: Arc::new(Flights::new(settings.limits)),
            epoch: Arc::default(),
            counters: Arc::default(),
            runtime,
            tls: Arc::clone(&settings.tls),
        }
    }

    /// Makes one for other zones that shares with this one what is kept, counted and under way, and the zones that are the
    /// same, unless the TLS to upstreams is another.
    #[must_use]
    pub fn with_zones(&self, settings: &ForwardSettings, is_same_tls: bool) -> Self {
        let known = if is_same_tls { &*self.zones } else { &[] };
        Self {
            zones: WatchedZone::all_of(settings, known),
            cache: Arc::clone(&self.cache),
            flights: Arc::clone(&self.flights),
            epoch: Arc::clone(&self.epoch),
            counters: Arc::clone(&self.counters),
            runtime: self.runtime.clone(),
            tls: Arc::clone(&settings.tls),
        }
    }

    /// Has zones that are asked of the servers of the system ask these from now on.
    pub fn use_system(&self, servers: &[UpstreamAddress]) {
        for zone in &self.zones {
            zone.use_system(servers, &self.tls);
        }
    }

    /// Probes upstreams that are down, looks for loops, and ends the time of what workers keep, until `ending`.
    pub async fn run(self: Arc<Self>, ending: impl Future<Output = ()>) {
        let watching = join_all(self.zones.iter().map(|zone| zone.watch()));
        let ticking = async {
            loop {
                tokio::time::sleep(EPOCH).await;
                self.epoch.end();
            }
        };
        tokio::select! {
            () = ending => {}
            _ = watching => {}
            () = ticking => {}
        }
    }

    /// Whether it is asked: the name is in one of its zones, and it is a question of class IN for records.
    pub fn holds(&self, query: &Query) -> bool {
        let is_meta = matches!(query.record_type.0, 0 | 41 | 128..=254);
        query.class == Class::IN && !is_meta && self.zone_of(&query.name).is_some()
    }

    /// Has an answer, or has it found out; `holds` says whether it may be asked.
    pub fn ask(self: &Arc<Self>, query: &Query, client: ClientAddress) -> Forwarded {
        let Some(zone) = self.zone_of(&query.name) else {
            return Forwarded::Ready(Err(ForwardError::Unreachable));
        };
        if zone.loops.meets(&query.name) || zone.loops.is_looped() {
            count(&self.counters.looped);
            return Forwarded::Ready(Err(ForwardError::Loop));
        }
        let question = ForwardQuestion::of(query);
        match self.cache.find(&question, now()) {
            Found::Fresh {
                answer,
                is_wanted_again,
            } => {
                count(&self.counters.hits);
                if answer.answer_count() == 0 {
                    count(&self.counters.denial_hits);
                }
                if is_wanted_again && let Some(flight) = self.flights.begin(&question) {
                    count(&self.counters.prefetched);
                    self.depart(zone, flight, None);
                }
                Forwarded::Ready(Ok(self.kept(answer)))
            }
            Found::Failure(reason) => {
                count(&self.counters.failures);
                Forwarded::Ready(Err(reason.into()))
            }
            Found::Stale {
                answer,
                may_ask: false,
            } => {
                count(&self.counters.stale);
                Forwarded::Ready(Ok(ForwardedAnswer::once(answer)))
            }
            Found::Stale { answer, .. } => self.have_asked(zone, question, client, Some(answer)),
            Found::Nothing => self.have_asked(zone, question, client, None),
        }
    }

    /// What was counted.
    pub fn counters(&self) -> &ForwardCounters {
        &self.counters
    }

    /// The upstreams of each zone.
    pub fn zones(&self) -> impl Iterator<Item = Arc<ZoneUpstreams>> {
        self.zones.iter().map(|zone| zone.upstreams())
    }

    /// How many octets are kept, and of how many questions.
    pub fn cache_size(&self) -> (u64, usize) {
        self.cache.size()
    }

    /// What is kept of names, as text.
    pub fn list(&self, names: &CachedNames) -> String {
        self.cache.list(names, now())
    }

    /// Forgets what is kept of names, here and by all workers; says of how many questions.
    pub fn flush(&self, names: &CachedNames) -> usize {
        let flushed = self.cache.flush(names);
        self.epoch.end();
        flushed
    }

    /// How many questions are under way, and how many queries wait for them.
    pub fn under_way(&self) -> (usize, usize) {
        self.flights.size()
    }

    fn zone_of(&self, name: &Name) -> Option<&Arc<WatchedZone>> {
        let mut zones = self.zones.iter();
        zones.find(|zone| name.is_within(zone.apex()))
    }

    fn have_asked(
        self: &Arc<Self>,
        zone: &Arc<WatchedZone>,
        question: ForwardQuestion,
        client: ClientAddress,
        stale: Option<Answer>,
    ) -> Forwarded {
        count(&self.counters.misses);
        match self.flights.join(&question, client) {
            Ok((waiting, flight)) => {
                match flight {
                    Some(flight) => self.depart(zone, flight, stale),
                    None => count(&self.counters.coalesced),
                }
                Forwarded::Waiting(waiting.into())
            }
            Err(error) => {
                count(&self.counters.refused);
                // An older answer costs nothing.
                let stale = stale.map(ForwardedAnswer::once).ok_or(error);
                Forwarded::Ready(stale)
            }
        }
    }

    /// Has a question asked beside everything; while an older answer waits, that is given in time.
    fn depart(self: &Arc<Self>, zone: &Arc<WatchedZone>, flight: Flight, stale: Option<Answer>) {
        let (forwarder, zone) = (Arc::clone(self), Arc::clone(zone));
        self.runtime.spawn(async move {
            let upstreams = zone.upstreams();
            let resolving = async { zone.admit(upstreams.resolve(&flight.question).await?) };
            let result = match stale {
                None => resolving.await,
                Some(stale) => {
                    let mut resolving = Box::pin(resolving);
                    let in_time = tokio::time::timeout(STALE_AFTER, &mut resolving).await;
                    match in_time {
                        Ok(result) => result,
                        Err(_) => {
                            count(&forwarder.counters.stale);
                            flight.give(&Ok(stale));
                            resolving.await
                        }
                    }
                }
            };
            let result = forwarder.keep(&flight.question, result);
            flight.end(&result);
        });
    }

    fn keep(
        &self,
        question: &ForwardQuestion,
        result: Result<crate::dns::ReceivedAnswer, NoUpstreamAnswer>,
    ) -> FlightResult {
        match result {
            Ok(received) => Ok(self.cache.keep(question, received, now())),
            Err(reason) => match self.cache.keep_failure(question, reason, now()) {
                Some(older) => {
                    count(&self.counters.stale);
                    Ok(older)
                }
                None => Err(reason.into()),
            },
        }
    }

    fn kept(&self, answer: Answer) -> ForwardedAnswer {
        ForwardedAnswer {
            answer,
            sources: self.epoch.sources(),
        }
    }
}

/// The time of the cache: tokio's, which tests may have stand still.
fn now() -> Instant {
    Instant::now()
}
