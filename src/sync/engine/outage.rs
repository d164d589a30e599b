//! When Nomad fails: pause, say so once and then seldom, and find it again. The catalogue stays as it is.
//!
//! Floor 2. In doubt (a read or a stream broke) the list is asked at once, and only its failure is a loss.

use std::time::Duration;

use tokio::time::Instant;

use super::watch::Stream;
use super::{Catalogue, Engine, Phase};
use crate::nomad::{Cause, NomadError};
use crate::sync::access::Access;
use crate::sync::pace::Pace;
use crate::sync::plan::StreamAgain;
use crate::sync::settings::Settings;

/// The least pause after Nomad has asked for fewer requests.
const RATE_LIMITED_PAUSE: Duration = Duration::from_secs(1);

/// Lists that were followed for this long were good: the next pause is a short one again.
const HELD: Duration = Duration::from_secs(5);

/// What is known of the outage, if there is one.
#[derive(Debug)]
pub(super) struct Outage {
    pace: Pace,
    log_every: Duration,
    logged: Option<Instant>,
    said: Said,
    loss: Option<Loss>,
}

/// Whether the log knows that Nomad fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Working,
    Failing,
}

/// What failed; only its own success, or that of reads, proves that it works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    List,
    Read,
}

impl Outage {
    pub(super) fn new(settings: &Settings, catalogue: Catalogue) -> Self {
        Self {
            pace: Pace::new(settings.backoff_max),
            log_every: settings.log_every,
            logged: None,
            said: Said::Working,
            // What comes from an earlier process is as old as in an outage, until Nomad lists again.
            loss: (catalogue == Catalogue::Restored).then_some(Loss::List),
        }
    }

    /// Whether Nomad fails now.
    pub(super) fn is_on(&self) -> bool {
        self.loss.is_some()
    }
}

impl Engine {
    /// Gives up on all lists and streams for a while, because of an error.
    pub(super) fn lose_by(&mut self, loss: Loss, error: &NomadError) {
        self.status.erred(error);
        let least = match error.cause {
            Cause::RateLimited { retry_after } => {
                Some(retry_after.unwrap_or_default().max(RATE_LIMITED_PAUSE))
            }
            _ => None,
        };
        self.lose(loss, &error.to_string(), least);
    }

    /// Gives up on all lists and streams for a while, which is at least as long as given.
    pub(super) fn lose(&mut self, loss: Loss, why: &str, least: Option<Duration>) {
        if matches!(self.phase, Phase::Pausing(_)) {
            return;
        }
        let now = Instant::now();
        self.stop_watches();
        self.session += 1;
        if matches!(self.phase, Phase::Following | Phase::OnDemand)
            && now.duration_since(self.followed) >= HELD
        {
            self.outage.pace.succeeded();
        }
        self.demands.fail_queued(now);
        let pause = self.outage.pace.failed().max(least.unwrap_or_default());
        self.phase = Phase::Pausing(now + pause);
        self.outage.loss = Some(loss);
        self.status.set_failing();
        if self.catalogue == Catalogue::NeverPublished {
            self.status.set_not_ready(why.to_owned());
        }
        if self
            .outage
            .logged
            .is_none_or(|at| now.duration_since(at) >= self.outage.log_every)
        {
            self.outage.logged = Some(now);
            self.outage.said = Said::Failing;
            match self.catalogue {
                Catalogue::NeverPublished => {
                    tracing::warn!(reason = why, "Nomad cannot be read yet")
                }
                _ => tracing::warn!(
                    reason = why,
                    "Nomad cannot be read, answering from the last state"
                ),
            }
        }
    }

    /// Takes back what was published when Nomad has failed for too long to go on with it.
    pub(super) fn withdraw_what_is_too_old(&mut self) {
        let max_stale = self.settings.max_stale;
        let too_old = self
            .status
            .failing_for()
            .is_some_and(|failing| failing >= max_stale);
        if !too_old || self.catalogue == Catalogue::NeverPublished {
            return;
        }
        self.writer.withdraw();
        self.catalogue = Catalogue::NeverPublished;
        let reason = format!(
            "Nomad cannot be read for {} s, longer than the last state may be answered from",
            max_stale.as_secs()
        );
        tracing::error!(reason, "no answers any more");
        self.status.set_not_ready(reason);
    }

    /// Asks every list at once: something makes it doubtful that Nomad is there.
    pub(super) fn doubt(&mut self, now: Instant) {
        for watch in &mut self.watches {
            watch.doubt(now);
        }
    }

    /// Has lists and streams follow when the client has chosen another address, whose state may be another one too.
    pub(super) fn turn_to_the_chosen(&mut self, now: Instant) {
        let moves = self.client.moves();
        if std::mem::replace(&mut self.moves, moves) == moves || self.phase != Phase::Following {
            return;
        }
        for watch in 0..self.watches.len() {
            self.reopen_stream(watch, now);
        }
        self.doubt(now);
    }

    /// Stops all lists and streams.
    pub(super) fn stop_watches(&mut self) {
        for (at, watch) in self.watches.iter().enumerate() {
            watch.stop();
            if matches!(watch.stream, Stream::Open { .. }) {
                self.plan.stream_down(at, StreamAgain::Soon);
            }
        }
        self.watches.clear();
    }

    /// Notes that Nomad works; a list proves nothing where a read failed.
    pub(super) fn confirm(&mut self, proof: Loss) {
        if self.outage.loss.is_none()
            || (self.outage.loss == Some(Loss::Read) && proof == Loss::List)
        {
            return;
        }
        self.outage.loss = None;
        self.show_staleness();
        if let Some(lasted) = self.status.set_working()
            && self.outage.said == Said::Failing
        {
            self.outage.said = Said::Working;
            let address = self.client.address();
            tracing::info!(%address, lasted_seconds = lasted.as_secs(), "Nomad can be read again");
        }
    }

    /// Notes what the token may see, and says so when it is something else than before.
    pub(super) fn set_access(&mut self, access: Access) {
        if self.access == access {
            return;
        }
        // It is said when it is known whether there are events.
        if access.knows_events() && access != self.access_said {
            tracing::info!(tier = access.label(), "{access}");
            self.access_said.clone_from(&access);
        }
        self.status.set_access(&access);
        self.access = access;
    }
}
