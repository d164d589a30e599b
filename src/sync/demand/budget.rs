//! How many reads on demand are begun in a second: what is not used is saved up for one second.
//!
//! Floor 2, no I/O. A part of them is kept back from who asks much, so that others find one, and another part from names
//! of which nothing is known, so that what is known stays new. What is remembered of clients is of one second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::Known;
use crate::fair_queue::client_network;

/// Which part of a second's reads one client may begin before those that are kept back are kept from it.
const CLIENT_SHARE: f64 = 8.0;
/// Which part is kept back from clients that have begun more.
const KEPT_FROM_MANY: f64 = 2.0;
/// Which part is kept back from names that are not known to have a service.
const KEPT_FROM_UNKNOWN: f64 = 4.0;
/// How long it is remembered what a client has begun.
const REMEMBERED: Duration = Duration::from_secs(1);

/// The reads that may be begun.
#[derive(Debug)]
pub(super) struct Budget {
    per_second: f64,
    left: f64,
    counted: Instant,
    /// What each client has begun since then: no more clients than reads.
    begun: HashMap<Option<IpAddr>, f64, ahash::RandomState>,
    begun_since: Instant,
}

impl Budget {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            left: per_second,
            counted: now,
            begun: HashMap::default(),
            begun_since: now,
        }
    }

    /// Takes one for a client, if there is one for it.
    pub(super) fn take(&mut self, client: Option<IpAddr>, known: Known, now: Instant) -> bool {
        let passed = now.duration_since(self.counted).as_secs_f64();
        self.counted = now;
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        if now.duration_since(self.begun_since) >= REMEMBERED {
            self.begun.clear();
            self.begun_since = now;
        }
        let client = client.map(client_network);
        let begun = self.begun.get(&client).copied().unwrap_or(0.0);
        let kept_back = match known {
            Known::Here => 0.0,
            _ if begun >= (self.per_second / CLIENT_SHARE).max(1.0) => {
                (self.per_second / KEPT_FROM_MANY).floor()
            }
            Known::Nothing | Known::Absent => (self.per_second / KEPT_FROM_UNKNOWN).floor(),
        };
        // A single read is for whoever comes first.
        if self.left < (1.0 + kept_back).min(self.per_second) {
            return false;
        }
        self.left -= 1.0;
        self.begun.insert(client, begun + 1.0);
        true
    }
}
