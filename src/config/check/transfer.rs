//! Checks the settings of zone transfer.

use std::time::Duration;

use super::answers::is_zone;
use super::{Checker, whole};
use crate::answers::{SoaTimers, ZoneSettings};
use crate::config::{ConfigError, File};
use crate::dns::Name;
use crate::listeners::Networks;
use crate::transfer::{CatalogZone, TransferSettings};

/// How often secondaries look for a new serial, should a NOTIFY be lost: BIND's shortest time.
const REFRESH_SECONDS: u32 = 300;
const RETRY_SECONDS: u32 = 60;
/// How much longer secondaries answer than the gateway does without Nomad.
const EXPIRE_BEYOND_SECONDS: u64 = 86_400;

/// The shortest step by which the time alone keeps serials rising over a restart.
const LEAST_STEP_BY_TIME: Duration = Duration::from_secs(1);

const CATALOG_ZONE: &str = "transfer.catalog_zone";
/// What is above the names of addresses, and of the resolver itself.
const ARPA: &str = "arpa";
const NAME_IT: &str = "give it a name that no other zone has, such as \"zones.invalid\"";

impl Checker<'_> {
    /// Says what secondaries go by: the zone does not expire there while the gateway still answers.
    pub(super) fn soa_timers(&self, file: &File) -> SoaTimers {
        let usual = SoaTimers::default();
        if file.transfer.allow.is_empty() {
            return usual;
        }
        let stale = whole(
            file.nomad
                .max_stale_seconds
                .saturating_add(EXPIRE_BEYOND_SECONDS),
        );
        SoaTimers {
            refresh_seconds: REFRESH_SECONDS,
            retry_seconds: RETRY_SECONDS,
            expire_seconds: usual.expire_seconds.max(stale),
        }
    }

    /// Says how zones are transferred, and to whom.
    pub(super) fn transfer(
        &self,
        file: &File,
        zones: &ZoneSettings,
    ) -> Result<(TransferSettings, Networks), ConfigError> {
        let section = &file.transfer;
        let allow: Networks = self
            .network_list("transfer.allow", &section.allow)?
            .into_iter()
            .collect();
        let prefixes = section.tag_prefixes.iter().map(|it| it.clone().into());
        let settings = TransferSettings {
            is_offered: !allow.is_empty(),
            step: Duration::from_millis(section.step_ms),
            journal_octets: section.journal_octets,
            at_once: section.at_once,
            longest: Duration::from_secs(section.longest_seconds),
            described: section.describe_instances.then(|| prefixes.collect()),
            catalog_zone: self
                .catalog_zone(file, zones)?
                .filter(|_| !allow.is_empty()),
        };
        Ok((settings, allow))
    }

    /// Says which zone lists the zones, if one does.
    pub(super) fn catalog_zone(
        &self,
        file: &File,
        zones: &ZoneSettings,
    ) -> Result<Option<CatalogZone>, ConfigError> {
        let text = &file.transfer.catalog_zone;
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |problem: String| self.source.error(CATALOG_ZONE, problem);
        let apex: Name = text
            .parse()
            .map_err(|error| wrong(format!("{text:?} is no name: {error}; {NAME_IT}")))?;
        if apex.is_root() || !is_zone(text, &apex) {
            return Err(wrong(format!(
                "{text:?} cannot be a zone of its own; {NAME_IT}"
            )));
        }
        let forwarded = file
            .forward
            .iter()
            .map(|it| &*it.zone)
            .filter(|it| *it != ".");
        let hosts = file.hosts.iter().map(|it| &*it.name);
        let others = forwarded.chain(hosts).chain([ARPA]);
        let others = others.filter_map(|name| name.parse::<Name>().ok());
        let mut served = zones.apexes().copied().chain(others);
        if let Some(zone) = served.find(|zone| zone.is_within(&apex) || apex.is_within(zone)) {
            return Err(wrong(format!(
                "{text:?} and {zone} have names in common; {NAME_IT}"
            )));
        }
        let zone = CatalogZone::new(apex, zones.apexes().copied(), zones.soa_timers);
        zone.map(Some)
            .map_err(|error| wrong(format!("{text:?}: {error}; {NAME_IT}")))
    }
}

/// What of it may surprise.
pub(super) fn of_transfer(
    file: &File,
    settings: &super::Settings,
    warn: &mut dyn FnMut(&str, &str),
) {
    let is_faster = settings.transfer.step < LEAST_STEP_BY_TIME;
    if settings.transfer.is_offered && is_faster && file.nomad.state_dir.is_empty() {
        let words = "is less than 1000, so serials may run ahead of the clock, and a restart may set them back: secondaries then keep \
                     old copies. Set nomad.state_dir, where serials are kept, or a longer step";
        warn("transfer.step_ms", words);
    }
    if !settings.transfer.is_offered && !file.transfer.catalog_zone.is_empty() {
        let words =
            "is not used, since nobody may transfer a zone: name the secondaries in transfer.allow";
        warn(CATALOG_ZONE, words);
    }
}
