//! A copy of the state of the synchronisation, for its readers.
//!
//! Floor 2. A report never changes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::rights::{Access, HealthAccess};
use crate::catalog::UnknownReason;
pub use crate::exposition::HistogramCounts;

/// Whether the catalogue has been complete once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It has.
    Ready,
    /// It has not in this process; what an earlier one left on disk is answered from.
    Restored,
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
    /// Namespaces that are wanted and cannot be listed, and why.
    pub missing: Vec<(Arc<str>, UnknownReason)>,
    /// Whether the catalogue has been complete once.
    pub readiness: Readiness,
    /// Services that the first sync has read, and all that it has to read; none and none before it knows.
    pub first_sync: (usize, usize),
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
    /// Instances that a list or a resync took away and that are kept for a grace.
    pub held_instances: usize,
    /// Errors so far, by kind.
    pub errors: Vec<(&'static str, u64)>,
    /// Services with so many instances that some resolvers do not take their records.
    pub large: LargeServices,
    /// Odd registrations now, by reason.
    pub oddities: Vec<(&'static str, usize)>,
    /// One example of each, by reason.
    pub odd_examples: Vec<(&'static str, Arc<str>)>,
    /// Lists that answered so far.
    pub lists: u64,
    /// Services read so far.
    pub reads: u64,
    /// Resyncs so far, without the first sync: everything that may have changed was read again.
    pub resyncs: u64,
    /// How long it took to read everything the last time; zero before the first.
    pub last_full_read: Duration,
    /// How long it took from an event of Nomad until its change was in the answers, in seconds.
    pub changes: HistogramCounts,
    /// Event streams opened so far.
    pub streams: u64,
    /// Whether answers are marked as stale.
    pub stale: bool,
    /// Snapshots written to disk so far.
    pub snapshots_written: u64,
    /// Snapshots that could not be written.
    pub snapshots_failed: u64,
}

/// Services with more instances than some resolvers take records of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LargeServices {
    /// How many instances are not too many.
    pub above: usize,
    /// How many services have more.
    pub count: usize,
    /// The largest of them, as NAMESPACE/SERVICE, with their instances.
    pub named: Vec<(String, usize)>,
}

impl LargeServices {
    /// What its operator can do about it.
    pub(super) fn hint(&self) -> String {
        format!(
            "more than {} instances. If BIND forwards to this gateway, set max-records-per-type 0 in BIND; for PowerDNS \
             Recursor raise max-rrset-size (256); without that they answer SERVFAIL. Or set limits.set_records here",
            self.above
        )
    }
}

impl fmt::Display for LargeServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, instances)) in self.named.iter().enumerate() {
            let gap = if place == 0 { "" } else { ", " };
            write!(f, "{gap}{} ({instances})", name.escape_debug())?;
        }
        match self.count.saturating_sub(self.named.len()) {
            0 => write!(f, ": ")?,
            more => write!(f, " and {more} more: ")?,
        }
        f.write_str(&self.hint())
    }
}
