//! One question on its way upstream: whom it is sent to, when another is asked beside, and when it is over.
//!
//! Floor 2, no I/O: what happened and the time come in, what is to be done goes out. Each address is tried before one is
//! tried again, and none more than a few times, so that a question never makes a storm.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::pool::{UpstreamOrder, UpstreamPool};

/// How long all attempts together may take.
pub(super) const IN_ALL: Duration = Duration::from_secs(2);
/// How often one upstream is asked for one question, where all others were as often: a datagram may be lost.
pub(super) const ROUNDS: usize = 3;

/// Which attempt something is about.
pub(in crate::forward) type AttemptId = usize;

/// How a question goes to an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum Carrier {
    /// As the upstream is configured.
    Usual,
    /// Over TCP, since UDP did not bring what can be used.
    Tcp,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum AttemptOutcome {
    /// An answer that can be used.
    Answered,
    /// An answer that cannot, such as SERVFAIL: another may have a better one.
    Failed,
    /// Over UDP, an answer that is cut short, too many that are not to this question, or one in another letter case.
    WantsTcp,
    /// That the query has an OPT, which the upstream does not know: it is asked without.
    WantsNoEdns,
    /// Nobody is there.
    Unreachable,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum RaceStep {
    /// The question is to be sent.
    Send {
        /// The number of the attempt.
        attempt: AttemptId,
        /// The place of the upstream.
        upstream: usize,
        /// How.
        carrier: Carrier,
    },
    /// An upstream is silent for longer than it should be.
    Missed {
        /// The place of the upstream.
        upstream: usize,
        /// For how long.
        waited: Duration,
    },
    /// It is over.
    End(RaceEnd),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum RaceEnd {
    /// With the answer of the attempt that came last.
    Answered,
    /// With answers that cannot be used, from all that were asked.
    Failed,
    /// Nobody answered in time.
    TimedOut,
    /// Nobody can be reached, or all are down.
    Unreachable,
}

/// The steps that follow what happened.
pub(in crate::forward) type RaceSteps = SmallVec<[RaceStep; 4]>;

/// One question on its way upstream.
#[derive(Clone, Debug)]
pub(in crate::forward) struct UpstreamRace {
    order: UpstreamOrder,
    /// How many attempts were begun; those over TCP after UDP, or without EDNS after one with, are not counted.
    begun: usize,
    attempts: AttemptId,
    under_way: SmallVec<[UnderWay; 4]>,
    /// When another is asked, or all is over.
    wake_at: Instant,
    end_at: Instant,
    has_failed: bool,
}

#[derive(Clone, Copy, Debug)]
struct UnderWay {
    attempt: AttemptId,
    upstream: usize,
    since: Instant,
    is_noted: bool,
}

impl UpstreamRace {
    /// Begins with the first upstream of an order.
    pub(in crate::forward) fn begin(
        order: UpstreamOrder,
        pool: &UpstreamPool,
        now: Instant,
    ) -> (Self, RaceSteps) {
        let mut race = Self {
            order,
            begun: 0,
            attempts: 0,
            under_way: SmallVec::new(),
            wake_at: now + IN_ALL,
            end_at: now + IN_ALL,
            has_failed: false,
        };
        let mut steps = RaceSteps::new();
        if !race.send_next(pool, now, &mut steps) {
            steps.push(RaceStep::End(RaceEnd::Unreachable));
        }
        (race, steps)
    }

    /// When `on_time` is to be asked at the latest.
    pub(in crate::forward) fn wake_at(&self) -> Instant {
        self.wake_at.min(self.end_at)
    }

    /// An attempt has come to something.
    pub(in crate::forward) fn on_outcome(
        &mut self,
        attempt: AttemptId,
        outcome: AttemptOutcome,
        pool: &UpstreamPool,
        now: Instant,
    ) -> RaceSteps {
        let mut steps = RaceSteps::new();
        let place = self.under_way.iter().position(|it| it.attempt == attempt);
        let Some(place) = place else { return steps };
        let ended = self.under_way.swap_remove(place);
        match outcome {
            AttemptOutcome::Answered => steps.push(RaceStep::End(RaceEnd::Answered)),
            AttemptOutcome::WantsTcp => self.send(ended.upstream, Carrier::Tcp, now, &mut steps),
            AttemptOutcome::WantsNoEdns => {
                self.send(ended.upstream, Carrier::Usual, now, &mut steps);
            }
            AttemptOutcome::Failed | AttemptOutcome::Unreachable => {
                self.has_failed |= outcome == AttemptOutcome::Failed;
                let has_others = self.begun < self.order.len();
                if !(has_others && self.send_next(pool, now, &mut steps))
                    && self.under_way.is_empty()
                {
                    steps.push(RaceStep::End(match self.has_failed {
                        true => RaceEnd::Failed,
                        false => RaceEnd::Unreachable,
                    }));
                }
            }
        }
        steps
    }

    /// The time has come that `wake_at` said.
    pub(in crate::forward) fn on_time(&mut self, pool: &UpstreamPool, now: Instant) -> RaceSteps {
        let mut steps = RaceSteps::new();
        if now < self.wake_at() {
            return steps;
        }
        for silent in &mut self.under_way {
            let waited = now.saturating_duration_since(silent.since);
            if !silent.is_noted && waited >= pool.hedge_after(silent.upstream) {
                silent.is_noted = true;
                let upstream = silent.upstream;
                steps.push(RaceStep::Missed { upstream, waited });
            }
        }
        if now >= self.end_at {
            steps.push(RaceStep::End(match self.has_failed {
                true => RaceEnd::Failed,
                false => RaceEnd::TimedOut,
            }));
        } else if !self.send_next(pool, now, &mut steps) {
            self.wake_at = self.end_at;
        }
        steps
    }

    /// Sends to the next upstream, if there is one that may be asked.
    fn send_next(&mut self, pool: &UpstreamPool, now: Instant, steps: &mut RaceSteps) -> bool {
        let count = self.order.len();
        if count == 0 || self.begun >= count * ROUNDS {
            return false;
        }
        let upstream = self.order[self.begun % count];
        let round = self.begun / count;
        self.begun += 1;
        // Each round waits longer: what is lost is rare, what is overloaded is not to be asked more.
        let wait = pool.hedge_after(upstream) * (1 << round);
        self.wake_at = now + wait;
        self.send(upstream, Carrier::Usual, now, steps);
        true
    }

    fn send(&mut self, upstream: usize, carrier: Carrier, now: Instant, steps: &mut RaceSteps) {
        let attempt = self.attempts;
        self.attempts += 1;
        self.under_way.push(UnderWay {
            attempt,
            upstream,
            since: now,
            is_noted: false,
        });
        steps.push(RaceStep::Send {
            attempt,
            upstream,
            carrier,
        });
    }
}
