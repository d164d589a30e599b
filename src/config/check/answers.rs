//! What is configured about answers: aliases, zones within others, names in none of the zones, sizes.

use super::Check;
use crate::answers::{InnerNameServers, OutsideZones, ZoneSettings};
use crate::config::file::LimitsSection;
use crate::config::{ConfigError, File};
use crate::dns::wire::Bounds;

/// Says how far CNAMEs are followed, and whether a zone within another tells its name server.
pub(super) fn aliases_and_inner_zones(file: &File, settings: &mut ZoneSettings) {
    settings.alias_chain = file.limits.alias_chain;
    // Those of listen.dns may have no DNS at port 53.
    if !file.name_server_addresses.is_empty() {
        settings.inner_name_servers = InnerNameServers::Told;
    }
}

/// What an answer may have at most.
pub(super) fn bounds(limits: &LimitsSection) -> Bounds {
    let number = |value| u16::try_from(value).unwrap_or(u16::MAX);
    Bounds {
        udp_octets: number(limits.udp_answer_octets),
        set_records: Some(number(limits.set_records)).filter(|records| *records > 0),
    }
}

impl Check<'_> {
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
