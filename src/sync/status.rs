//! What the synchronisation says about itself, for readiness, metrics and the status page.
//!
//! Floor 2. Written by the engine alone, read by whoever likes; a reader gets a copy and holds no lock.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::access::Access;
use super::health::HealthAccess;
use super::oddities::{Counts, Oddity};
use crate::nomad::{Cause, NomadError};

/// The state of the synchronisation, shared.
#[derive(Debug, Default)]
pub struct Status {
    words: Mutex<Words>,
    errors: [AtomicU64; Cause::KINDS.len()],
    oddities: [AtomicUsize; Oddity::ALL.len()],
    lists: AtomicU64,
    reads: AtomicU64,
    passes: AtomicU64,
    streams: AtomicU64,
    index: AtomicU64,
    services: AtomicUsize,
    instances: AtomicUsize,
    watched: [AtomicUsize; 2],
    check_reads: AtomicU64,
    held: AtomicUsize,
}

#[derive(Debug, Default)]
struct Words {
    access: Access,
    health: HealthAccess,
    readiness: Readiness,
    last_error: Option<String>,
    last_success: Option<(SystemTime, Instant)>,
    failing_since: Option<Instant>,
}

/// Whether the catalogue has been complete once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It has.
    Ready,
    /// It has not, for this reason.
    NotReady(String),
}

impl Default for Readiness {
    fn default() -> Self {
        Self::NotReady("Nomad has not been asked yet".into())
    }
}

/// The state of the synchronisation at one moment.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the token may see; its `Display` says it in plain words.
    pub access: Access,
    /// Whether the catalogue has been complete once.
    pub readiness: Readiness,
    /// The last thing that went wrong, without secrets and fit for a log.
    pub last_error: Option<String>,
    /// When Nomad last answered.
    pub last_success: Option<SystemTime>,
    /// How long ago that was.
    pub since_success: Option<Duration>,
    /// How long Nomad has given no usable answer; none while it does.
    pub failing_for: Option<Duration>,
    /// Nomad's highest index known.
    pub index: u64,
    /// Services with an instance, as Nomad names them.
    pub services: usize,
    /// Instances of all services.
    pub instances: usize,
    /// What of health is looked at; its `Display` says it in plain words.
    pub health: HealthAccess,
    /// Services whose checks are read now.
    pub watched_services: usize,
    /// Allocations whose checks are read now.
    pub watched_allocations: usize,
    /// Requests for checks so far.
    pub check_reads: u64,
    /// Instances that a list or a full read took away and that are kept for a grace.
    pub held_instances: usize,
    /// Errors so far, by kind.
    pub errors: Vec<(&'static str, u64)>,
    /// Odd registrations now, by reason.
    pub oddities: Vec<(&'static str, usize)>,
    /// Lists that answered so far.
    pub lists: u64,
    /// Services read so far.
    pub reads: u64,
    /// Full passes so far, without the first sync.
    pub passes: u64,
    /// Event streams opened so far.
    pub streams: u64,
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
        Report {
            access: words.access.clone(),
            health: words.health,
            watched_services: self.watched[0].load(Ordering::Relaxed),
            watched_allocations: self.watched[1].load(Ordering::Relaxed),
            check_reads: load(&self.check_reads),
            held_instances: self.held.load(Ordering::Relaxed),
            readiness: words.readiness.clone(),
            last_error: words.last_error.clone(),
            last_success: words.last_success.map(|(at, _)| at),
            since_success: words.last_success.map(|(_, at)| at.elapsed()),
            failing_for: words.failing_since.map(|since| since.elapsed()),
            index: load(&self.index),
            services: self.services.load(Ordering::Relaxed),
            instances: self.instances.load(Ordering::Relaxed),
            errors: errors.collect(),
            oddities: oddities.collect(),
            lists: load(&self.lists),
            reads: load(&self.reads),
            passes: load(&self.passes),
            streams: load(&self.streams),
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
        self.words().failing_since.map(|since| since.elapsed())
    }

    pub(super) fn answered(&self, what: Answered) {
        let count = match what {
            Answered::List => &self.lists,
            Answered::Read => &self.reads,
            Answered::Stream => &self.streams,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.heard();
    }

    /// Notes that Nomad lives.
    pub(super) fn heard(&self) {
        self.words().last_success = Some((SystemTime::now(), Instant::now()));
    }

    pub(super) fn passed(&self) {
        self.passes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn erred(&self, error: &NomadError) {
        self.errors[error.cause.kind()].fetch_add(1, Ordering::Relaxed);
        self.words().last_error = Some(error.to_string());
    }

    pub(super) fn set_access(&self, access: &Access) {
        self.words().access.clone_from(access);
    }

    /// Says so in the log when something is refused that was not before, or is not any more.
    pub(super) fn set_health(&self, access: HealthAccess, (services, allocations): (usize, usize)) {
        let before = std::mem::replace(&mut self.words().health, access);
        if before != access && access.is_denied() {
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

    pub(super) fn set_not_ready(&self, reason: String) {
        self.words().readiness = Readiness::NotReady(reason);
    }

    pub(super) fn set_ready(&self) {
        self.words().readiness = Readiness::Ready;
    }

    pub(super) fn set_failing(&self) {
        self.words().failing_since.get_or_insert_with(Instant::now);
    }

    pub(super) fn set_working(&self) -> Option<Duration> {
        self.words()
            .failing_since
            .take()
            .map(|since| since.elapsed())
    }

    pub(super) fn set_counts(&self, index: u64, (services, instances): (usize, usize)) {
        self.index.store(index, Ordering::Relaxed);
        self.services.store(services, Ordering::Relaxed);
        self.instances.store(instances, Ordering::Relaxed);
    }

    pub(super) fn set_oddities(&self, counts: &Counts) {
        for (shown, count) in self.oddities.iter().zip(counts) {
            shown.store(*count, Ordering::Relaxed);
        }
    }

    fn words(&self) -> std::sync::MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Nomad answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    List,
    Read,
    Stream,
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
