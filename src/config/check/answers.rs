//! Checks the settings about answers: aliases, nested zones, names outside the zones, sizes.

use std::net::IpAddr;

use ipnet::IpNet;

use super::listen::server_addresses;
use super::{Checker, whole};
use crate::answers::{
    ApplicationDns, Descriptions, InnerNameServers, OutsideZones, Zone, ZoneSettings,
};
use crate::config::file::LimitsSection;
use crate::config::{ConfigError, File};
use crate::dns::Name;
use crate::dns::wire::Bounds;

/// Says how far CNAMEs are followed, and whether a zone within another tells its name server.
fn aliases_and_inner_zones(file: &File, settings: &mut ZoneSettings) {
    settings.alias_chain = file.limits.alias_chain;
    settings.shared_octets = file.cache.shared_octets;
    // Those of listen.dns may have no DNS at port 53.
    if !file.name_server_addresses.is_empty() {
        settings.inner_name_servers = InnerNameServers::Shown;
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

impl Checker<'_> {
    pub(super) fn zones(&self, file: &File) -> Result<ZoneSettings, ConfigError> {
        let wrong = |problem: String| self.source.error("zones", problem);
        if file.zones.is_empty() {
            return Err(wrong(
                "must name at least one zone, such as \"nomad\"".into(),
            ));
        }
        let mut zones = Vec::new();
        for text in &file.zones {
            let apex = text.parse::<Name>().map_err(|error| {
                wrong(format!(
                    "{text:?} is not a domain name ({error}); expected one such as \"nomad\""
                ))
            })?;
            if apex.labels().iter().any(|label| label == b"*") {
                return Err(wrong(format!(
                    "{text:?} contains a \"*\"; a zone includes all names below it, so write it without"
                )));
            }
            if !is_zone(text, &apex) {
                return Err(wrong(format!(
                    "{text:?} is not a zone: a domain name of letters, digits, hyphens and underscores, without a scheme or a \
                     port, such as \"nomad\""
                )));
            }
            if zones.iter().any(|zone: &Zone| zone.apex == apex) {
                return Err(wrong(format!("names {text:?} twice")));
            }
            zones.push(Zone::new(apex).map_err(|error| wrong(format!("{text:?}: {error}")))?);
        }
        let (ttl, negative_ttl) = (whole(file.ttl), whole(file.negative_ttl));
        let mut settings = ZoneSettings::new(zones, ttl, negative_ttl);
        settings.server_addresses = server_addresses(file);
        aliases_and_inner_zones(file, &mut settings);
        settings.health = self.health_policy(file)?;
        if !file.describe_instances {
            settings.descriptions = Descriptions::Hidden;
        }
        settings.https_tag = self.https_tag(file)?;
        let networks = self.network_list("reverse_zones", &file.reverse_zones)?;
        settings.reverse_networks = networks.iter().map(IpNet::trunc).collect();
        Ok(settings)
    }

    /// The tag that asks for an HTTPS record; none when it is empty.
    fn https_tag(&self, file: &File) -> Result<Option<Box<str>>, ConfigError> {
        let tag = &*file.https_tag;
        if tag.contains('=') || tag.trim() != tag {
            let problem =
                "must be a tag without \"=\" and without blanks around it, such as \"dns.https\"";
            return Err(self.source.error("https_tag", problem));
        }
        Ok((!tag.is_empty()).then(|| tag.into()))
    }

    /// Says what is made of the name by which browsers ask whether they may use a resolver of their own.
    pub(super) fn application_dns(&self, file: &File) -> Result<ApplicationDns, ConfigError> {
        match &*file.forwarding.application_dns {
            "forward" => Ok(ApplicationDns::Forwarded),
            "nxdomain" => Ok(ApplicationDns::Denied),
            _ => Err(self.not_one_of("forwarding.application_dns")),
        }
    }

    /// Says what is said of names in none of the zones.
    pub(super) fn outside_zones(&self, file: &File) -> Result<OutsideZones, ConfigError> {
        match &*file.outside_zones {
            "refused" => Ok(OutsideZones::Refused),
            "nxdomain" => Ok(OutsideZones::Nxdomain),
            _ => Err(self.not_one_of("outside_zones")),
        }
    }
}

/// Whether a name can be a zone: no address, and of letters, digits, hyphens and underscores.
pub(super) fn is_zone(text: &str, apex: &Name) -> bool {
    text.parse::<IpAddr>().is_err() && apex.labels().iter().all(is_zone_label)
}

/// Whether a zone may be called so: what a resolver's operator can write and read in every tool.
fn is_zone_label(label: &[u8]) -> bool {
    let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    label.iter().all(is_plain)
}
