//! Drives the policy through upstreams that are slow, silent, away or wrong at random, in a time of its own.
//!
//! Held for each question: it ends within two seconds; no address is tried again before all were; none more than a few
//! times; and where one upstream answers well and one other at most does not, it costs no more than 300 ms beside the
//! round trip.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::pool::UpstreamPolicy;
use super::race::{IN_ALL, ROUNDS};
use super::*;

/// The most that an upstream which does not answer costs a question.
const COST: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    Answers(u64),
    Fails(u64),
    Truncates(u64),
    Silent,
    Away,
}

impl Behaviour {
    fn reply(self, carrier: Carrier) -> Option<(Duration, AttemptOutcome)> {
        let after = Duration::from_millis;
        match (self, carrier) {
            (Self::Answers(ms), _) | (Self::Truncates(ms), Carrier::Tcp) => {
                Some((after(ms), AttemptOutcome::Answered))
            }
            (Self::Fails(ms), _) => Some((after(ms), AttemptOutcome::Failed)),
            (Self::Truncates(ms), Carrier::Usual) => Some((after(ms), AttemptOutcome::WantsTcp)),
            (Self::Silent, _) => None,
            (Self::Away, _) => Some((Duration::ZERO, AttemptOutcome::Unreachable)),
        }
    }
}

/// What became of one question.
#[derive(Debug)]
struct Run {
    end: RaceEnd,
    took: Duration,
    /// The upstreams in the order in which they were asked, again over TCP left out.
    asked: Vec<usize>,
}

struct World {
    pool: UpstreamPool,
    now: Instant,
}

impl World {
    fn run(&mut self, upstreams: &[Behaviour], random: u64) -> Run {
        let (begun, order) = (self.now, self.pool.order(random));
        let (mut race, mut steps) = UpstreamRace::begin(order, &self.pool, begun);
        let mut replies: Vec<(Instant, AttemptId, usize, AttemptOutcome, Instant)> = Vec::new();
        let mut asked = Vec::new();
        loop {
            for step in steps.drain(..) {
                match step {
                    RaceStep::Send {
                        attempt,
                        upstream,
                        carrier,
                    } => {
                        if carrier == Carrier::Usual {
                            asked.push(upstream);
                        }
                        if let Some((after, outcome)) = upstreams[upstream].reply(carrier) {
                            replies.push((self.now + after, attempt, upstream, outcome, self.now));
                        }
                    }
                    RaceStep::Missed { upstream, waited } => {
                        self.pool.missed(upstream, waited, self.now);
                    }
                    RaceStep::End(end) => {
                        let took = self.now - begun;
                        return Run { end, took, asked };
                    }
                }
            }
            replies.sort_by_key(|(at, attempt, ..)| std::cmp::Reverse((*at, *attempt)));
            let next = replies.last().map(|(at, ..)| *at);
            if next.is_some_and(|at| at <= race.wake_at())
                && let Some((at, attempt, upstream, outcome, since)) = replies.pop()
            {
                self.now = at;
                match outcome {
                    AttemptOutcome::Unreachable => {
                        self.pool.unreachable(upstream, at);
                    }
                    _ => self.pool.answered(upstream, at - since),
                }
                steps = race.on_outcome(attempt, outcome, &self.pool, at);
            } else {
                self.now = race.wake_at();
                steps = race.on_time(&self.pool, self.now);
            }
        }
    }

    /// Probes those that are due.
    fn probe(&mut self, upstreams: &[Behaviour]) {
        for place in self.pool.due_probes(self.now) {
            match upstreams[place].reply(Carrier::Usual) {
                Some((_, AttemptOutcome::Unreachable)) | None => {}
                Some((after, _)) => self.pool.answered(place, after),
            }
        }
    }
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        4 => (1_u64..60).prop_map(Behaviour::Answers),
        1 => (1_u64..900).prop_map(Behaviour::Answers),
        1 => (1_u64..400).prop_map(Behaviour::Fails),
        1 => (1_u64..60).prop_map(Behaviour::Truncates),
        2 => Just(Behaviour::Silent),
        1 => Just(Behaviour::Away),
    ]
}

fn policy() -> impl Strategy<Value = UpstreamPolicy> {
    prop_oneof![
        Just(UpstreamPolicy::Fastest),
        Just(UpstreamPolicy::Sequential),
        Just(UpstreamPolicy::Random),
    ]
}

fn holds(upstreams: &[Behaviour], run: &Run) -> Result<(), TestCaseError> {
    prop_assert!(run.took <= IN_ALL, "{run:?}");
    let count = upstreams.len();
    prop_assert!(run.asked.len() <= count * ROUNDS, "{run:?}");
    for round in run.asked.chunks(count) {
        let mut once = round.to_vec();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(
            once.len(),
            round.len(),
            "an address twice in a round: {:?}",
            run
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_question_takes_too_long_or_makes_a_storm(
        rounds in prop::collection::vec(
            (prop::collection::vec(behaviour(), 3), any::<u64>(), 0_u64..2000), 1..30),
        policy in policy(),
    ) {
        let mut world = World { pool: UpstreamPool::new(3, policy), now: Instant::now() };
        for (upstreams, random, pause) in rounds {
            let run = world.run(&upstreams, random);
            holds(&upstreams, &run)?;
            world.now += Duration::from_millis(pause);
            world.probe(&upstreams);
        }
    }

    #[test]
    fn an_upstream_that_dies_costs_no_question_more_than_300_ms(
        good in 1_u64..90,
        dies in prop_oneof![
            Just(Behaviour::Silent), Just(Behaviour::Away), (1_u64..90).prop_map(Behaviour::Fails)],
        before in 0_usize..20,
        place in 0_usize..2,
        randoms in prop::collection::vec(any::<u64>(), 40),
        policy in policy(),
    ) {
        let mut world = World { pool: UpstreamPool::new(2, policy), now: Instant::now() };
        for (number, random) in randoms.into_iter().enumerate() {
            let mut upstreams = [Behaviour::Answers(good); 2];
            if number >= before {
                upstreams[place] = dies;
            }
            let run = world.run(&upstreams, random);
            holds(&upstreams, &run)?;
            prop_assert_eq!(run.end, RaceEnd::Answered);
            let most = COST + Duration::from_millis(good);
            prop_assert!(run.took <= most, "{:?} of {:?}: {:?}", number, upstreams, run);
            world.now += Duration::from_millis(50);
            world.probe(&upstreams);
        }
    }

    #[test]
    fn while_all_are_down_only_probes_are_sent_and_the_first_that_answers_ends_it(
        randoms in prop::collection::vec(any::<u64>(), 20),
    ) {
        let (away, back) = ([Behaviour::Away; 2], [Behaviour::Away, Behaviour::Answers(5)]);
        let mut world = World { pool: UpstreamPool::new(2, UpstreamPolicy::Fastest), now: Instant::now() };
        world.run(&away, 0);
        for random in randoms {
            let run = world.run(&away, random);
            prop_assert_eq!((run.end, run.asked.len()), (RaceEnd::Unreachable, 0));
            world.now += Duration::from_millis(100);
            world.probe(&away);
        }
        world.now += Duration::from_millis(500);
        world.probe(&back);
        prop_assert_eq!(world.run(&back, 0).end, RaceEnd::Answered);
    }
}
