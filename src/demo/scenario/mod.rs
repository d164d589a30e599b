//! The cluster of `nomadns demo`: services that scale, restart and fail on their own.
//!
//! `cast` has the services at the start, `moves` the changes. Both use the same handle as tests.

mod cast;
mod moves;

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::demo::handle::{BulkLoad, SimulatedNomad};
use moves::Moves;

/// Changes that are due are made together at most so often.
const SHORTEST_TICK: Duration = Duration::from_millis(10);
/// Slower than one change in an hour is never.
const SLOWEST_RATE: f64 = 1.0 / 3600.0;
/// More changes per second than anybody can ask for.
const FASTEST_RATE: f64 = 100_000.0;

/// How the cluster looks and moves.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many generated services there are beside the cast: `svc000000.default` and so on.
    pub services: usize,
    /// How many instances each generated service has.
    pub instances: usize,
    /// How many changes happen in a second; 0 is a cluster that stands still.
    pub change_rate: f64,
    /// The time from the start, or the end of an outage, to the next.
    pub outage_every: Option<Duration>,
    /// How long an outage lasts.
    pub outage_length: Duration,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            services: 0,
            instances: 10,
            change_rate: 0.5,
            outage_every: None,
            outage_length: Duration::from_secs(5),
        }
    }
}

impl Scenario {
    /// Puts the cast and the generated services in.
    pub fn populate(&self, nomad: &SimulatedNomad) {
        if self.services > 0 {
            nomad.load_services(&self.generated());
        }
        cast::enter(nomad);
    }

    /// Lets the cluster move until a future ends. An outage that is on then is not ended.
    pub async fn run(self, nomad: SimulatedNomad, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = shutdown => {}
            () = self.moving(&nomad) => {}
            () = self.outages(&nomad) => {}
        }
    }

    fn generated(&self) -> BulkLoad {
        BulkLoad {
            services: self.services,
            instances: self.instances,
            ..BulkLoad::default()
        }
    }

    async fn moving(&self, nomad: &SimulatedNomad) {
        if self.change_rate.is_nan() || self.change_rate < SLOWEST_RATE {
            return std::future::pending().await;
        }
        let rate = self.change_rate.min(FASTEST_RATE);
        let tick = Duration::from_secs_f64(1.0 / rate).max(SHORTEST_TICK);
        let mut ticks = interval(tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // At once is too early: people look first.
        ticks.tick().await;
        let mut moves = Moves::new(nomad.clone(), self.generated());
        let mut due = 0.0;
        loop {
            ticks.tick().await;
            due += rate * tick.as_secs_f64();
            while due >= 1.0 {
                moves.next();
                due -= 1.0;
            }
        }
    }

    async fn outages(&self, nomad: &SimulatedNomad) {
        let Some(every) = self.outage_every else {
            return std::future::pending().await;
        };
        loop {
            sleep_until(Instant::now() + every).await;
            tracing::info!(length = ?self.outage_length, "simulated Nomad goes away");
            nomad.vanish().await;
            sleep_until(Instant::now() + self.outage_length).await;
            match nomad.come_back() {
                Ok(()) => tracing::info!("simulated Nomad is back"),
                Err(error) => tracing::warn!(%error, "simulated Nomad cannot come back yet"),
            }
        }
    }
}
