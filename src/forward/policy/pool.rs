//! The upstreams of one zone: which come first, and which are to be probed.
//!
//! Floor 2, no I/O. Those that are down come last, and when all are, none is asked but by probes: what cannot be
//! answered is then known at once, and a server that comes back is not met by all that waited for it.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::health::{CaseUse, EdnsUse, UpstreamHealth};

/// The order in which upstreams are asked, by their places in the configuration.
pub(in crate::forward) type UpstreamOrder = SmallVec<[usize; 4]>;

/// Which upstream comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamPolicy {
    /// The one that answers soonest.
    #[default]
    Fastest,
    /// The first in the configuration that is up.
    Sequential,
    /// Another each time.
    Random,
}

/// What is known of the upstreams of one zone.
#[derive(Clone, Debug)]
pub(in crate::forward) struct UpstreamPool {
    upstreams: Vec<UpstreamHealth>,
    policy: UpstreamPolicy,
}

impl UpstreamPool {
    /// Makes one of so many upstreams, all of them up.
    pub(in crate::forward) fn new(count: usize, policy: UpstreamPolicy) -> Self {
        Self {
            upstreams: vec![UpstreamHealth::default(); count],
            policy,
        }
    }

    /// In which order they are asked now; empty when all are down.
    pub(in crate::forward) fn order(&mut self, random: u64) -> UpstreamOrder {
        let is_up = |place: &usize| self.upstreams[*place].is_up();
        let (mut up, down): (UpstreamOrder, UpstreamOrder) =
            (0..self.upstreams.len()).partition(is_up);
        match self.policy {
            UpstreamPolicy::Sequential => {}
            UpstreamPolicy::Random => shuffle(&mut up, random),
            UpstreamPolicy::Fastest => {
                up.sort_by_key(|place| self.upstreams[*place].round_trip());
                for place in up.iter().skip(1) {
                    self.upstreams[*place].passed_over();
                }
            }
        }
        if up.is_empty() {
            return up;
        }
        up.extend(down);
        up
    }

    /// How long another is not asked beside this one.
    pub(in crate::forward) fn hedge_after(&self, place: usize) -> Duration {
        let health = self.upstreams.get(place);
        health.map_or(Duration::ZERO, UpstreamHealth::hedge_after)
    }

    /// One answered after so long.
    pub(in crate::forward) fn answered(&mut self, place: usize, after: Duration) {
        if let Some(health) = self.upstreams.get_mut(place) {
            health.answered(after);
        }
    }

    /// One has not answered for so long; tells whether it is down since now.
    pub(in crate::forward) fn missed(
        &mut self,
        place: usize,
        waited: Duration,
        now: Instant,
    ) -> bool {
        let health = self.upstreams.get_mut(place);
        health.is_some_and(|it| it.missed(waited, now))
    }

    /// One cannot be reached; tells whether it is down since now.
    pub(in crate::forward) fn unreachable(&mut self, place: usize, now: Instant) -> bool {
        let health = self.upstreams.get_mut(place);
        health.is_some_and(|it| it.unreachable(now))
    }

    /// One does not keep the letter case of names.
    pub(in crate::forward) fn loses_case(&mut self, place: usize, now: Instant) {
        if let Some(health) = self.upstreams.get_mut(place) {
            health.loses_case(now);
        }
    }

    /// Whether names are written to one in random letter case.
    pub(in crate::forward) fn case_use(&self, place: usize, now: Instant) -> CaseUse {
        let health = self.upstreams.get(place);
        health.map_or(CaseUse::AsIs, |it| it.case_use(now))
    }

    /// One does not know EDNS.
    pub(in crate::forward) fn lacks_edns(&mut self, place: usize, now: Instant) {
        if let Some(health) = self.upstreams.get_mut(place) {
            health.lacks_edns(now);
        }
    }

    /// Whether queries to one have an OPT.
    pub(in crate::forward) fn edns_use(&self, place: usize, now: Instant) -> EdnsUse {
        let health = self.upstreams.get(place);
        health.map_or(EdnsUse::Sent, |it| it.edns_use(now))
    }

    /// Which are to be probed now: at most one probe each 500 ms for each that is down.
    pub(in crate::forward) fn due_probes(&mut self, now: Instant) -> UpstreamOrder {
        let due = self.upstreams.iter_mut().enumerate();
        let due = due.filter_map(|(place, it)| it.takes_probe(now).then_some(place));
        due.collect()
    }

    /// When the next one is to be probed; none while all are up.
    pub(in crate::forward) fn next_probe(&self) -> Option<Instant> {
        let next = self.upstreams.iter().filter_map(UpstreamHealth::next_probe);
        next.min()
    }

    /// Whether one is up.
    pub(in crate::forward) fn is_up(&self, place: usize) -> bool {
        self.upstreams.get(place).is_some_and(UpstreamHealth::is_up)
    }

    /// The round trip that is expected of one.
    pub(in crate::forward) fn round_trip(&self, place: usize) -> Duration {
        let health = self.upstreams.get(place);
        health.map_or(Duration::ZERO, UpstreamHealth::round_trip)
    }
}

/// Puts places into an order that `random` alone decides (Fisher and Yates).
fn shuffle(places: &mut UpstreamOrder, random: u64) {
    let mut random = random;
    for left in (1..places.len()).rev() {
        let one = left as u64 + 1;
        let chosen = usize::try_from(random % one).unwrap_or(0);
        random /= one;
        places.swap(left, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_fastest_comes_first_and_what_is_down_last() {
        let (mut pool, now) = (
            UpstreamPool::new(3, UpstreamPolicy::Fastest),
            Instant::now(),
        );
        for (place, after) in [(0, 40), (1, 10), (2, 20)] {
            pool.answered(place, ms(after));
        }
        assert_eq!(&pool.order(0)[..], [1, 2, 0]);
        assert!(pool.unreachable(1, now));
        assert_eq!(&pool.order(0)[..], [2, 0, 1]);
        assert_eq!(&pool.due_probes(now)[..], [1]);
        assert!(pool.due_probes(now).is_empty());
        pool.unreachable(0, now);
        pool.unreachable(2, now);
        assert!(pool.order(0).is_empty(), "all are down");
        pool.answered(0, ms(5));
        assert_eq!(&pool.order(0)[..], [0, 1, 2]);
    }

    #[test]
    fn in_sequence_the_first_that_is_up_comes_first() {
        let (mut pool, now) = (
            UpstreamPool::new(3, UpstreamPolicy::Sequential),
            Instant::now(),
        );
        pool.answered(2, ms(1));
        assert_eq!(&pool.order(7)[..], [0, 1, 2]);
        pool.unreachable(0, now);
        assert_eq!(&pool.order(7)[..], [1, 2, 0]);
    }

    #[test]
    fn at_random_each_order_comes() {
        let mut pool = UpstreamPool::new(3, UpstreamPolicy::Random);
        let orders: std::collections::HashSet<Vec<usize>> =
            (0..6).map(|random| pool.order(random).to_vec()).collect();
        assert_eq!(orders.len(), 6);
    }
}
