//! HTTPS records of the instances whose tags ask for them (RFC 9460).
//!
//! Floor 2. Only a tag makes one: browsers turn `http://` into `https://` at a name with such a record, and Chromium
//! ignores its port. There are no SVCB records beside them: none of the schemes that use these has names like ours.

use std::net::IpAddr;

use super::super::service_binding::{IPV4_HINT, IPV6_HINT, push_parameter, write_service};
use super::zone::ZoneSettings;
use crate::catalog::{Instance, InstanceAddress};
use crate::dns::{Name, Rdata};

/// The protocols of a tag that names none.
const USUAL_PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];
/// The most protocols of one record; more are left out.
const MOST_PROTOCOLS: usize = 8;
/// The longest name of a protocol, in octets (RFC 7301 §3.1).
const PROTOCOL_OCTETS: usize = 255;

/// The protocols that a tag names for the HTTPS record of an instance, separated by commas; empty for the usual ones.
///
/// None where no tag asks for a record.
pub(super) fn protocols<'i>(settings: &ZoneSettings, instance: &'i Instance) -> Option<&'i str> {
    let prefix = settings.https_tag.as_deref()?;
    let mut tags = instance.group.tags.iter();
    tags.find_map(|tag| match tag.strip_prefix(prefix)? {
        "" => Some(""),
        rest => rest.strip_prefix('='),
    })
}

/// What one record says for all addresses of a name: the port and the protocols that all instances have alike.
///
/// Its target can be the name itself: Firefox by default ignores a record with another target.
pub(super) fn shared<'i>(
    settings: &ZoneSettings,
    instances: &[&'i Instance],
) -> Option<(u16, &'i str)> {
    let with_address = |it: &&&Instance| it.address != InstanceAddress::Unusable;
    let mut told = instances.iter().filter(with_address).map(|instance| {
        let is_told = instance.port != 0 && instance.address.ip().is_some();
        let protocols = protocols(settings, instance).filter(|_| is_told);
        protocols.map(|protocols| (instance.port, protocols))
    });
    let first = told.next()?;
    told.all(|it| it == first).then_some(first)?
}

/// Writes the data of a record (RFC 9460 §2.2); a target of its own has its address as a hint.
pub(super) fn write(
    rdata: &mut Rdata<'_>,
    protocols: &str,
    port: u16,
    (target, hint): (&Name, Option<IpAddr>),
) {
    let is_named = |protocol: &&str| (1..=PROTOCOL_OCTETS).contains(&protocol.len());
    let named = protocols.split(',').map(str::trim).filter(is_named);
    let named: Vec<&str> = named.take(MOST_PROTOCOLS).collect();
    let protocols = if named.is_empty() {
        &USUAL_PROTOCOLS[..]
    } else {
        &named
    };
    write_service(rdata, target, protocols, port);
    match hint {
        Some(IpAddr::V4(address)) => push_parameter(rdata, IPV4_HINT, &address.octets()),
        Some(IpAddr::V6(address)) => push_parameter(rdata, IPV6_HINT, &address.octets()),
        None => {}
    }
}
