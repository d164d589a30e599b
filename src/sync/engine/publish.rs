//! When the working copy of the catalogue is published, and how old answers may get.
//!
//! Floor 2.

use tokio::time::Instant;

use super::Engine;
use crate::catalog::Coverage;
use crate::sync::apply::Published;

impl Engine {
    /// Publishes what changed, once it is complete.
    pub(super) fn publish(&mut self, now: Instant) {
        let first = !self.applier.is_live();
        if first {
            let (open, listed) = (self.follow.plan().open(), self.follow.plan().known());
            self.status.set_first_sync(listed - open, listed);
        }
        let is_complete = self.follow.is_following() && self.follow.plan().is_complete();
        let ends_on_demand = self.demand.is_on() && is_complete && !self.follow.is_failing();
        let mut waiters = Vec::new();
        if ends_on_demand {
            waiters = self.demand.end();
            self.applier.cover(Coverage::Complete);
        }
        // What changes nothing, or is not published, is not waited for.
        let changes = self.follow.plan_mut().take_changes_read();
        let waits = self.follow.is_failing() || !(self.demand.is_on() || is_complete);
        if self.applier.published() == Published::Current || (first && waits) {
            return;
        }
        if first && !self.demand.is_on() {
            self.drop_what_nomad_has_no_more(now);
        }
        let index = self.follow.plan().highest_index();
        self.applier.publish(index);
        for waiter in waiters {
            // Who asked may have given up.
            let _ = waiter.send(Ok(()));
        }
        for came in changes {
            // The turn may have begun long before what it published was made.
            self.status.durations.change(came.elapsed());
        }
        self.show_counts();
        if first {
            let (services, instances) = self.follow.plan().counts();
            self.status.set_ready();
            self.show_staleness();
            tracing::info!(services, instances, index, "sync complete");
        }
    }

    /// Marks answers as stale, or as current again (RFC 8767, RFC 8914 sections 4.4 and 4.20).
    pub(super) fn show_staleness(&self) {
        let silent = self.status.since_heard();
        let silent = silent.is_none_or(|silent| silent >= self.settings.stale_after);
        let restored = self.applier.published() == Published::Restored;
        self.status
            .set_stale(restored || (self.follow.is_failing() && silent));
    }

    /// Takes back what was published when Nomad has failed for too long to go on with it.
    pub(super) fn withdraw_what_is_too_old(&mut self) {
        let max_stale = self.settings.max_stale;
        let failing_for = self.status.failing_for();
        let too_old = failing_for.is_some_and(|failing| failing >= max_stale);
        if !too_old || self.applier.published() == Published::Never {
            return;
        }
        self.applier.withdraw();
        let reason = format!(
            "Nomad cannot be read for {} s, longer than the last state may be answered from",
            max_stale.as_secs()
        );
        tracing::error!(
            reason,
            "the last known state is too old: queries get SERVFAIL"
        );
        self.status.set_not_ready(reason);
    }

    /// Tells the status what is known.
    pub(super) fn show_counts(&self) {
        if self.applier.published() == Published::Restored {
            return;
        }
        let plan = self.follow.plan();
        self.status.set_counts(plan.highest_index(), plan.counts());
        self.applier.tell_oddities();
    }
}
