//! Checks the settings of zone transfer.

use std::time::Duration;

use super::{Checker, whole};
use crate::answers::SoaTimers;
use crate::config::{ConfigError, File};
use crate::listeners::Networks;
use crate::transfer::TransferSettings;

/// How often secondaries look for a new serial, should a NOTIFY be lost: BIND's shortest time.
const REFRESH_SECONDS: u32 = 300;
const RETRY_SECONDS: u32 = 60;
/// How much longer secondaries answer than the gateway does without Nomad.
const EXPIRE_BEYOND_SECONDS: u64 = 86_400;

/// The shortest step by which the time alone keeps serials rising over a restart.
const LEAST_STEP_BY_TIME: Duration = Duration::from_secs(1);

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
            described: section.describe_instances.then(|| prefixes.collect()),
        };
        Ok((settings, allow))
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
}
