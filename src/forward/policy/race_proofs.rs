//! What one question does step by step, beside what the model proves of all.

use std::time::Duration;

use tokio::time::Instant;

use super::pool::UpstreamPolicy;
use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

struct Played {
    pool: UpstreamPool,
    race: UpstreamRace,
    begun: Instant,
    steps: Vec<RaceStep>,
}

impl Played {
    fn begin(upstreams: usize) -> Self {
        let mut pool = UpstreamPool::new(upstreams, UpstreamPolicy::Sequential);
        let (order, begun) = (pool.order(0), Instant::now());
        let (race, steps) = UpstreamRace::begin(order, &pool, begun);
        Self {
            pool,
            race,
            begun,
            steps: steps.to_vec(),
        }
    }

    fn outcome(&mut self, attempt: AttemptId, outcome: AttemptOutcome, after: u64) -> &[RaceStep] {
        let now = self.begun + ms(after);
        let steps = self.race.on_outcome(attempt, outcome, &self.pool, now);
        self.steps = steps.to_vec();
        &self.steps
    }

    fn time(&mut self, after: u64) -> &[RaceStep] {
        self.steps = self
            .race
            .on_time(&self.pool, self.begun + ms(after))
            .to_vec();
        &self.steps
    }
}

fn send(attempt: AttemptId, upstream: usize) -> RaceStep {
    RaceStep::Send {
        attempt,
        upstream,
        carrier: Carrier::Usual,
    }
}

#[test]
fn who_does_not_know_edns_is_asked_again_itself_and_that_is_no_round() {
    let mut played = Played::begin(2);
    assert_eq!(played.steps, [send(0, 0)]);
    assert_eq!(
        played.outcome(0, AttemptOutcome::WantsNoEdns, 1),
        [send(1, 0)]
    );
    assert_eq!(played.outcome(1, AttemptOutcome::Failed, 2), [send(2, 1)]);
    assert_eq!(
        played.outcome(2, AttemptOutcome::Failed, 3),
        [RaceStep::End(RaceEnd::Failed)]
    );
}

#[test]
fn who_cannot_be_reached_is_left_at_once_and_who_is_silent_after_its_time() {
    let mut played = Played::begin(3);
    assert_eq!(played.steps, [send(0, 0)]);
    assert_eq!(
        played.outcome(0, AttemptOutcome::Unreachable, 0),
        [send(1, 1)]
    );
    assert!(played.time(149).is_empty());
    let missed = RaceStep::Missed {
        upstream: 1,
        waited: ms(150),
    };
    assert_eq!(played.time(150), [missed, send(2, 2)]);
    // The one that was silent may still win.
    let end = [RaceStep::End(RaceEnd::Answered)];
    assert_eq!(played.outcome(1, AttemptOutcome::Answered, 151), end);
}

#[test]
fn an_answer_that_is_cut_short_is_asked_for_again_over_tcp() {
    let mut played = Played::begin(2);
    let over_tcp = RaceStep::Send {
        attempt: 1,
        upstream: 0,
        carrier: Carrier::Tcp,
    };
    assert_eq!(played.outcome(0, AttemptOutcome::WantsTcp, 1), [over_tcp]);
    assert_eq!(
        played.outcome(1, AttemptOutcome::Unreachable, 2),
        [send(2, 1)]
    );
}

#[test]
fn where_all_fail_the_end_comes_with_the_last_failure() {
    let mut played = Played::begin(2);
    assert_eq!(played.outcome(0, AttemptOutcome::Failed, 1), [send(1, 1)]);
    let end = [RaceStep::End(RaceEnd::Failed)];
    assert_eq!(played.outcome(1, AttemptOutcome::Unreachable, 2), end);
    let mut played = Played::begin(1);
    let end = [RaceStep::End(RaceEnd::Unreachable)];
    assert_eq!(played.outcome(0, AttemptOutcome::Unreachable, 2), end);
}

#[test]
fn a_lost_datagram_is_sent_again_and_two_seconds_are_the_end() {
    let mut played = Played::begin(1);
    let sent = |played: &mut Played, at: u64| {
        let steps = played.time(at).to_vec();
        steps
            .iter()
            .any(|step| matches!(step, RaceStep::Send { .. }))
    };
    assert!(sent(&mut played, 150) && !sent(&mut played, 449) && sent(&mut played, 450));
    assert!(!sent(&mut played, 1999));
    assert_eq!(
        played.time(2000).last(),
        Some(&RaceStep::End(RaceEnd::TimedOut))
    );
}

#[test]
fn where_all_are_down_it_is_over_before_it_begins() {
    let mut pool = UpstreamPool::new(2, UpstreamPolicy::Fastest);
    let now = Instant::now();
    pool.unreachable(0, now);
    pool.unreachable(1, now);
    let order = pool.order(0);
    let (_, steps) = UpstreamRace::begin(order, &pool, now);
    assert_eq!(steps[..], [RaceStep::End(RaceEnd::Unreachable)]);
}
