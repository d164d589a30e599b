//! What is done now and then, whatever comes in: what is too old goes, and what is known is told.
//!
//! Floor 2.

use std::time::Duration;

use tokio::time::Instant;

use super::{Catalogue, Engine, Phase};
use crate::catalog::Outcome;

/// How often old addresses are forgotten and the status is refreshed without any other reason.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl Engine {
    /// Does it when it is due; returns when that is next.
    pub(super) fn keep_house(&mut self, now: Instant) -> Instant {
        if now >= self.housekeeping {
            self.housekeeping = now + HOUSEKEEPING;
            if self.writer.retire_addresses(self.settings.address_grace) == Outcome::Changed {
                self.changed();
            }
            if self.catalogue == Catalogue::NeverPublished && self.phase == Phase::Following {
                let open = self.plan.open();
                self.status
                    .set_not_ready(format!("first sync: {open} services are still to be read"));
            }
            self.withdraw_what_is_too_old();
            self.doubt_a_silent_nomad(now);
            self.show_staleness();
            self.show_counts();
            self.find_more(now);
            self.forget_demanded(now);
            self.forget_unfollowed(now);
        }
        self.housekeeping
    }
}
