//! The query log of a running gateway, which a reload may begin, replace or end; and its metrics.
//!
//! Floor 7.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::collectors::total;
use crate::config::Settings;
use crate::exposition::{counter, family};
use crate::query_log::{QueryLog, QueryLogCounters, QueryLogSettings};

/// The most queues of UDP workers: each takes the memory of `query_log.queue_entries`.
const WORKER_QUEUES: usize = 16;

/// The query log that is in use.
#[derive(Debug, Default)]
pub(super) struct LiveQueryLog {
    counters: Arc<QueryLogCounters>,
    current: Mutex<Option<CurrentQueryLog>>,
    /// Those that are not in use any more, and have not ended.
    replaced: Mutex<Vec<Arc<QueryLog>>>,
}

#[derive(Debug)]
struct CurrentQueryLog {
    settings: QueryLogSettings,
    queues: usize,
    log: Arc<QueryLog>,
}

impl LiveQueryLog {
    /// The query log of these settings: the one in use if they are the same, else a new one. The old one goes on until
    /// `end_replaced`, except where both would write to one place.
    pub(super) fn of(&self, settings: &Settings) -> Option<Arc<QueryLog>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (wanted, queues) = (settings.query_log.as_ref(), queues(settings));
        if let Some(known) = &*current
            && (Some(&known.settings), known.queues) == (wanted, queues)
        {
            return Some(Arc::clone(&known.log));
        }
        if let Some(old) = current.take() {
            if wanted.is_some_and(|it| it.target == old.settings.target) {
                old.log.end();
            }
            let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
            replaced.push(old.log);
        }
        let wanted = wanted?;
        match QueryLog::start(wanted.clone(), queues, Arc::clone(&self.counters)) {
            Ok(log) => {
                let log = Arc::new(log);
                *current = Some(CurrentQueryLog {
                    settings: wanted.clone(),
                    queues,
                    log: Arc::clone(&log),
                });
                Some(log)
            }
            Err(error) => {
                tracing::error!(%error, "there is no query log: its thread cannot be started");
                None
            }
        }
    }

    /// Ends what nothing is recorded in any more.
    pub(super) fn end_replaced(&self) {
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        replaced.drain(..).for_each(|log| log.end());
    }

    /// Has its file opened again.
    pub(super) fn reopen(&self) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(CurrentQueryLog { settings, log, .. }) = &*current {
            log.reopen();
            tracing::info!(target = %settings.target, "reload: the query log is opened again");
        }
    }

    /// Writes what is queued and ends it; it waits for that, not for ever.
    pub(super) fn end(&self) {
        let current = self
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(current) = current {
            current.log.end();
        }
    }
}

/// A queue for each UDP worker up to a number from which on they share them, and one for all connections.
fn queues(settings: &Settings) -> usize {
    let workers = match settings.udp_workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    1 + (workers * settings.listen.dns.len()).min(WORKER_QUEUES)
}

/// Tells what became of its entries.
#[derive(Debug)]
pub(super) struct QueryLogCollector(pub(super) Arc<LiveQueryLog>);

impl Collector for QueryLogCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = &self.0.counters;
        let help = "Entries of the query log that were written";
        let name = "nomadns_query_log_written";
        total(&mut encoder, name, help, counters.written())?;
        let help = "Entries of the query log that were dropped, by reason";
        let name = "nomadns_query_log_dropped";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (reason, count) in counters.dropped() {
            counter(&mut own, &[("reason", reason)], count)?;
        }
        Ok(())
    }
}
