//! How old what is answered may be: when answers are marked as stale, and when silence is a reason to ask.
//!
//! Floor 2.

use std::time::Duration;

use tokio::time::Instant;

use super::{Catalogue, Engine, Phase};

/// A silence this much longer than answers may be old is a reason to ask. A healthy stream is never so silent.
const SILENCE_SLACK: Duration = Duration::from_secs(2);

impl Engine {
    /// Marks answers as stale, or as current again (RFC 8767, RFC 8914 sections 4.4 and 4.20).
    pub(super) fn show_staleness(&self) {
        let silent = self.status.since_heard();
        let silent = silent.is_none_or(|silent| silent >= self.settings.stale_after);
        let restored = self.catalogue == Catalogue::Restored;
        self.status
            .set_stale(restored || (self.outage.is_on() && silent));
    }

    /// Asks every list when nothing was heard for long: a connection may be dead without saying so.
    pub(super) fn doubt_a_silent_nomad(&mut self, now: Instant) {
        let most = self.settings.stale_after + SILENCE_SLACK;
        let silent = self.status.since_heard();
        if self.phase == Phase::Following && silent.is_some_and(|silent| silent >= most) {
            self.doubt(now);
        }
    }
}
