//! The rate limit: a token bucket for each client, in a table of fixed size.
//!
//! A bucket is one number: the time when it will be full again (GCRA). A full bucket contains no information about
//! its client, so a client that pauses needs no place, and nothing has to be swept.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use tokio::time::Instant;

use super::{SourceAddress, client_network};

/// The buckets among which a client's is looked for: as many as are in one cache line.
const BUCKETS_IN_SET: usize = 8;
/// The bits of a bucket that tell when it is full: microseconds for almost nine years.
const FULL_BITS: u32 = 48;
/// How often a bucket is tried that others change at the same moment.
const ATTEMPTS: usize = 4;

/// How often one client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many queries a second, over time; at least 1.
    pub queries_per_second: u32,
    /// How many at once, after a pause; at least 1.
    pub burst: u32,
    /// How many clients have a bucket at once.
    pub tracked: usize,
}

/// The buckets of all clients.
///
/// A client's bucket can be in each place of one set, which a keyed hash chooses: nobody can aim at the
/// bucket of another. Its place tells 16 bits more of the hash. When none of the set is its own, it takes
/// that of the client that owes least, mostly one that owes nothing: so more clients than there are places
/// make the limit lax and never strict, and a flood of addresses does not free the one that owes most.
///
/// Nothing waits here: a bucket is one word, changed by compare and exchange.
#[derive(Debug)]
pub(super) struct Limiter {
    sets: Box<[BucketSet]>,
    hasher: RandomState,
    begun: Instant,
    /// Microseconds for a query.
    cost: u64,
    /// Microseconds until an empty bucket is full.
    room: u64,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct BucketSet([AtomicU64; BUCKETS_IN_SET]);

/// A bucket as it was seen.
struct SeenBucket<'set> {
    bucket: &'set AtomicU64,
    value: u64,
    /// When it is full; long ago for a client without one.
    full: u64,
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Self {
        let cost = (1_000_000 / u64::from(rate.queries_per_second.max(1))).max(1);
        Self {
            cost,
            ..Self::of(rate.tracked, cost * u64::from(rate.burst.max(1)))
        }
    }

    /// Makes buckets that are full again within so many microseconds.
    pub(super) fn of(tracked: usize, room: u64) -> Self {
        let sets = tracked.div_ceil(BUCKETS_IN_SET).max(1);
        Self {
            sets: (0..sets.next_power_of_two())
                .map(|_| BucketSet::default())
                .collect(),
            hasher: RandomState::new(),
            begun: Instant::now(),
            cost: 1,
            room,
        }
    }

    /// Takes a query out of the client's bucket; false when there is none in it.
    ///
    /// An address that anybody can have written has a bucket of its own, so that who writes it cannot
    /// take from whom it belongs to.
    pub(super) fn takes(&self, client: IpAddr, address: SourceAddress) -> bool {
        self.takes_for((client_network(client), address), self.cost)
    }

    /// Takes so many microseconds out of the bucket of `key`; false when there are not as many in it.
    pub(super) fn takes_for(&self, key: impl Hash, cost: u64) -> bool {
        let hash = self.hasher.hash_one(key);
        let since = self.begun.elapsed().as_micros();
        let now = u64::try_from(since).unwrap_or(u64::MAX) & FULL_MASK;
        self.takes_at(hash, now, cost)
    }

    fn takes_at(&self, hash: u64, now: u64, cost: u64) -> bool {
        let place = usize::try_from(hash & FULL_MASK).unwrap_or(0) & (self.sets.len() - 1);
        let tag = hash & !FULL_MASK;
        for _ in 0..ATTEMPTS {
            let seen = self.sets[place].find(tag);
            let full = seen.full.max(now) + cost;
            if full - now > self.room {
                return false;
            }
            let new = tag | full & FULL_MASK;
            if seen.replace(new) {
                return true;
            }
        }
        // So many ask at this moment that one more does not matter.
        true
    }
}

const FULL_MASK: u64 = (1 << FULL_BITS) - 1;

impl BucketSet {
    /// Finds the bucket with a tag, or else the one that may go.
    fn find(&self, tag: u64) -> SeenBucket<'_> {
        let mut least = (&self.0[0], u64::MAX, u64::MAX);
        for bucket in &self.0 {
            let value = bucket.load(Ordering::Relaxed);
            let full = value & FULL_MASK;
            if value & !FULL_MASK == tag {
                return SeenBucket {
                    bucket,
                    value,
                    full,
                };
            }
            if full < least.2 {
                least = (bucket, value, full);
            }
        }
        let (bucket, value, _) = least;
        SeenBucket {
            bucket,
            value,
            full: 0,
        }
    }
}

impl SeenBucket<'_> {
    /// Puts another value into the bucket; false when somebody else was faster.
    fn replace(&self, new: u64) -> bool {
        let Self { bucket, value, .. } = self;
        let exchanged = bucket.compare_exchange(*value, new, Ordering::Relaxed, Ordering::Relaxed);
        exchanged.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(queries_per_second: u32, burst: u32, tracked: usize) -> Limiter {
        Limiter::new(Rate {
            queries_per_second,
            burst,
            tracked,
        })
    }

    /// A hash of the only set of a small table.
    fn client(number: u64) -> u64 {
        number << FULL_BITS
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limiter = limiter(10, 5, 8);
        let taken = |now: u64| {
            (0..20)
                .filter(|_| limiter.takes_at(client(1), now, limiter.cost))
                .count()
        };
        assert_eq!(taken(1_000_000), 5);
        assert_eq!(taken(1_000_000), 0);
        assert_eq!(taken(1_100_000), 1);
        assert_eq!(taken(1_350_000), 2);
        assert_eq!(
            taken(60_000_000),
            5,
            "a pause saves up no more than a burst"
        );
    }

    #[test]
    fn a_flood_of_other_clients_lifts_no_clients_limit() {
        let limiter = limiter(1, 10, 8);
        while limiter.takes_at(client(1), 1_000, limiter.cost) {}
        for other in 2..10_000 {
            assert!(limiter.takes_at(client(other), 1_000, limiter.cost));
        }
        assert!(!limiter.takes_at(client(1), 1_000, limiter.cost));
    }

    #[test]
    fn spoofed_queries_use_up_nothing_of_the_proven_clients_limit() {
        let limiter = limiter(1, 3, 1024);
        let victim = "192.0.2.1".parse().unwrap();
        while limiter.takes(victim, SourceAddress::Claimed) {}
        assert!(limiter.takes(victim, SourceAddress::Proven));
    }

    #[test]
    fn a_set_is_one_cache_line() {
        assert_eq!((size_of::<BucketSet>(), align_of::<BucketSet>()), (64, 64));
    }
}
