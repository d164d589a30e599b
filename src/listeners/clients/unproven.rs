//! Limits what is sent over UDP to addresses that may be spoofed (response rate limiting).
//!
//! Floor 4. An attacker who spoofs a victim's address could flood it with answers that are longer than the queries.
//! So each network gets a limited number of answers of each kind, and of octets. Above that an answer has TC and no
//! records, and a real client retries over TCP. A valid cookie proves an address and lifts the limits.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::Networks;
use super::limiter::Limiter;
use crate::fair_queue::site_network;

/// The time whose answers may go at once, after a pause.
const BURST_MICROSECONDS: u64 = 1_000_000;

/// The bounds of answers to addresses that are not proven.
#[derive(Clone, Debug)]
pub struct UnprovenSettings {
    /// Answers of one kind a second to one network; none for any number.
    pub answers_per_second: Option<u32>,
    /// Octets of answers a second to one network; none for any number.
    pub octets_per_second: Option<u32>,
    /// An answer that is at most so many times as long as its query is not counted.
    pub free_factor: usize,
    /// Every so manieth answer beyond the bounds has TC; the others are not sent. At least 1.
    pub slip: u32,
    /// Networks that are answered without bounds.
    pub exempt: Networks,
    /// How many networks have a bucket at once.
    pub tracked: usize,
}

/// What an answer says, as far as it is counted apart: who floods by one kind leaves the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::listeners) enum AnswerKind {
    /// It has records.
    Records,
    /// There is no record of the type, or no such name.
    Denial,
    /// It is an error.
    Error,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::listeners) enum Sent {
    /// It is sent.
    Whole,
    /// TC is sent.
    Truncated,
    /// Nothing is sent.
    Nothing,
}

/// Bounds what is sent to addresses that are not proven.
#[derive(Debug)]
pub(super) struct Unproven {
    settings: UnprovenSettings,
    limiter: Limiter,
    /// How many answers were beyond the bounds.
    beyond: AtomicU32,
}

/// How many answers were beyond the bounds.
#[derive(Debug, Default)]
pub struct UnprovenCounters {
    /// Those that had TC instead.
    truncated: AtomicU64,
    /// Those that were not sent.
    dropped: AtomicU64,
}

/// What a bucket is for.
#[derive(Hash)]
enum BucketUse {
    Answers(AnswerKind),
    Octets,
}

impl Unproven {
    /// Makes the bounds; none where nothing is bounded.
    pub(super) fn new(settings: &UnprovenSettings) -> Option<Self> {
        let is_bounded =
            settings.answers_per_second.is_some() || settings.octets_per_second.is_some();
        is_bounded.then(|| Self {
            limiter: Limiter::of(settings.tracked, BURST_MICROSECONDS),
            beyond: AtomicU32::new(0),
            settings: settings.clone(),
        })
    }

    /// An answer of at most so many times the octets of its query is free.
    pub(super) fn free_factor(&self) -> usize {
        self.settings.free_factor
    }

    #[inline]
    pub(super) fn is_exempt(&self, client: IpAddr) -> bool {
        self.settings.exempt.contain(client)
    }

    /// Takes an answer of so many octets out of the buckets of a client's network.
    pub(super) fn send(&self, client: IpAddr, kind: AnswerKind, octets: usize) -> Sent {
        // A flood is aimed at the line that leads there.
        let network = site_network(client);
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let takes = |counted, many: u64, per_second: Option<u32>| {
            per_second.is_none_or(|per_second| {
                let cost = many * 1_000_000 / u64::from(per_second.max(1));
                self.limiter.takes_for((network, counted), cost.max(1))
            })
        };
        let (answers, most) = (
            self.settings.answers_per_second,
            self.settings.octets_per_second,
        );
        if takes(BucketUse::Answers(kind), 1, answers) && takes(BucketUse::Octets, octets, most) {
            Sent::Whole
        } else if self
            .beyond
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(self.settings.slip)
        {
            Sent::Truncated
        } else {
            Sent::Nothing
        }
    }
}

impl UnprovenCounters {
    pub(super) fn count(&self, sent: Sent) {
        let counter = match sent {
            Sent::Whole => return,
            Sent::Truncated => &self.truncated,
            Sent::Nothing => &self.dropped,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Goes through them: what was sent instead, and how often.
    pub fn counts(&self) -> [(&'static str, u64); 2] {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("truncated", load(&self.truncated)),
            ("dropped", load(&self.dropped)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unproven(answers: Option<u32>, octets: Option<u32>, slip: u32) -> Unproven {
        let settings = UnprovenSettings {
            answers_per_second: answers,
            octets_per_second: octets,
            free_factor: 2,
            slip,
            exempt: Networks::default(),
            tracked: 1024,
        };
        Unproven::new(&settings).unwrap()
    }

    /// How many of a thousand answers are sent whole, with TC, and not at all.
    fn sent(unproven: &Unproven, client: &str, kind: AnswerKind, octets: usize) -> [usize; 3] {
        let client = client.parse().unwrap();
        let all: Vec<_> = (0..1000)
            .map(|_| unproven.send(client, kind, octets))
            .collect();
        [Sent::Whole, Sent::Truncated, Sent::Nothing]
            .map(|sent| all.iter().filter(|it| **it == sent).count())
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_gets_so_many_answers_of_a_kind_and_its_neighbour_as_many() {
        let unproven = unproven(Some(50), None, 1);
        let records = AnswerKind::Records;
        let whole = |client, kind| sent(&unproven, client, kind, 1000)[0];
        assert_eq!(whole("192.0.2.1", records), 50);
        assert_eq!(whole("192.0.2.255", records), 0, "the same /24");
        assert_eq!(whole("192.0.2.1", AnswerKind::Denial), 50);
        assert_eq!(whole("192.0.3.1", records), 50);
        assert_eq!(whole("2001:db8::1", records), 50);
        assert_eq!(whole("2001:db8:0:ff::1", records), 0, "the same /56");
        assert_eq!(whole("2001:db8:0:100::1", records), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_gets_so_many_octets_whatever_they_say() {
        let unproven = unproven(None, Some(100_000), 4);
        let [whole, truncated, nothing] = sent(&unproven, "192.0.2.1", AnswerKind::Records, 1000);
        assert_eq!(whole, 100);
        assert_eq!((truncated, nothing), (225, 675), "every fourth has TC");
        let [whole, ..] = sent(&unproven, "192.0.2.1", AnswerKind::Denial, 1000);
        assert_eq!(whole, 0);
    }
}
