//! What is read on demand, where the token may list nothing, and how often it is found out whether it may list more.

use std::time::Duration;

use super::Check;
use crate::config::{ConfigError, File};
use crate::sync;

impl Check<'_> {
    pub(super) fn on_demand(
        &self,
        file: &File,
        settings: &mut sync::Settings,
    ) -> Result<(), ConfigError> {
        let section = &file.nomad;
        let seconds = |key, value: u64| {
            let value = usize::try_from(value).unwrap_or(usize::MAX);
            let value = self.within(key, value, 1, 3600)?;
            Ok(Duration::from_secs(value as u64))
        };
        settings.access_every = seconds("nomad.access_seconds", section.access_seconds)?;
        let (keep, absent) = (
            section.on_demand_keep_seconds,
            section.on_demand_absent_seconds,
        );
        let reads = section.on_demand_reads_per_second;
        let reads = self.within("nomad.on_demand_reads_per_second", reads, 1, 10_000)?;
        settings.on_demand = sync::OnDemand {
            keep: seconds("nomad.on_demand_keep_seconds", keep)?,
            keep_absent: seconds("nomad.on_demand_absent_seconds", absent)?,
            names: self.within(
                "nomad.on_demand_names",
                section.on_demand_names,
                1,
                1_000_000,
            )?,
            reads_per_second: u32::try_from(reads).unwrap_or(u32::MAX),
        };
        Ok(())
    }
}
