//! What is configured about aliases, zones within others, and names in none of the zones.

use super::Check;
use crate::answers::{InnerNameServers, OutsideZones, ZoneSettings};
use crate::config::{ConfigError, File};

/// The most CNAMEs of one answer, as a setting.
const MOST_ALIAS_CHAIN: usize = 32;

impl Check<'_> {
    /// Says how far CNAMEs are followed, and whether a zone within another tells its name server.
    pub(super) fn aliases_and_inner_zones(
        &self,
        file: &File,
        settings: &mut ZoneSettings,
    ) -> Result<(), ConfigError> {
        let chain = file.limits.alias_chain;
        settings.alias_chain = self.within("limits.alias_chain", chain, 1, MOST_ALIAS_CHAIN)?;
        // Those of listen.dns may have no DNS at port 53.
        if !file.name_server_addresses.is_empty() {
            settings.inner_name_servers = InnerNameServers::Told;
        }
        Ok(())
    }

    /// Says what is said of names in none of the zones.
    pub(super) fn outside_zones(&self, file: &File) -> Result<OutsideZones, ConfigError> {
        match &*file.outside_zones {
            "refused" => Ok(OutsideZones::Refused),
            "nxdomain" => Ok(OutsideZones::Nxdomain),
            _ => {
                let problem = "must be one of refused, nxdomain";
                Err(self.source.error("outside_zones", problem))
            }
        }
    }
}
