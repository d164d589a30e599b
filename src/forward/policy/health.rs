//! What is known of one upstream: how fast it answers, whether it is down, and whether it keeps the letter case of names.
//!
//! Floor 2, no I/O; the time is an argument. An answer of any code is a sign of life.

use std::time::Duration;

use tokio::time::Instant;

/// How many queries it may leave unanswered in a row, and for how long, until it is down: a burst of names that it has to
/// ask others for is slow, and is no sign that it is gone.
const MISSES_UNTIL_DOWN: u32 = 3;
const SILENT_UNTIL_DOWN: Duration = Duration::from_secs(1);
/// How often an upstream that is down is probed.
pub(super) const PROBE_EVERY: Duration = Duration::from_millis(500);
/// How long names are not written in random letter case to an upstream that does not keep it.
const WITHOUT_CASE: Duration = Duration::from_secs(600);
/// How long an upstream that does not know EDNS is asked without.
const WITHOUT_EDNS: Duration = Duration::from_secs(600);
/// What stands for a round trip that was not measured yet.
const UNMEASURED: Duration = Duration::from_millis(75);
/// The bounds of the wait before another upstream is asked beside one that is silent.
///
/// Above the greater one an upstream that dies would cost a query more than it may.
const HEDGE_LEAST: Duration = Duration::from_millis(100);
const HEDGE_MOST: Duration = Duration::from_millis(300);

/// Whether names are written in random letter case, so that who cannot see them cannot answer (0x20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum CaseUse {
    /// They are.
    Random,
    /// They are not: the upstream does not keep it.
    AsIs,
}

/// Whether queries have an OPT (RFC 6891).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum EdnsUse {
    /// They have.
    Sent,
    /// They have none: the upstream does not know it.
    LeftOut,
}

/// What is known of one upstream.
#[derive(Clone, Debug, Default)]
pub(super) struct UpstreamHealth {
    /// The smoothed round trip (RFC 6298); none before the first.
    smoothed: Option<Duration>,
    misses: u32,
    /// When the first of them was sent.
    silent_since: Option<Instant>,
    /// When it is to be probed next; none while it is up.
    next_probe: Option<Instant>,
    without_case_until: Option<Instant>,
    without_edns_until: Option<Instant>,
}

impl UpstreamHealth {
    pub(super) fn is_up(&self) -> bool {
        self.next_probe.is_none()
    }

    /// The round trip that is expected.
    pub(super) fn round_trip(&self) -> Duration {
        self.smoothed.unwrap_or(UNMEASURED)
    }

    /// How long another upstream is not asked beside it.
    pub(super) fn hedge_after(&self) -> Duration {
        (self.round_trip() * 2).clamp(HEDGE_LEAST, HEDGE_MOST)
    }

    /// It answered after so long.
    pub(super) fn answered(&mut self, after: Duration) {
        self.misses = 0;
        self.silent_since = None;
        self.next_probe = None;
        self.smoothed = Some(match self.smoothed {
            None => after,
            Some(before) => before - before / 8 + after / 8,
        });
    }

    /// It has not answered for so long; tells whether it is down since now.
    pub(super) fn missed(&mut self, waited: Duration, now: Instant) -> bool {
        self.misses = self.misses.saturating_add(1);
        // It is at least as slow as that: others come before it until it was measured again.
        self.smoothed = Some(self.round_trip().max(waited));
        let sent = now.checked_sub(waited).unwrap_or(now);
        let since = *self.silent_since.get_or_insert(sent);
        let is_silent = now.saturating_duration_since(since) >= SILENT_UNTIL_DOWN;
        self.is_up() && is_silent && self.misses >= MISSES_UNTIL_DOWN && self.goes_down(now)
    }

    /// It cannot be reached; tells whether it is down since now.
    pub(super) fn unreachable(&mut self, now: Instant) -> bool {
        self.misses = self.misses.saturating_add(1);
        self.is_up() && self.goes_down(now)
    }

    fn goes_down(&mut self, now: Instant) -> bool {
        // At once: it may have been one name that it had no answer to.
        self.next_probe = Some(now);
        true
    }

    /// Whether it is to be probed now, which is noted.
    pub(super) fn takes_probe(&mut self, now: Instant) -> bool {
        let is_due = self.next_probe.is_some_and(|at| at <= now);
        if is_due {
            self.next_probe = Some(now + PROBE_EVERY);
        }
        is_due
    }

    /// When it is to be probed; none while it is up.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        self.next_probe
    }

    /// It was not asked though another was: what is known of it gets older, and it is tried again one day.
    pub(super) fn passed_over(&mut self) {
        if let Some(smoothed) = &mut self.smoothed {
            *smoothed -= *smoothed / 64;
        }
    }

    pub(super) fn loses_case(&mut self, now: Instant) {
        self.without_case_until = Some(now + WITHOUT_CASE);
    }

    pub(super) fn case_use(&self, now: Instant) -> CaseUse {
        match self.without_case_until {
            Some(until) if now < until => CaseUse::AsIs,
            _ => CaseUse::Random,
        }
    }

    pub(super) fn lacks_edns(&mut self, now: Instant) {
        self.without_edns_until = Some(now + WITHOUT_EDNS);
    }

    pub(super) fn edns_use(&self, now: Instant) -> EdnsUse {
        match self.without_edns_until {
            Some(until) if now < until => EdnsUse::LeftOut,
            _ => EdnsUse::Sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn another_is_asked_after_two_round_trips_within_bounds() {
        let mut health = UpstreamHealth::default();
        assert_eq!(health.hedge_after(), ms(150));
        for (round_trip, hedge) in [(1, 100), (80, 160), (700, 300)] {
            health = UpstreamHealth::default();
            health.answered(ms(round_trip));
            assert_eq!(health.hedge_after(), ms(hedge));
        }
    }

    #[test]
    fn misses_in_a_row_for_a_second_take_it_down_and_any_answer_brings_it_back() {
        let (mut health, now) = (UpstreamHealth::default(), Instant::now());
        assert!(!health.missed(ms(100), now) && !health.missed(ms(100), now));
        health.answered(ms(5));
        assert!(!health.missed(ms(100), now) && !health.missed(ms(100), now));
        assert!(!health.missed(ms(100), now), "a burst is no outage");
        let now = now + ms(900);
        assert!(health.missed(ms(100), now) && !health.is_up());
        assert!(!health.missed(ms(100), now), "it is down already");
        assert!(health.takes_probe(now) && !health.takes_probe(now + ms(499)));
        assert!(health.takes_probe(now + ms(500)));
        health.answered(ms(5));
        assert!(health.is_up() && !health.takes_probe(now + ms(5000)));
        assert!(health.unreachable(now) && !health.is_up());
    }

    #[test]
    fn a_slow_upstream_is_thought_faster_the_longer_it_is_not_asked() {
        let mut health = UpstreamHealth::default();
        health.answered(ms(200));
        (0..100).for_each(|_| health.passed_over());
        assert!(health.round_trip() < ms(50), "{:?}", health.round_trip());
    }

    #[test]
    fn letter_case_and_edns_are_tried_again_after_a_while() {
        let (mut health, now) = (UpstreamHealth::default(), Instant::now());
        health.loses_case(now);
        assert_eq!(health.case_use(now), CaseUse::AsIs);
        assert_eq!(health.case_use(now + WITHOUT_CASE), CaseUse::Random);
        health.lacks_edns(now);
        assert_eq!(health.edns_use(now), EdnsUse::LeftOut);
        assert_eq!(health.edns_use(now + WITHOUT_EDNS), EdnsUse::Sent);
    }
}
