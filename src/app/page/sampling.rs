//! Measures what the graphs of the status page show, and tells open pages.
//!
//! It reads counters that are counted anyway, every few seconds, whether somebody looks or not.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::GatewayPage;
use crate::dns::Rcode;
use crate::layers::metrics::QueryTotals;
use crate::listeners::admin::{LiveStatus, Sample};

/// How often it is measured.
pub(super) const SAMPLE_EVERY: Duration = Duration::from_millis(2500);
/// How many measurements are kept: of five minutes. `page.js` keeps as many.
const SAMPLES_KEPT: usize = 120;

impl GatewayPage {
    /// Measures until `ending`.
    pub(super) async fn measure(self: Arc<Self>, ending: CancellationToken) {
        let mut ticks = interval(SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = (self.workers.totals(), self.upstream_queries());
        let mut since = ticks.tick().await;
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                () = self.leaving.cancelled() => {
                    self.publish();
                    return;
                }
                now = ticks.tick() => {
                    let seconds = now.duration_since(since).as_secs_f64();
                    let totals = (self.workers.totals(), self.upstream_queries());
                    self.keep(self.sample(&totals, &before, seconds));
                    self.publish();
                    (before, since) = (totals, now);
                }
            }
        }
    }

    /// Tells open pages.
    pub(super) fn publish(&self) {
        let text = serde_json::to_string(&self.live_status()).unwrap_or_default();
        self.live.send_replace(text.into());
    }

    /// The measurements that are kept.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.iter().copied().collect()
    }

    /// What changes all the time.
    pub(super) fn live_status(&self) -> LiveStatus {
        let report = self.sync.report();
        let snapshot = self.snapshot();
        let snapshot = snapshot.as_deref();
        LiveStatus {
            banner: super::state::banner(&report, self.leaving.is_cancelled()),
            services: snapshot.map_or(0, |it| it.services()),
            instances: snapshot.map_or(0, |it| it.instances()),
            failing_services: snapshot.map_or(0, |it| it.services_all_bad()),
            sample: Sample {
                nomad_age_seconds: report.since_success.map(|it| it.as_secs_f64()),
                ..self.samples().last().copied().unwrap_or_default()
            },
        }
    }

    fn keep(&self, sample: Sample) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= SAMPLES_KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    fn sample(
        &self,
        (now, upstream): &(QueryTotals, u64),
        (before, upstream_before): &(QueryTotals, u64),
        seconds: f64,
    ) -> Sample {
        let counted = now.since(before);
        let rate = |count: u64| count as f64 / seconds.max(f64::MIN_POSITIVE);
        let asked = counted.hits + counted.misses;
        let microseconds = |part| counted.quantile_seconds(part).map(|it| it * 1e6);
        Sample {
            answers_per_second: rate(counted.answered()),
            nxdomain_per_second: rate(counted.with(Rcode::NXDOMAIN)),
            servfail_per_second: rate(counted.with(Rcode::SERVFAIL)),
            hit_ratio: (asked > 0).then(|| counted.hits as f64 / asked as f64),
            median_microseconds: microseconds(0.5),
            p99_microseconds: microseconds(0.99),
            nomad_age_seconds: self.sync.report().since_success.map(|it| it.as_secs_f64()),
            upstream_queries_per_second: rate(upstream.saturating_sub(*upstream_before)),
        }
    }

    fn upstream_queries(&self) -> u64 {
        let forwarder = self.forwarder.now();
        let zones = forwarder.iter().flat_map(|it| it.zones());
        zones
            .map(|zone| {
                let report = zone.report();
                let counts = report
                    .iter()
                    .flat_map(|(_, _, _, counters)| counters.results());
                counts.map(|(_, count)| count).sum::<u64>()
            })
            .sum()
    }
}
