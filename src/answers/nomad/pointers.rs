//! The reverse zones of the cluster: which registered address a name stands for, and what it is called.
//!
//! Floor 2. An address is called `HEX.addr.ZONE` in the first zone, the name that SRV records have for it. What is
//! unknown is not denied.

use ipnet::IpNet;

use super::super::reverse::ReverseName;
use super::super::served_zone::ServedZone;
use super::infrastructure::address_name;
use super::{NomadZones, ZoneSettings};
use crate::answers::{AnswerError, SourcedAnswer};
use crate::catalog::{Lookup, View};
use crate::dns::{AnswerBuilder, Name, Owner, Query, Rcode, RecordType, Section};

impl ZoneSettings {
    /// Whether a name is in a reverse zone of the cluster.
    pub fn has_pointer(&self, name: &Name) -> bool {
        self.reverse_zone_of(name).is_some()
    }

    /// Whether a reverse zone of the cluster is at or below a name, or around it.
    pub(super) fn has_pointers_near(&self, name: &Name) -> bool {
        let networks = &self.reverse_networks;
        let read = (!networks.is_empty()).then(|| ReverseName::read(name));
        let read = read.flatten();
        read.is_some_and(|read| networks.iter().any(|it| read.meets(it)))
    }

    /// The reverse zone that a name is in, and what the name says.
    fn reverse_zone_of(&self, name: &Name) -> Option<(Name, ReverseName)> {
        let networks = &self.reverse_networks;
        if networks.is_empty() {
            return None;
        }
        let read = ReverseName::read(name)?;
        let zone = |network: &IpNet| read.zone_within(name, network);
        // The longest: networks may be within others.
        let zones = networks.iter().filter_map(zone);
        let apex = zones.max_by_key(|apex| apex.as_wire().len())?;
        Some((apex, read))
    }
}

impl NomadZones {
    /// Whether a query is answered from a reverse zone of the cluster and by nobody else.
    pub(crate) fn has_pointer(&self, query: &Query) -> bool {
        let zone = self.settings.reverse_zone_of(&query.name);
        // What is said of a delegation the parent says, which is not ours.
        zone.is_some_and(|(apex, _)| query.record_type != RecordType::DS || query.name != apex)
    }

    /// Whether a reverse zone of the cluster is at or below a name, or around it.
    pub(crate) fn has_pointers_near(&self, name: &Name) -> bool {
        self.settings.has_pointers_near(name)
    }

    /// Answers a query for a name of an address; none when it is in no reverse zone of the cluster.
    pub(crate) fn answer_pointer(
        &self,
        query: &Query,
    ) -> Option<Result<SourcedAnswer, AnswerError>> {
        let (apex, read) = self.settings.reverse_zone_of(&query.name)?;
        let zone = ServedZone {
            apex,
            ttl_seconds: self.settings.ttl_seconds,
            negative_ttl_seconds: self.settings.negative_ttl_seconds,
        };
        Some(match self.catalog.view() {
            Some(view) => self.pointer_from(query, &zone, &read, view),
            None => Err(AnswerError::NotReady),
        })
    }

    fn pointer_from(
        &self,
        query: &Query,
        zone: &ServedZone,
        read: &ReverseName,
        view: View,
    ) -> Result<SourcedAnswer, AnswerError> {
        let (asked, ttl) = (query.record_type, zone.ttl_seconds);
        let mut builder = AnswerBuilder::new(&query.name);
        let (section, owner) = (Section::Answer, Owner::Question);
        match read.address() {
            Some(address) => match view.address(address) {
                Lookup::Found(()) if matches!(asked, RecordType::PTR | RecordType::ANY) => {
                    let target = address_name(&self.settings.first_addresses, address);
                    if let Some(target) = target {
                        builder.push(section, owner, RecordType::PTR, ttl, |rdata| {
                            rdata.name(&target);
                        });
                    }
                }
                Lookup::Found(()) => {}
                Lookup::Absent => builder.set_rcode(Rcode::NXDOMAIN),
                Lookup::Unknown(reason) | Lookup::Unlisted(reason) => return Err(reason.into()),
            },
            // There may be addresses below (RFC 8020).
            None if read.is_above_addresses() => {}
            None => builder.set_rcode(Rcode::NXDOMAIN),
        }
        if query.name == zone.apex && builder.answer_count() == 0 {
            zone.push_apex(&mut builder, asked);
        }
        if builder.answer_count() == 0 {
            zone.push_denial(&mut builder);
        }
        Ok(SourcedAnswer::from_view(builder.finish(), view))
    }
}
