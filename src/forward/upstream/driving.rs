//! Leads one question through the policy: sends what it says, hears what comes, tells what became of it.
//!
//! Floor 2. What was begun and has not won ends with the question.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

use super::super::counters::UpstreamResult;
use super::super::policy::{
    AttemptId, AttemptOutcome, Carrier, CaseUse, EdnsUse, RaceEnd, RaceStep, UpstreamRace,
};
use super::super::question::ForwardQuestion;
use super::{UpstreamReply, ZoneUpstreams, now};
use crate::dns::wire::ResponseMatch;
use crate::dns::{ReceivedAnswer, UnusableResponse};

/// Why no upstream has an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) enum NoUpstreamAnswer {
    /// Those that were asked said so; the extended error of one, by its number.
    Failed(Option<u16>),
    /// None answered in time.
    TimedOut,
    /// None can be reached.
    Unreachable,
    /// There is an answer, with an address that names of the zone may not have.
    PrivateAddress,
}

/// One question while it is driven.
struct Driving<'zone> {
    zone: &'zone ZoneUpstreams,
    question: &'zone ForwardQuestion,
    answer: Option<ReceivedAnswer>,
    extended_error: Option<u16>,
}

/// The attempts under way: mostly one and never many, so that all may be polled when one has something.
struct Attempts<F>(SmallVec<[Pin<Box<F>>; 2]>);

/// An attempt that has come to something.
struct Attempted {
    attempt: AttemptId,
    upstream: usize,
    carrier: Carrier,
    edns: EdnsUse,
    took: Duration,
    reply: UpstreamReply,
}

impl ZoneUpstreams {
    /// Asks a question.
    ///
    /// # Errors
    /// No upstream has an answer.
    pub(in crate::forward) async fn resolve(
        &self,
        question: &ForwardQuestion,
    ) -> Result<ReceivedAnswer, NoUpstreamAnswer> {
        let mut driving = Driving {
            zone: self,
            question,
            answer: None,
            extended_error: None,
        };
        let (mut race, mut steps) = {
            let mut pool = self.pool();
            let order = pool.order(rand::random());
            UpstreamRace::begin(order, &pool, now())
        };
        let mut attempts = Attempts(SmallVec::new());
        loop {
            for step in steps.drain(..) {
                match step {
                    RaceStep::Send {
                        attempt,
                        upstream,
                        carrier,
                    } => attempts.push(driving.attempt(attempt, upstream, carrier)),
                    RaceStep::Missed { upstream, waited } => self.missed(upstream, waited),
                    RaceStep::End(end) => return driving.end(end),
                }
            }
            let wake_at = race.wake_at();
            tokio::select! {
                biased;
                done = attempts.next() => {
                    let attempt = done.attempt;
                    let outcome = driving.take(done);
                    steps = race.on_outcome(attempt, outcome, &self.pool(), now());
                }
                () = tokio::time::sleep_until(wake_at) => {
                    steps = race.on_time(&self.pool(), now());
                }
            }
        }
    }

    fn missed(&self, upstream: usize, waited: Duration) {
        let is_down = self.pool().missed(upstream, waited, now());
        if let Some(upstream) = self.upstreams.get(upstream) {
            upstream.counters.count(UpstreamResult::Silent);
        }
        if is_down {
            self.goes_down(upstream, "it does not answer");
        }
    }
}

impl<'zone> Driving<'zone> {
    fn attempt(
        &self,
        attempt: AttemptId,
        upstream: usize,
        carrier: Carrier,
    ) -> impl Future<Output = Attempted> + use<'zone> {
        let (zone, since) = (self.zone, now());
        let capitals = match zone.pool().case_use(upstream, since) {
            CaseUse::Random => Some(rand::random()),
            CaseUse::AsIs => None,
        };
        let edns = zone.pool().edns_use(upstream, since);
        let message = self.question.message(capitals, edns);
        async move {
            let reply = match zone.upstreams.get(upstream) {
                Some(it) => it.ask(&message, carrier).await,
                None => UpstreamReply::Wrong,
            };
            Attempted {
                attempt,
                upstream,
                carrier,
                edns,
                took: since_then(since),
                reply,
            }
        }
    }

    /// Tells what an attempt has come to, and notes it.
    fn take(&mut self, done: Attempted) -> AttemptOutcome {
        let (zone, place) = (self.zone, done.upstream);
        let Some(upstream) = zone.upstreams.get(place) else {
            return AttemptOutcome::Unreachable;
        };
        let counters = &upstream.counters;
        if let UpstreamReply::Unreachable(why) = &done.reply {
            counters.count(UpstreamResult::Unreachable);
            // Where TCP only brings the rest of what UDP cannot, UDP tells whether it is there.
            if done.carrier == Carrier::Tcp && upstream.is_asked_by_udp() {
                return AttemptOutcome::Failed;
            }
            let is_down = zone.pool().unreachable(place, now());
            if is_down {
                zone.goes_down(place, why);
            }
            return AttemptOutcome::Unreachable;
        }
        // What may be of somebody else is no sign of life.
        if matches!(
            done.reply,
            UpstreamReply::Response(..) | UpstreamReply::Truncated | UpstreamReply::Incomplete
        ) {
            zone.answered(place, done.took);
        }
        match done.reply {
            UpstreamReply::Response(octets, matched) => {
                // Over TCP nobody else answers: it is the upstream that does not keep the case.
                if matched == ResponseMatch::OtherCase {
                    zone.pool().loses_case(place, now());
                }
                counters.count_rcode(&octets);
                let outcome = self.read(&octets, counters);
                if outcome == AttemptOutcome::WantsNoEdns {
                    if done.edns == EdnsUse::LeftOut {
                        return AttemptOutcome::Failed;
                    }
                    zone.pool().lacks_edns(place, now());
                }
                outcome
            }
            UpstreamReply::Truncated => {
                counters.count(UpstreamResult::Truncated);
                AttemptOutcome::WantsTcp
            }
            UpstreamReply::Incomplete => {
                counters.count(UpstreamResult::Truncated);
                AttemptOutcome::Failed
            }
            UpstreamReply::OtherCase | UpstreamReply::Mismatches => AttemptOutcome::WantsTcp,
            UpstreamReply::NoSocket => AttemptOutcome::Failed,
            UpstreamReply::Wrong | UpstreamReply::Unreachable(_) => {
                counters.count(UpstreamResult::Malformed);
                AttemptOutcome::Failed
            }
        }
    }

    fn read(
        &mut self,
        octets: &[u8],
        counters: &super::super::counters::UpstreamCounters,
    ) -> AttemptOutcome {
        let ForwardQuestion {
            name,
            record_type,
            dnssec_ok,
            ..
        } = self.question;
        match ReceivedAnswer::read(name, *record_type, *dnssec_ok, octets) {
            Ok(answer) => {
                counters.count(UpstreamResult::Answered);
                self.answer = Some(answer);
                return AttemptOutcome::Answered;
            }
            Err(UnusableResponse::Failure { extended_error, .. }) => {
                counters.count(UpstreamResult::Failed);
                self.extended_error = self.extended_error.or(extended_error);
            }
            Err(UnusableResponse::NoEdns) => {
                counters.count(UpstreamResult::Failed);
                return AttemptOutcome::WantsNoEdns;
            }
            Err(UnusableResponse::Referral) => counters.count(UpstreamResult::Failed),
            Err(UnusableResponse::Malformed | UnusableResponse::ChainTooLong) => {
                counters.count(UpstreamResult::Malformed);
            }
        }
        AttemptOutcome::Failed
    }

    fn end(self, end: RaceEnd) -> Result<ReceivedAnswer, NoUpstreamAnswer> {
        match (end, self.answer) {
            (RaceEnd::Answered, Some(answer)) => Ok(answer),
            (RaceEnd::Answered | RaceEnd::Failed, _) => {
                Err(NoUpstreamAnswer::Failed(self.extended_error))
            }
            (RaceEnd::TimedOut, _) => Err(NoUpstreamAnswer::TimedOut),
            (RaceEnd::Unreachable, _) => Err(NoUpstreamAnswer::Unreachable),
        }
    }
}

impl<F: Future> Attempts<F> {
    fn push(&mut self, attempt: F) {
        self.0.push(Box::pin(attempt));
    }

    /// Waits for one to end, for ever if there is none; it may be dropped meanwhile.
    async fn next(&mut self) -> F::Output {
        poll_fn(|context| {
            for place in 0..self.0.len() {
                if let Poll::Ready(done) = self.0[place].as_mut().poll(context) {
                    self.0.swap_remove(place);
                    return Poll::Ready(done);
                }
            }
            Poll::Pending
        })
        .await
    }
}

fn since_then(since: Instant) -> Duration {
    now().saturating_duration_since(since)
}
