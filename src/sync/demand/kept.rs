//! The state of one service that is read on demand.
//!
//! Floor 2, no I/O.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::catalog::{NotRead, UnknownReason};
use crate::sync::settings::OnDemand;

/// How long a service whose read failed is not read again.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// Whether a service has instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) enum KnownService {
    /// It was never read.
    Nothing,
    Here,
    Absent,
}

/// One of them.
#[derive(Debug)]
pub(super) struct KeptService {
    pub(super) known: KnownService,
    pub(super) asked: Instant,
    /// When the last read that succeeded was asked of Nomad.
    pub(super) read: Option<Instant>,
    /// When the last read failed, and why.
    pub(super) failed: Option<(Instant, UnknownReason)>,
    pub(super) work: ReadActivity,
    pub(super) waiters: Vec<Waiter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadActivity {
    Idle,
    Reading(Instant),
}

/// What a wish comes to, by the age of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// What is kept is new enough.
    Held,
    /// It is, but is read again meanwhile.
    HeldAndRead,
    /// It has to be read first.
    Read,
}

impl Freshness {
    /// The same, where a read that is under way need not be begun again.
    pub(super) fn unless_read(self, work: ReadActivity) -> Self {
        match (self, work) {
            (Self::HeldAndRead, ReadActivity::Reading(_)) => Self::Held,
            _ => self,
        }
    }
}

impl KeptService {
    pub(super) fn new(known: KnownService, now: Instant) -> Self {
        Self {
            known,
            asked: now,
            read: None,
            failed: None,
            work: ReadActivity::Idle,
            waiters: Vec::new(),
        }
    }

    pub(super) fn freshness(&self, settings: &OnDemand, now: Instant) -> Freshness {
        let keep = match self.known {
            KnownService::Here => settings.keep,
            KnownService::Absent => settings.keep_absent,
            KnownService::Nothing => return Freshness::Read,
        };
        match self.read.map(|read| now.duration_since(read)) {
            Some(age) if age < keep / 2 => Freshness::Held,
            Some(age) if age < keep => Freshness::HeldAndRead,
            _ => Freshness::Read,
        }
    }

    /// Why it is not read again yet.
    pub(super) fn failed_just(&self, now: Instant) -> Option<UnknownReason> {
        let (failed, reason) = self.failed?;
        (now.duration_since(failed) < FAILED_PAUSE).then_some(reason)
    }
}

/// What is said without a new read: an old answer is better than none, an old denial is not.
pub(super) fn without_read(known: KnownService, error: NotRead) -> Result<(), NotRead> {
    match known {
        KnownService::Here => Ok(()),
        KnownService::Absent | KnownService::Nothing => Err(error),
    }
}

/// Tells a query that the catalogue has what it asked for, or why not.
pub(in crate::sync) type Waiter = oneshot::Sender<Result<(), NotRead>>;

/// Tells one; who asked may have given up.
pub(super) fn tell(waiter: Waiter, what: Result<(), NotRead>) {
    let _ = waiter.send(what);
}
