//! HTTPS records of the instances whose tags ask for them (RFC 9460).
//!
//! Floor 2. Only a tag makes one: browsers turn `http://` into `https://` at a name with such a record, and Chromium
//! ignores its port. There are no SVCB records beside them: none of the schemes that use these has names like ours.

use std::net::IpAddr;

use super::zone::ZoneSettings;
use crate::catalog::Instance;
use crate::dns::{Name, Rdata};

/// The protocols of a tag that names none.
const USUAL_PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];
/// The most protocols of one record; more are left out.
const MOST_PROTOCOLS: usize = 8;
/// The longest name of a protocol, in octets (RFC 7301 §3.1).
const PROTOCOL_OCTETS: usize = 255;

// RFC 9460 §14.3.2: the keys of parameters, which stand in ascending order.
const ALPN: u16 = 1;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;
/// All are alike: 0 would be an alias.
const PRIORITY: u16 = 1;

/// What the tags of an instance say of its HTTPS record: the text behind the prefix, the protocols by commas.
///
/// None where no tag asks for a record.
pub(super) fn wanted<'i>(settings: &ZoneSettings, instance: &'i Instance) -> Option<&'i str> {
    let prefix = settings.https_tag.as_deref()?;
    let mut tags = instance.group.tags.iter();
    tags.find_map(|tag| match tag.strip_prefix(prefix)? {
        "" => Some(""),
        rest => rest.strip_prefix('='),
    })
}

/// Writes the data of a record (RFC 9460 §2.2).
pub(super) fn write(rdata: &mut Rdata<'_>, protocols: &str, instance: &Instance, target: &Name) {
    rdata.u16(PRIORITY);
    // The target is not compressed.
    rdata.plain_name(target);
    let is_named = |protocol: &&str| (1..=PROTOCOL_OCTETS).contains(&protocol.len());
    let named = protocols.split(',').map(str::trim).filter(is_named);
    let named: Vec<&str> = named.take(MOST_PROTOCOLS).collect();
    let protocols = if named.is_empty() {
        &USUAL_PROTOCOLS[..]
    } else {
        &named
    };
    push_key(rdata, ALPN, protocols.iter().map(|it| 1 + it.len()).sum());
    for protocol in protocols {
        rdata.text(protocol.as_bytes());
    }
    push_key(rdata, PORT, 2);
    rdata.u16(instance.port);
    match instance.address.ip() {
        Some(IpAddr::V4(address)) => {
            push_key(rdata, IPV4_HINT, 4);
            rdata.octets(&address.octets());
        }
        Some(IpAddr::V6(address)) => {
            push_key(rdata, IPV6_HINT, 16);
            rdata.octets(&address.octets());
        }
        None => {}
    }
}

fn push_key(rdata: &mut Rdata<'_>, key: u16, length: usize) {
    rdata.u16(key);
    // All protocols together are no longer than this.
    rdata.u16(u16::try_from(length).unwrap_or(u16::MAX));
}
