//! What is configured about what of Nomad is kept, how it is read, and how old it may get.

use std::time::Duration;

use super::Check;
use crate::config::{ConfigError, File};
use crate::sync::{LARGE_SERVICE_INSTANCES, NAMESPACES_MAX, Settings};

impl Check<'_> {
    pub(super) fn sync(&self, file: &File) -> Result<Settings, ConfigError> {
        let section = &file.nomad;
        if section.namespaces.is_empty() {
            let problem = "must name a namespace, or \"*\" for all";
            return Err(self.source.error("nomad.namespaces", problem));
        }
        if section.namespaces.len() > NAMESPACES_MAX {
            let (count, most) = (section.namespaces.len(), NAMESPACES_MAX);
            let problem = format!(
                "names {count} namespaces, and at most {most} can be followed one by one; use \"*\" for all"
            );
            return Err(self.source.error("nomad.namespaces", problem));
        }
        let reads = self.within("nomad.reads_at_once", section.reads_at_once, 1, 64)?;
        let mut settings = Settings::default();
        settings.namespaces.clone_from(&section.namespaces);
        settings.filter.clone_from(&section.filter);
        settings.reads_in_flight = reads;
        self.health(file, &mut settings)?;
        settings.max_stale = Duration::from_secs(section.max_stale_seconds);
        settings.stale_after = Duration::from_secs(section.stale_after_seconds);
        settings.times.resync_every = Duration::from_secs(section.full_read_seconds.max(1));
        self.on_demand(file, &mut settings)?;
        // Sets that are bounded so low are taken everywhere.
        let is_bounded = (1..=LARGE_SERVICE_INSTANCES).contains(&file.limits.set_records);
        settings.large_services = (!is_bounded).then_some(LARGE_SERVICE_INSTANCES);
        // A cached SRV record is resolved as long as it may be kept.
        let kept = Duration::from_secs(file.ttl.saturating_mul(2));
        settings.address_grace = settings.address_grace.max(kept);
        Ok(settings)
    }
}
