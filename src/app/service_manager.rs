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
    /// How long the end takes at most.
    ends_within: Duration,
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

/// When systemd's watchdog is to be fed.
#[derive(Clone, Copy, Debug)]
struct Watchdog {
    /// Half of the time that there is, as systemd advises, so that one late message costs nothing.
    every: Duration,
    fed: Instant,
}

impl Watchdog {
    fn new(within: Duration, now: Instant) -> Self {
        Self {
            every: within / 2,
            fed: now,
        }
    }

    /// How often it is looked whether it is time.
    fn look_every(&self) -> Duration {
        self.every.min(LOOK_EVERY)
    }

    /// Whether it is time: the next look would be too late.
    fn is_due(&self, now: Instant) -> bool {
        now + self.look_every() > self.fed + self.every
    }
}

impl ServiceReporter {
    pub(super) fn new(
        sync: Arc<sync::Status>,
        liveness: LivenessProbe,
        leaving: CancellationToken,
        ends_within: Duration,
    ) -> Self {
        Self {
            sync,
            liveness,
            leaving,
            ends_within,
        }
    }

    /// Tells that the gateway has started; then what changes, until it is about to end, and how long that takes. Feeds the
    /// watchdog only if the gateway has answered a query of its own through each worker. It does not return.
    pub async fn report(self) {
        let mut last = self.state();
        tell(&[NotifyState::Ready, NotifyState::Status(&last)]);
        let mut watchdog =
            sd_notify::watchdog_enabled().map(|within| Watchdog::new(within, Instant::now()));
        let mut ticks = interval(watchdog.as_ref().map_or(LOOK_EVERY, Watchdog::look_every));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some(now) = self.leaving.run_until_cancelled(ticks.tick()).await {
            let state = self.state();
            if state != last {
                tell(&[NotifyState::Status(&state)]);
                last = state;
            }
            if let Some(watchdog) = &mut watchdog
                && watchdog.is_due(now)
                && self.is_alive().await
            {
                tell(&[NotifyState::Watchdog]);
                watchdog.fed = now;
            }
        }
        let within = u32::try_from(self.ends_within.as_micros()).unwrap_or(u32::MAX);
        tell(&[
            NotifyState::Stopping,
            NotifyState::Status("ending"),
            // What is configured here counts, also where it is longer than TimeoutStopSec=.
            NotifyState::ExtendTimeoutUsec(within),
        ]);
        loop {
            ticks.tick().await;
            // The end has a time of its own, and workers that have ended answer nothing.
            if watchdog.is_some() {
                tell(&[NotifyState::Watchdog]);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_fed_twice_in_its_time_whatever_that_is() {
        for within_ms in [
            10, 999, 1000, 1500, 2000, 2010, 3000, 4001, 30_000, 3_600_000,
        ] {
            let within = Duration::from_millis(within_ms);
            let mut watchdog = Watchdog::new(within, Instant::now());
            let (mut now, mut feedings) = (watchdog.fed, 0);
            let end = now + within * 10;
            while now < end {
                now += watchdog.look_every();
                if watchdog.is_due(now) {
                    assert!(now - watchdog.fed <= within / 2, "{within:?}");
                    watchdog.fed = now;
                    feedings += 1;
                }
            }
            // It is not asked all the time either.
            assert!((20..=41).contains(&feedings), "{within:?}: {feedings}");
        }
    }
}
