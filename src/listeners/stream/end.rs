//! How a connection ended, and how that is counted.

use super::super::counters::{ConnectionCounters, count};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionEnd {
    /// The client closed it, or it was time to end and nothing was owed any more.
    Closed,
    /// The client was idle, or too slow in sending or taking a message.
    TimedOut,
    /// The client sent what is no query.
    Malformed,
    /// The stream failed.
    Failed,
    /// Its client did not take its answers, and there was no room to keep them.
    Untaken,
}

impl ConnectionEnd {
    /// Counts it, where it is not the usual one.
    pub(in crate::listeners) fn count(self, counters: &ConnectionCounters) {
        match self {
            Self::TimedOut => count(&counters.timed_out),
            Self::Malformed => count(&counters.malformed),
            Self::Untaken => count(&counters.untaken),
            Self::Closed | Self::Failed => {}
        }
    }

    /// Whether the client may still take what was written to it.
    pub(in crate::listeners) const fn is_in_order(self) -> bool {
        matches!(self, Self::Closed | Self::TimedOut | Self::Malformed)
    }
}
