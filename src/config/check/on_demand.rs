//! What is read on demand, where the token may list nothing, and how often it is found out whether it may list more.

use std::time::Duration;

use super::whole;
use crate::config::NomadSection;
use crate::sync;

/// Says how services are read on demand.
pub(super) fn on_demand(section: &NomadSection, settings: &mut sync::SyncSettings) {
    settings.access_every = Duration::from_secs(section.access_seconds);
    settings.on_demand = sync::OnDemand {
        keep: Duration::from_secs(section.on_demand_keep_seconds),
        keep_absent: Duration::from_secs(section.on_demand_absent_seconds),
        names: section.on_demand_names,
        reads_per_second: whole(section.on_demand_reads_per_second),
        waiting: section.on_demand_waiting,
    };
}
