//! What became of the last reload, for metrics and the operator's pages.
//!
//! Floor 7.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::collectors::gauge;
use crate::config::ConfigValue;
use crate::exposition::{counter, family};

/// What became of the configuration since the start.
#[derive(Debug)]
pub(super) struct ReloadStatus(Mutex<Reloads>);

/// What is known of it now.
#[derive(Clone, Debug)]
pub(super) struct Reloads {
    /// Each key with the value in force.
    pub(super) values: Arc<Vec<ConfigValue>>,
    succeeded: u64,
    failed: u64,
    /// When the configuration in force was read.
    read_at: SystemTime,
    /// Why the last reload failed; none when it did not.
    pub(super) error: Option<String>,
    /// The keys that a restart would change.
    pub(super) waiting: Vec<String>,
}

impl ReloadStatus {
    /// After a start, which is no reload.
    pub(super) fn new(values: Vec<ConfigValue>) -> Self {
        Self(Mutex::new(Reloads {
            values: Arc::new(values),
            succeeded: 0,
            failed: 0,
            read_at: SystemTime::now(),
            error: None,
            waiting: Vec::new(),
        }))
    }

    /// What is known now.
    pub(super) fn now(&self) -> Reloads {
        self.locked(|reloads| reloads.clone())
    }

    /// Each key with the value in force.
    pub(super) fn values(&self) -> Arc<Vec<ConfigValue>> {
        self.locked(|reloads| Arc::clone(&reloads.values))
    }

    pub(super) fn use_values(&self, values: Vec<ConfigValue>) {
        self.locked(|reloads| reloads.values = Arc::new(values));
    }

    pub(super) fn succeeded(&self, waiting: Vec<String>) {
        self.locked(|reloads| {
            reloads.succeeded += 1;
            reloads.read_at = SystemTime::now();
            reloads.error = None;
            reloads.waiting = waiting;
        });
    }

    pub(super) fn failed(&self, error: String) {
        self.locked(|reloads| {
            reloads.failed += 1;
            reloads.error = Some(error);
        });
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Reloads) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells of reloads as Prometheus does of its own.
#[derive(Debug)]
pub(super) struct ReloadCollector(pub(super) Arc<ReloadStatus>);

impl Collector for ReloadCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let reloads = self.0.now();
        let help = "Times that the configuration was read again, by result";
        let name = "nomadns_config_reloads";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (result, count) in [("success", reloads.succeeded), ("failure", reloads.failed)] {
            counter(&mut own, &[("result", result)], count)?;
        }
        let name = "nomadns_config_last_reload_successful";
        let help = "Whether the last reload of the configuration succeeded, 1 or 0";
        gauge(
            &mut encoder,
            name,
            help,
            &u64::from(reloads.error.is_none()),
        )?;
        let at = reloads.read_at.duration_since(SystemTime::UNIX_EPOCH);
        let name = "nomadns_config_last_reload_success_timestamp_seconds";
        let help = "When the configuration in force was read";
        gauge(
            &mut encoder,
            name,
            help,
            &at.unwrap_or_default().as_secs_f64(),
        )?;
        let waiting = u64::try_from(reloads.waiting.len()).unwrap_or(u64::MAX);
        let name = "nomadns_config_restart_keys";
        let help = "Keys of the configuration whose values change only with a restart";
        gauge(&mut encoder, name, help, &waiting)
    }
}
