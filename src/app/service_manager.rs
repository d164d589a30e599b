//! Tells systemd how the gateway is (`sd_notify(3)`): that it has started, reads its configuration again or ends, its state in
//! a line, and that it still answers (the watchdog). Has systemd keep the sockets over a restart.
//!
//! Floor 7. Without systemd nothing is sent, and nothing of the gateway depends on it.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::bind::Bound;
use super::liveness::LivenessProbe;
use crate::listeners::admin::Liveness;
use crate::sync::{self, Readiness};

/// How often it is looked whether there is something new to tell.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What systemd shows of a state at most, in characters: a line of a terminal.
const STATUS_CHARACTERS: usize = 200;

/// What is told about a running gateway.
#[derive(Clone)]
pub struct ServiceReporter {
    sync: Arc<sync::Status>,
    liveness: LivenessProbe,
    leaving: CancellationToken,
}

/// Has systemd keep the sockets while the gateway restarts, and forget those that are not used any more.
pub fn keep_sockets(bound: &Bound) {
    for name in &bound.passed.unwanted {
        tell(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
    }
    for (name, socket) in bound.to_keep() {
        // An error of the network says nothing about the socket (FDPOLL).
        let state = [
            NotifyState::FdStore,
            NotifyState::FdName(&name),
            NotifyState::Custom("FDPOLL=0"),
        ];
        if let Err(error) = sd_notify::notify_with_fds(&state, &[socket]) {
            tracing::warn!(%error, name, "systemd does not keep a socket over a restart");
        }
    }
}

impl ServiceReporter {
    pub(super) fn new(
        sync: Arc<sync::Status>,
        liveness: LivenessProbe,
        leaving: CancellationToken,
    ) -> Self {
        Self {
            sync,
            liveness,
            leaving,
        }
    }

    /// Tells that the gateway has started; then what changes, until it is about to end. Feeds the watchdog only if the
    /// gateway has answered a query of its own through each worker.
    pub async fn report(self) {
        let mut last = self.state();
        tell(&[NotifyState::Ready, NotifyState::Status(&last)]);
        // Half of the time, as systemd advises, so that one late message costs nothing.
        let watchdog = sd_notify::watchdog_enabled().map(|within| within / 2);
        let mut ticks = interval(watchdog.map_or(LOOK_EVERY, |every| every.min(LOOK_EVERY)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut fed = Instant::now();
        while self
            .leaving
            .run_until_cancelled(ticks.tick())
            .await
            .is_some()
        {
            let state = self.state();
            if state != last {
                tell(&[NotifyState::Status(&state)]);
                last = state;
            }
            if watchdog.is_some_and(|every| fed.elapsed() >= every) && self.is_alive().await {
                tell(&[NotifyState::Watchdog]);
                fed = Instant::now();
            }
        }
        tell(&[NotifyState::Stopping, NotifyState::Status("ending")]);
    }

    /// Has systemd wait for a reload while `reload` runs (`Type=notify-reload`).
    pub fn during_reload(&self, reload: impl FnOnce()) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            tell(&[NotifyState::Reloading, now]);
        }
        reload();
        tell(&[NotifyState::Ready, NotifyState::Status(&self.state())]);
    }

    async fn is_alive(&self) -> bool {
        match (self.liveness)().await {
            Liveness::Alive => true,
            Liveness::Dead(part) => {
                tracing::error!(part, "the watchdog of systemd is not fed");
                false
            }
        }
    }

    /// The state in a line, without what changes all the time.
    fn state(&self) -> String {
        let report = self.sync.report();
        let known = format!(
            "{} services with {} instances",
            report.services, report.instances
        );
        let state = match &report.readiness {
            Readiness::NotReady(reason) => format!("not ready: {reason}"),
            Readiness::Restored => format!("stale: {known} from the snapshot on disk"),
            Readiness::Ready if report.stale => format!("stale: Nomad does not answer; {known}"),
            Readiness::Ready => format!("ready: {known}"),
        };
        // A line break would begin another message.
        let printable = state
            .chars()
            .map(|it| if it.is_control() { ' ' } else { it });
        printable.take(STATUS_CHARACTERS).collect()
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told how the gateway is");
    }
}

impl std::fmt::Debug for ServiceReporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceReporter").finish_non_exhaustive()
    }
}
