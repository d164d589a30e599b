//! When Nomad fails: pauses, logs it once and then rarely, and finds Nomad again. The catalogue stays as it is.
//!
//! Floor 2, no I/O. If a read or a stream breaks, the lists are checked at once, and only if they fail it is an
//! outage.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::{Follow, FollowOutcome, FollowPhase};
use crate::nomad::{Cause, NomadError};
use crate::sync::settings::SyncSettings;

/// The least pause after Nomad has asked for fewer requests.
const RATE_LIMITED_PAUSE: Duration = Duration::from_secs(1);

/// Lists that were followed for this long were good: the next pause is a short one again.
const HELD: Duration = Duration::from_secs(5);

/// What is known of the outage, if there is one.
#[derive(Debug)]
pub(super) struct Outage {
    backoff: Backoff,
    log_every: Duration,
    logged: Option<Instant>,
    logged_state: LoggedState,
    failing: Option<FailingKind>,
}

/// Whether the log knows that Nomad fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoggedState {
    Working,
    Failing,
}

/// What failed; only its own success, or that of reads, proves that it works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailingKind {
    Lists,
    Reads,
}

/// Whether Nomad counts as failing before it was asked for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) enum Failed {
    No,
    /// What comes from an earlier process is as old as in an outage, until Nomad lists again.
    Yes,
}

impl Outage {
    pub(super) fn new(settings: &SyncSettings, failed: Failed) -> Self {
        Self {
            backoff: Backoff::new(settings.backoff_max),
            log_every: settings.log_every,
            logged: None,
            logged_state: LoggedState::Working,
            failing: (failed == Failed::Yes).then_some(FailingKind::Lists),
        }
    }
}

impl Follow {
    /// Says whether Nomad fails now.
    pub(in crate::sync) fn is_failing(&self) -> bool {
        self.outage.failing.is_some()
    }

    /// Takes a failure of a read on demand, which is as good a question as any.
    pub(in crate::sync) fn demand_failed(&mut self, error: &NomadError, now: Instant) {
        let cause = &error.cause;
        if matches!(cause, Cause::RateLimited { .. }) || cause.is_transport() {
            return self.fail_by(FailingKind::Lists, error, now);
        }
        self.erred(error);
        if cause.is_authorization() {
            self.look_again(now);
        }
    }

    /// Gives up on all lists and streams for a while, because of an error.
    pub(super) fn fail_by(&mut self, failing: FailingKind, error: &NomadError, now: Instant) {
        self.erred(error);
        let least = match error.cause {
            Cause::RateLimited { retry_after } => {
                Some(retry_after.unwrap_or_default().max(RATE_LIMITED_PAUSE))
            }
            _ => None,
        };
        self.give_up(failing, &error.to_string(), least, now);
    }

    /// Gives up on all lists and streams for a while, which is at least as long as given.
    pub(super) fn fail(&mut self, why: &str, least: Option<Duration>, now: Instant) {
        self.give_up(FailingKind::Lists, why, least, now);
    }

    fn give_up(&mut self, failing: FailingKind, why: &str, least: Option<Duration>, now: Instant) {
        if matches!(self.phase, FollowPhase::Pausing(_)) {
            return;
        }
        self.stop_watches();
        if self.is_connected() && now.duration_since(self.followed) >= HELD {
            self.outage.backoff.succeeded();
        }
        let pause = self.outage.backoff.failed().max(least.unwrap_or_default());
        self.phase = FollowPhase::Pausing(now + pause);
        self.outage.failing = Some(failing);
        self.outcomes.push(FollowOutcome::Failed);
        self.status.set_failing(why);
        let lately = |at: Instant| now.duration_since(at) < self.outage.log_every;
        if self.outage.logged.is_some_and(lately) {
            return;
        }
        self.outage.logged = Some(now);
        self.outage.logged_state = LoggedState::Failing;
        match self.status.is_ready() {
            false => tracing::warn!(reason = why, "Nomad cannot be read yet"),
            true => tracing::warn!(
                reason = why,
                "Nomad cannot be read, answering from the last state"
            ),
        }
    }

    /// Notes that Nomad works; a list proves nothing where a read failed.
    pub(super) fn worked(&mut self, proof: FailingKind) {
        let proves = match self.outage.failing {
            None => false,
            Some(FailingKind::Lists) => true,
            Some(FailingKind::Reads) => proof == FailingKind::Reads,
        };
        if !proves {
            return;
        }
        self.outage.failing = None;
        if let Some(lasted) = self.status.set_working()
            && self.outage.logged_state == LoggedState::Failing
        {
            self.outage.logged_state = LoggedState::Working;
            let address = self.status.address();
            tracing::info!(%address, lasted_seconds = lasted.as_secs(), "Nomad can be read again");
        }
    }

    /// Has lists and streams follow when the client has chosen another address, whose state may be another one too.
    pub(super) fn turn_to_the_chosen(&mut self, moves: usize, now: Instant) {
        if std::mem::replace(&mut self.moves, moves) == moves
            || self.phase != FollowPhase::Following
        {
            return;
        }
        for watch in 0..self.watches.len() {
            self.reopen_stream(watch, now);
        }
        self.recheck(now);
    }

    /// Asks every list when nothing was heard for long: a connection may be dead without saying so.
    pub(in crate::sync) fn recheck_a_silent_nomad(&mut self, now: Instant) {
        let most = self.settings.stale_after + SILENCE_SLACK;
        let silent = self.status.since_heard();
        if self.phase == FollowPhase::Following && silent.is_some_and(|silent| silent >= most) {
            self.recheck(now);
        }
    }
}

/// A silence this much longer than answers may be old is a reason to ask. A healthy stream is never so silent.
const SILENCE_SLACK: Duration = Duration::from_secs(2);
