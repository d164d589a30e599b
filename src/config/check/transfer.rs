//! Checks the settings of zone transfer.

use std::time::Duration;

use super::Checker;
use crate::config::{ConfigError, File};
use crate::listeners::Networks;
use crate::transfer::TransferSettings;

impl Checker<'_> {
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
