//! When the working copy of the catalogue is published: once it is complete, and then at every change.
//!
//! Floor 2.

use super::{Catalogue, Engine};
use crate::catalog::Coverage;

impl Engine {
    /// Publishes what changed, once it is complete.
    pub(super) fn publish(&mut self) {
        let first = matches!(
            self.catalogue,
            Catalogue::NeverPublished | Catalogue::Restored
        );
        let waiters = self.end_on_demand();
        let complete = self.coverage == Coverage::OnDemand || self.plan.is_complete();
        let waits = !complete || self.outage.is_on();
        if self.catalogue == Catalogue::Published || (first && waits) {
            return;
        }
        if first && self.coverage == Coverage::Complete {
            self.drop_what_nomad_has_no_more();
        }
        let index = self.plan.highest_index();
        self.writer.publish(index);
        self.catalogue = Catalogue::Published;
        for waiter in waiters {
            // Who asked may have given up.
            let _ = waiter.send(Ok(()));
        }
        self.show_counts();
        if first {
            let (services, instances) = self.plan.counts();
            self.status.set_ready();
            self.show_staleness();
            tracing::info!(services, instances, index, "sync complete");
        }
    }

    /// Notes that the working copy differs from what is published.
    pub(super) fn changed(&mut self) {
        if self.catalogue == Catalogue::Published {
            self.catalogue = Catalogue::Changed;
        }
    }

    /// Tells the status what is known.
    pub(super) fn show_counts(&self) {
        if self.catalogue == Catalogue::Restored {
            return;
        }
        self.status
            .set_counts(self.plan.highest_index(), self.plan.counts());
        self.status
            .set_oddities(&self.oddities.totals(), self.oddities.examples());
    }
}
