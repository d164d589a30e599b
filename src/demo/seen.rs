//! Statistics for tests: requests by route, the last requests, and octets sent, to measure a client's load.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::demo::shared::locked;

/// How many requests are remembered word for word.
const REMEMBERED_REQUESTS: usize = 1000;

/// Requests to one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// All so far.
    pub requests: u64,
    /// Those without an answer yet.
    pub in_flight: usize,
    /// The most that were in flight at the same time.
    pub peak: usize,
}

/// The requests so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenRequests(Arc<Mutex<RequestLog>>, Arc<AtomicU64>);

#[derive(Debug, Default)]
struct RequestLog {
    routes: BTreeMap<&'static str, Load>,
    recent: VecDeque<String>,
}

impl SeenRequests {
    /// Counts a request until the guard is dropped.
    pub(crate) fn enter(&self, route: &'static str, target: &str) -> InFlight {
        let mut inner = locked(&self.0);
        let load = inner.routes.entry(route).or_default();
        load.requests += 1;
        load.in_flight += 1;
        load.peak = load.peak.max(load.in_flight);
        if inner.recent.len() == REMEMBERED_REQUESTS {
            inner.recent.pop_front();
        }
        inner.recent.push_back(target.to_owned());
        InFlight {
            seen: self.clone(),
            route,
        }
    }

    pub(crate) fn load(&self, route: &str) -> Load {
        locked(&self.0)
            .routes
            .get(route)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn loads(&self) -> Vec<(&'static str, Load)> {
        let inner = locked(&self.0);
        let loads = inner.routes.iter();
        loads.map(|(route, load)| (*route, *load)).collect()
    }

    /// Counts what was sent to clients.
    pub(crate) fn sent(&self, octets: usize) {
        self.1.fetch_add(octets as u64, Ordering::Relaxed);
    }

    /// Gives the octets that were sent to clients.
    pub(crate) fn sent_octets(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    pub(crate) fn recent(&self) -> Vec<String> {
        locked(&self.0).recent.iter().cloned().collect()
    }

    pub(crate) fn forget(&self) {
        self.1.store(0, Ordering::Relaxed);
        let mut inner = locked(&self.0);
        inner.recent.clear();
        for load in inner.routes.values_mut() {
            *load = Load {
                requests: 0,
                in_flight: load.in_flight,
                peak: load.in_flight,
            };
        }
    }
}

/// A request without an answer yet.
#[derive(Debug)]
pub(crate) struct InFlight {
    seen: SeenRequests,
    route: &'static str,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(load) = locked(&self.seen.0).routes.get_mut(self.route) {
            load.in_flight = load.in_flight.saturating_sub(1);
        }
    }
}
