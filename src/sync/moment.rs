//! A moment in this process, or in an earlier one, for which only the wall clock is known.
//!
//! Floor 2. The time since then is measured by the monotonic clock, which does not jump.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// When something happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// By the wall clock, to be shown.
    pub(super) wall: SystemTime,
    at: Instant,
    /// How long ago it was at `at` already.
    before: Duration,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            at: Instant::now(),
            before: Duration::ZERO,
        }
    }

    /// Returns the moment so long ago, in a process before this one.
    pub(super) fn before_this_process(age: Duration) -> Self {
        let wall = SystemTime::now().checked_sub(age);
        Self {
            wall: wall.unwrap_or(SystemTime::UNIX_EPOCH),
            at: Instant::now(),
            // Never nothing, which is what tells the two apart.
            before: age.max(Duration::from_nanos(1)),
        }
    }

    pub(super) fn elapsed(self) -> Duration {
        self.at.elapsed().saturating_add(self.before)
    }

    /// Returns it by this process's own clock; none when it was before.
    pub(super) fn in_this_process(self) -> Option<Instant> {
        self.before.is_zero().then_some(self.at)
    }
}
