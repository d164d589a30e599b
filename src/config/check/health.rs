//! What is configured about the health of instances, and about those that are left out.

use std::time::Duration;

use super::Check;
use crate::catalog::HealthPolicy;
use crate::config::{ConfigError, File};
use crate::sync::{HealthSettings, Settings};

/// The most requests for checks in a second.
const MOST_READS_PER_SECOND: usize = 1000;

impl Check<'_> {
    /// Says which instances are answered.
    pub(super) fn health_policy(&self, file: &File) -> Result<HealthPolicy, ConfigError> {
        match &*file.nomad.health {
            "off" => Ok(HealthPolicy::Off),
            "failing" => Ok(HealthPolicy::Failing),
            "strict" => Ok(HealthPolicy::Strict),
            _ => {
                let problem = "must be one of off, failing, strict";
                Err(self.source.error("nomad.health", problem))
            }
        }
    }

    /// Says how health is looked at, what is left out, and what is not believed.
    pub(super) fn health(&self, file: &File, settings: &mut Settings) -> Result<(), ConfigError> {
        let section = &file.nomad;
        let seconds = |key: &str, seconds: u64| {
            let whole = usize::try_from(seconds).unwrap_or(usize::MAX);
            self.within(key, whole, 1, 86_400)?;
            Ok(Duration::from_secs(seconds))
        };
        let key = "nomad.health_reads_per_second";
        let reads = self.within(
            key,
            section.health_reads_per_second,
            1,
            MOST_READS_PER_SECOND,
        )?;
        settings.health = HealthSettings {
            policy: self.health_policy(file)?,
            asked_for: seconds("nomad.health_asked_seconds", section.health_asked_seconds)?,
            check_every: seconds("nomad.health_check_seconds", section.health_check_seconds)?,
            reads_per_second: u32::try_from(reads).unwrap_or(u32::MAX),
            ..HealthSettings::default()
        };
        settings.exclude_tags.clone_from(&section.exclude_tags);
        settings.mass_loss_grace = Duration::from_secs(section.mass_loss_grace_seconds);
        Ok(())
    }
}
