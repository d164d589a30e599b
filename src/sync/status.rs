//! The state of the synchronisation, for readiness, metrics and the status page.
//!
//! Floor 2. Only the engine writes it. A reader gets a copy and holds no lock.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::durations::SyncDurations;
use super::moment::Moment;
use super::oddities::{Examples, Oddity, OddityCounts};
use super::report::{LargeServices, Readiness, Report};
use super::rights::{Access, HealthAccess};
use crate::catalog::UnknownReason;
use crate::nomad::{Cause, NomadError};

/// The state of the synchronisation, shared.
#[derive(Debug, Default)]
pub struct Status {
    words: Mutex<StatusDetails>,
    errors: [AtomicU64; Cause::KINDS.len()],
    oddities: [AtomicUsize; Oddity::ALL.len()],
    lists: AtomicU64,
    reads: AtomicU64,
    resyncs: AtomicU64,
    streams: AtomicU64,
    index: AtomicU64,
    services: AtomicUsize,
    instances: AtomicUsize,
    first_sync: [AtomicUsize; 2],
    stale: Arc<AtomicBool>,
    snapshots_written: AtomicU64,
    snapshots_failed: AtomicU64,
    watched: [AtomicUsize; 2],
    check_reads: AtomicU64,
    held: AtomicUsize,
    pub(super) durations: SyncDurations,
}

#[derive(Debug, Default)]
struct StatusDetails {
    access: Access,
    health: HealthAccess,
    readiness: Readiness,
    last_error: Option<String>,
    last_success: Option<Moment>,
    failing_since: Option<Moment>,
    odd_examples: Examples,
    address: String,
    missing: Vec<(Arc<str>, UnknownReason)>,
    large: LargeServices,
}

impl Status {
    /// Starts not ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the state now.
    #[must_use]
    pub fn report(&self) -> Report {
        let errors = Cause::KINDS.into_iter().zip(self.errors.iter().map(load));
        let oddities = self
            .oddities
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let oddities = Oddity::ALL.into_iter().map(Oddity::label).zip(oddities);
        let words = self.words();
        let examples = Oddity::ALL.into_iter().zip(&words.odd_examples);
        let examples = examples
            .filter_map(|(oddity, example)| Some((oddity.label(), Arc::clone(example.as_ref()?))));
        Report {
            odd_examples: examples.collect(),
            access: words.access.clone(),
            health: words.health.clone(),
            missing: words.missing.clone(),
            large: words.large.clone(),
            watched_services: self.watched[0].load(Ordering::Relaxed),
            watched_allocations: self.watched[1].load(Ordering::Relaxed),
            check_reads: load(&self.check_reads),
            held_instances: self.held.load(Ordering::Relaxed),
            changes: self.durations.changes(),
            last_full_read: self.durations.last_full_read(),
            readiness: words.readiness.clone(),
            first_sync: (
                self.first_sync[0].load(Ordering::Relaxed),
                self.first_sync[1].load(Ordering::Relaxed),
            ),
            last_error: words.last_error.clone(),
            last_success: words.last_success.map(|it| it.wall),
            since_success: words.last_success.map(Moment::elapsed),
            failing_for: words.failing_since.map(Moment::elapsed),
            index: load(&self.index),
            services: self.services.load(Ordering::Relaxed),
            instances: self.instances.load(Ordering::Relaxed),
            errors: errors.collect(),
            oddities: oddities.collect(),
            lists: load(&self.lists),
            reads: load(&self.reads),
            resyncs: load(&self.resyncs),
            streams: load(&self.streams),
            stale: self.stale.load(Ordering::Relaxed),
            snapshots_written: load(&self.snapshots_written),
            snapshots_failed: load(&self.snapshots_failed),
        }
    }

    /// Returns whether the catalogue has been complete once.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.words().readiness.clone()
    }

    /// Returns how long Nomad has given no usable answer; none while it does.
    #[must_use]
    pub fn failing_for(&self) -> Option<Duration> {
        self.words().failing_since.map(Moment::elapsed)
    }

    /// Returns the mark that is set while answers are older than they should be.
    #[must_use]
    pub fn stale_mark(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stale)
    }

    /// Returns how long ago Nomad was heard; none when it never was.
    pub(super) fn since_heard(&self) -> Option<Duration> {
        self.words().last_success.map(Moment::elapsed)
    }

    /// Returns when Nomad was heard; none when that was before this process, or never.
    pub(super) fn heard_at(&self) -> Option<Instant> {
        self.words().last_success.and_then(Moment::in_this_process)
    }

    /// Notes that answers come from what an earlier process left, which had heard Nomad so long ago.
    pub(super) fn restored(&self, age: Duration, index: u64, counts: (usize, usize)) {
        let heard = Moment::before_this_process(age);
        let mut words = self.words();
        words.readiness = Readiness::Restored;
        (words.last_success, words.failing_since) = (Some(heard), Some(heard));
        drop(words);
        self.set_counts(index, counts);
        self.set_stale(true);
    }

    pub(super) fn set_stale(&self, stale: bool) {
        self.stale.store(stale, Ordering::Relaxed);
    }

    pub(super) fn snapshot_written(&self) {
        self.snapshots_written.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot_failed(&self) {
        self.snapshots_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, what: NomadAnswer) {
        let count = match what {
            NomadAnswer::List => &self.lists,
            NomadAnswer::Read => &self.reads,
            NomadAnswer::Stream => &self.streams,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.heard();
    }

    /// Notes that Nomad lives.
    pub(super) fn heard(&self) {
        self.words().last_success = Some(Moment::now());
    }

    pub(super) fn resynced(&self) {
        self.resyncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn erred(&self, error: &NomadError) {
        self.errors[error.cause.kind()].fetch_add(1, Ordering::Relaxed);
        self.words().last_error = Some(error.to_string());
    }

    pub(super) fn set_access(&self, access: &Access) {
        self.words().access.clone_from(access);
    }

    /// Says so in the log when something is refused that was not before, or is not any more.
    pub(super) fn set_health(
        &self,
        access: &HealthAccess,
        (services, allocations): (usize, usize),
    ) {
        let before = std::mem::replace(&mut self.words().health, access.clone());
        if before != *access && access.is_denied() {
            tracing::warn!("health: {access}");
        } else if before.is_denied() && !access.is_denied() {
            tracing::info!("health: {access}");
        }
        self.watched[0].store(services, Ordering::Relaxed);
        self.watched[1].store(allocations, Ordering::Relaxed);
    }

    pub(super) fn read_checks(&self) {
        self.check_reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_held(&self, instances: usize) {
        self.held.store(instances, Ordering::Relaxed);
    }

    /// Notes how far the first sync is.
    pub(super) fn set_first_sync(&self, read: usize, listed: usize) {
        self.first_sync[0].store(read, Ordering::Relaxed);
        self.first_sync[1].store(listed, Ordering::Relaxed);
    }

    pub(super) fn set_not_ready(&self, reason: String) {
        self.words().readiness = Readiness::NotReady(reason);
    }

    pub(super) fn set_ready(&self) {
        self.words().readiness = Readiness::Ready;
    }

    /// Notes that Nomad gives no usable answer now, and why.
    pub(super) fn set_failing(&self, why: &str) {
        let mut words = self.words();
        words.failing_since.get_or_insert_with(Moment::now);
        if let Readiness::NotReady(reason) = &mut words.readiness {
            why.clone_into(reason);
        }
    }

    /// Says whether anything is answered from.
    pub(super) fn is_ready(&self) -> bool {
        !matches!(self.words().readiness, Readiness::NotReady(_))
    }

    /// Notes that Nomad gives usable answers again; returns how long it did not.
    pub(super) fn set_working(&self) -> Option<Duration> {
        self.words().failing_since.take().map(Moment::elapsed)
    }

    /// Notes which address is followed.
    pub(super) fn set_address(&self, address: String) {
        self.words().address = address;
    }

    /// Returns the address that is followed.
    pub(super) fn address(&self) -> String {
        self.words().address.clone()
    }

    /// Notes which namespaces are wanted and cannot be listed.
    pub(super) fn set_missing(&self, missing: Vec<(Arc<str>, UnknownReason)>) {
        self.words().missing = missing;
    }

    /// Notes which services have many instances.
    pub(super) fn set_large(&self, large: LargeServices) {
        self.words().large = large;
    }

    pub(super) fn set_counts(&self, index: u64, (services, instances): (usize, usize)) {
        self.index.store(index, Ordering::Relaxed);
        self.services.store(services, Ordering::Relaxed);
        self.instances.store(instances, Ordering::Relaxed);
    }

    pub(super) fn set_oddities(&self, counts: &OddityCounts, examples: &Examples) {
        self.words().odd_examples.clone_from(examples);
        for (shown, count) in self.oddities.iter().zip(counts) {
            shown.store(*count, Ordering::Relaxed);
        }
    }

    fn words(&self) -> std::sync::MutexGuard<'_, StatusDetails> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Nomad answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NomadAnswer {
    List,
    Read,
    Stream,
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
