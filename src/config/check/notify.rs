//! Checks the secondaries that are told of changes.

use std::net::{IpAddr, SocketAddr};

use super::forward::is_own;
use super::{Checker, Settings};
use crate::answers::ZoneSettings;
use crate::config::{ConfigError, File, NotifySection};
use crate::dns::Name;
use crate::dns::tsig::KeyRing;
use crate::transfer::{CatalogZone, MOST_SECONDARIES, NotifiedSecondary, SECONDARY_PORT};

const KEY: &str = "transfer.notify";

impl Checker<'_> {
    /// Says which secondaries are told of changes.
    pub(super) fn notified(
        &self,
        file: &File,
        zones: &ZoneSettings,
        keys: &KeyRing,
    ) -> Result<Vec<NotifiedSecondary>, ConfigError> {
        let sections = &file.transfer.notify;
        if sections.len() > MOST_SECONDARIES {
            let problem = format!(
                "has {} sections; at most {MOST_SECONDARIES}",
                sections.len()
            );
            return Err(self.source.error(KEY, problem));
        }
        // Also while nobody may transfer it.
        let catalog_zone = self.catalog_zone(file, zones)?;
        let catalog_zone = catalog_zone.iter().map(CatalogZone::apex);
        let zones: Vec<Name> = zones.apexes().copied().chain(catalog_zone).collect();
        let mut all: Vec<NotifiedSecondary> = Vec::new();
        for (place, section) in sections.iter().enumerate() {
            let wrong = |problem: String| {
                let problem = format!("section {}: {problem}", place + 1);
                self.source.error(KEY, problem)
            };
            let secondary = notified(section, (&zones, keys), file).map_err(wrong)?;
            if all.iter().any(|it| it.address == secondary.address) {
                let problem = format!(
                    "address = {:?} is in an earlier section too; name all of its zones in one",
                    section.address
                );
                return Err(wrong(problem));
            }
            all.push(secondary);
        }
        Ok(all)
    }
}

fn notified(
    section: &NotifySection,
    (zones, keys): (&[Name], &KeyRing),
    file: &File,
) -> Result<NotifiedSecondary, String> {
    let text = &section.address;
    let address = address(text).ok_or_else(|| {
        format!("address = {text:?} is no IP address of one server; expected one such as \"192.0.2.53\" or \"[2001:db8::53]:5353\"")
    })?;
    if is_own(address, &file.listen) {
        return Err(format!(
            "address = {text:?} is this gateway itself; name the secondary"
        ));
    }
    let source = source(&section.source, address)?;
    let zones = section.zones.iter().map(|zone| apex(zone, zones));
    Ok(NotifiedSecondary {
        address,
        source,
        key: key(&section.key, keys)?,
        zones: zones.collect::<Result<_, _>>()?,
    })
}

/// Reads an address of one server, with or without a port.
fn address(text: &str) -> Option<SocketAddr> {
    let bare = || text.parse().map(|ip: IpAddr| (ip, SECONDARY_PORT).into());
    let address: SocketAddr = text.parse().or_else(|_| bare()).ok()?;
    let ip = address.ip();
    let is_one = !ip.is_unspecified() && !ip.is_multicast() && address.port() != 0;
    is_one.then_some(address)
}

fn source(text: &str, address: SocketAddr) -> Result<Option<IpAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let ip: IpAddr = text.parse().map_err(|_| {
        format!(
            "source = {text:?} is no IP address; expected one of this host such as \"192.0.2.1\""
        )
    })?;
    match ip.is_ipv4() == address.is_ipv4() {
        true => Ok(Some(ip)),
        false => Err(format!(
            "source = {text:?} cannot reach {}; IPv4 and IPv6 must not be mixed",
            address.ip()
        )),
    }
}

fn key(text: &str, keys: &KeyRing) -> Result<Option<Name>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let name = text.parse::<Name>().ok();
    let key = name.and_then(|name| keys.find(&name));
    match key {
        Some(key) => Ok(Some(*key.name())),
        None => Err(format!(
            "key = {text:?} is not the name of a key; add a [[transfer.keys]] section with that name, which `nomadns keys tsig` prints"
        )),
    }
}

fn apex(text: &str, zones: &[Name]) -> Result<Name, String> {
    let apex = text.parse::<Name>().ok();
    let apex = apex.filter(|apex| zones.contains(apex));
    apex.ok_or_else(|| {
        let known = zones
            .iter()
            .map(|it| it.to_string().trim_end_matches('.').to_owned());
        let known: Vec<String> = known.collect();
        format!(
            "zones has {text:?}; expected names of zones that are transferred: {}",
            known.join(", ")
        )
    })
}

/// What of it may surprise.
pub(super) fn of_notified(settings: &Settings, warn: &mut dyn FnMut(&str, &str)) {
    for secondary in &settings.notified {
        let ip = secondary.address.ip();
        if !settings.secondaries.contain(ip) {
            let words = format!(
                "{ip} is told of changes, but may not copy a zone: add it to transfer.allow, unless it copies from another address"
            );
            warn(KEY, &words);
        }
    }
}
