//! What is configured about the health of instances, and about those that are left out.

use std::time::Duration;

use super::{Checker, whole};
use crate::catalog::HealthPolicy;
use crate::config::{ConfigError, File};
use crate::sync::{HealthSettings, SyncSettings};

impl Checker<'_> {
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
    pub(super) fn health(
        &self,
        file: &File,
        settings: &mut SyncSettings,
    ) -> Result<(), ConfigError> {
        let section = &file.nomad;
        settings.health = HealthSettings {
            policy: self.health_policy(file)?,
            asked_for: Duration::from_secs(section.health_asked_seconds),
            check_every: Duration::from_secs(section.health_check_seconds),
            reads_per_second: whole(section.health_reads_per_second),
            ..HealthSettings::default()
        };
        if section.exclude_tags.iter().any(String::is_empty) {
            let problem = "has an empty tag; name tags such as \"canary\"";
            return Err(self.source.error("nomad.exclude_tags", problem));
        }
        settings.exclude_tags.clone_from(&section.exclude_tags);
        settings.mass_loss_grace = Duration::from_secs(section.mass_loss_grace_seconds);
        Ok(())
    }
}
