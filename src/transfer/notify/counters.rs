//! Counts what is sent to one secondary, and what becomes of it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::dns::Rcode;
use crate::dns::tsig::TsigError;

/// Why a secondary has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyFailure {
    /// Nothing came in time.
    #[error("it does not answer")]
    Timeout,
    /// The host or the network says that nobody is there.
    #[error("nobody is at its address and port")]
    Unreachable,
    /// It answered with an error.
    #[error("it answers {0}; is this gateway a primary of the zone in its configuration?")]
    Rcode(Rcode),
    /// Its response is not signed as it has to be, or it refuses the signature.
    #[error("{0}; compare the key in both configurations, and the clocks")]
    Tsig(TsigError),
    /// The key that messages to it are signed with is gone.
    #[error("its key is not in [[transfer.keys]] any more")]
    NoKey,
    /// The system has no socket for it, or none with the source address.
    #[error("no socket can be opened for it; check the source of this [[transfer.notify]] section")]
    Socket,
}

impl NotifyFailure {
    /// The word for it in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Rcode(_) => "rcode",
            Self::Tsig(_) | Self::NoKey => "tsig",
            Self::Socket => "socket",
        }
    }

    /// One of each kind, in the order of their counts.
    const KINDS: [Self; 5] = [
        Self::Timeout,
        Self::Unreachable,
        Self::Rcode(Rcode::NOERROR),
        Self::NoKey,
        Self::Socket,
    ];

    fn place(self) -> usize {
        let is_same = |kind: &Self| kind.label() == self.label();
        Self::KINDS.iter().position(is_same).unwrap_or(0)
    }
}

/// The counters of one secondary.
#[derive(Debug, Default)]
pub(super) struct NotifyCounters {
    sent: AtomicU64,
    answered: AtomicU64,
    failed: [AtomicU64; NotifyFailure::KINDS.len()],
}

/// What was counted of one secondary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotifyCounts {
    /// NOTIFY messages sent, repeated ones too.
    pub sent: u64,
    /// Those that were answered without an error.
    pub answered: u64,
    /// Those that failed, by the word for the reason.
    pub failed: Vec<(&'static str, u64)>,
}

impl NotifyCounters {
    pub(super) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, result: Result<(), NotifyFailure>) {
        let counter = match result {
            Ok(()) => &self.answered,
            Err(failure) => &self.failed[failure.place()],
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> NotifyCounts {
        let failed = NotifyFailure::KINDS.iter().zip(&self.failed);
        NotifyCounts {
            sent: self.sent.load(Ordering::Relaxed),
            answered: self.answered.load(Ordering::Relaxed),
            failed: failed
                .map(|(kind, count)| (kind.label(), count.load(Ordering::Relaxed)))
                .collect(),
        }
    }
}
