//! Checks the settings about what is kept of Nomad, how it is read, and how old it may get.

use std::collections::HashSet;
use std::time::Duration;

use super::{Checker, whole};
use crate::catalog::HealthPolicy;
use crate::config::{ConfigError, File, NomadSection};
use crate::sync::{
    Fingerprint, HealthSettings, LARGE_SERVICE_INSTANCES, NAMESPACES_MAX, OnDemand, StateFolder,
    Store, SyncSettings,
};

/// What stands for all namespaces.
const ALL: &str = "*";
/// The longest name of a namespace, as Nomad checks it.
const NAMESPACE_CHARACTERS: usize = 128;

/// The folder of the snapshot, if one is configured.
pub(super) fn state_folder(section: &NomadSection) -> Option<StateFolder> {
    let folder = &section.state_dir;
    (!folder.is_empty()).then(|| StateFolder::new(folder.into()))
}

/// Where the snapshot is kept and what it is read with, if it is kept.
pub(super) fn store(section: &NomadSection) -> Option<Store> {
    let fingerprint = Fingerprint::of(&[
        &section.addresses,
        &section.namespaces,
        &[section.region.clone(), section.filter.clone()],
        &section.exclude_tags,
    ]);
    let every = Duration::from_secs(section.state_seconds);
    state_folder(section).map(|folder| folder.store(fingerprint, every))
}

impl Checker<'_> {
    pub(super) fn sync(&self, file: &File) -> Result<SyncSettings, ConfigError> {
        let section = &file.nomad;
        self.namespaces(&section.namespaces)?;
        let mut settings = SyncSettings::default();
        settings.namespaces.clone_from(&section.namespaces);
        settings.filter.clone_from(&section.filter);
        settings.reads_in_flight = section.reads_at_once;
        self.health(file, &mut settings)?;
        settings.max_stale = Duration::from_secs(section.max_stale_seconds);
        settings.stale_after = Duration::from_secs(section.stale_after_seconds);
        settings.times.resync_every = Duration::from_secs(section.full_read_seconds);
        on_demand(section, &mut settings);
        // Sets that are bounded so low are taken everywhere.
        let is_bounded = (1..=LARGE_SERVICE_INSTANCES).contains(&file.limits.set_records);
        settings.large_services = (!is_bounded).then_some(LARGE_SERVICE_INSTANCES);
        // A cached SRV record is resolved as long as it may be kept.
        let kept = Duration::from_secs(file.ttl.saturating_mul(2));
        settings.address_grace = settings.address_grace.max(kept);
        Ok(settings)
    }

    /// Namespaces are named one by one, or all of them by `*` alone.
    fn namespaces(&self, names: &[String]) -> Result<(), ConfigError> {
        let wrong = |problem: String| Err(self.source.error("nomad.namespaces", problem));
        if names.is_empty() {
            return wrong("must name a namespace, or \"*\" for all".into());
        }
        if names.len() > NAMESPACES_MAX {
            let (count, most) = (names.len(), NAMESPACES_MAX);
            return wrong(format!(
                "names {count} namespaces, but at most {most} can be followed one by one; use \"*\" for all"
            ));
        }
        if let Some(name) = names.iter().find(|name| !is_namespace(name)) {
            let more = match name.contains('*') {
                true => "; \"*\" stands for all namespaces, not for a part of a name",
                false => "",
            };
            return wrong(format!(
                "{name:?} is not a namespace name: 1 to {NAMESPACE_CHARACTERS} letters, digits and hyphens{more}"
            ));
        }
        if names.len() > 1 && names.iter().any(|name| name == ALL) {
            return wrong("\"*\" stands for all namespaces, so it must be the only entry".into());
        }
        let mut before = HashSet::new();
        match names.iter().find(|name| !before.insert(*name)) {
            Some(name) => wrong(format!("names {name:?} twice")),
            None => Ok(()),
        }
    }
}

/// Whether Nomad would take a text for the name of a namespace, or it stands for all.
fn is_namespace(name: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    name == ALL || ((1..=NAMESPACE_CHARACTERS).contains(&name.len()) && is_name(name))
}

/// Says how services are read on demand.
fn on_demand(section: &NomadSection, settings: &mut SyncSettings) {
    settings.access_every = Duration::from_secs(section.access_seconds);
    settings.on_demand = OnDemand {
        keep: Duration::from_secs(section.on_demand_keep_seconds),
        keep_absent: Duration::from_secs(section.on_demand_absent_seconds),
        names: section.on_demand_names,
        reads_per_second: whole(section.on_demand_reads_per_second),
        waiting: section.on_demand_waiting,
    };
}

impl Checker<'_> {
    /// Says which instances are answered.
    pub(super) fn health_policy(&self, file: &File) -> Result<HealthPolicy, ConfigError> {
        match &*file.nomad.health {
            "off" => Ok(HealthPolicy::Off),
            "failing" => Ok(HealthPolicy::Failing),
            "strict" => Ok(HealthPolicy::Strict),
            _ => Err(self.not_one_of("nomad.health")),
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
