//! The records of a name that stands for instances, whatever the name is.
//!
//! Floor 2. Many names have the same, so they are made once and listed for each.

use std::net::IpAddr;
use std::ops::Range;

use super::super::bindings;
use super::super::chosen::host_name;
use super::super::descriptions::{describe, push_text};
use super::super::infrastructure::address_type;
use super::super::records::push_srv;
use super::super::zone::{Zone, ZoneSettings};
use crate::catalog::{Instance, InstanceAddress};
use crate::dns::{Name, Rdata, RecordType};

/// Records without their owner, by type and data, each once.
#[derive(Debug, Default)]
pub(super) struct RecordSets {
    data: Vec<u8>,
    records: Vec<(RecordType, Range<usize>)>,
    target: Vec<u8>,
}

/// What records are made by.
#[derive(Clone, Copy)]
pub(super) struct MadeBy<'a> {
    pub(super) settings: &'a ZoneSettings,
    pub(super) zone: &'a Zone,
    /// What the targets of SRV records are below.
    pub(super) targets: &'a Name,
    /// What the tags begin with that TXT records have; there are no TXT records when none.
    pub(super) described: Option<&'a [Box<str>]>,
}

impl RecordSets {
    /// Makes the records of some instances; those of before are gone.
    pub(super) fn fill(&mut self, made_by: &MadeBy<'_>, instances: &[&Instance]) {
        self.data.clear();
        self.records.clear();
        for instance in instances {
            if let Some(address) = instance.address.ip() {
                self.push(address_type(address), |data| push_address(data, address));
            }
            if let Some(prefixes) = made_by.described {
                let tags = instance.group.tags.iter().map(|tag| &**tag);
                let shown = tags.filter(|tag| prefixes.iter().any(|it| tag.starts_with(&**it)));
                let text = describe(instance, shown);
                self.push(RecordType::TXT, |data| {
                    push_text(&mut Rdata::alone(data), &text)
                });
            }
            if self.find_target(made_by, instance) {
                let target = std::mem::take(&mut self.target);
                let port = instance.port;
                self.push(RecordType::SRV, |data| {
                    push_srv(&mut Rdata::alone(data), port);
                    data.extend_from_slice(&target);
                });
                self.target = target;
            }
        }
        if made_by.settings.https_tag.is_some() {
            self.push_https(made_by, instances);
        }
        if self.records.len() > 1 {
            let data = &self.data;
            let key =
                |(record_type, at): &(RecordType, Range<usize>)| (record_type.0, &data[at.clone()]);
            self.records
                .sort_unstable_by(|one, other| key(one).cmp(&key(other)));
            self.records.dedup_by(|one, other| key(one) == key(other));
        }
    }

    /// Goes through the records.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RecordType, &[u8])> {
        let records = self.records.iter();
        records.map(|(record_type, at)| (*record_type, &self.data[at.clone()]))
    }

    fn push(&mut self, record_type: RecordType, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.data.len();
        write(&mut self.data);
        self.records.push((record_type, start..self.data.len()));
    }

    /// Finds what an SRV record of an instance points at; there is none when it has no port, or no name fits.
    fn find_target(&mut self, made_by: &MadeBy<'_>, instance: &Instance) -> bool {
        self.target.clear();
        if instance.port == 0 {
            return false;
        }
        match &instance.address {
            InstanceAddress::Host(host) => match host_name(host) {
                // Two that differ in letter case alone are one record.
                Some(host) => self
                    .target
                    .extend_from_slice(host.to_lower_case().as_wire()),
                None => return false,
            },
            InstanceAddress::Unusable => return false,
            InstanceAddress::V4(address) => {
                let digits = 8;
                return self.push_target(made_by, digits, address.to_bits().into());
            }
            InstanceAddress::V6(address) => {
                let digits = 32;
                return self.push_target(made_by, digits, address.to_bits());
            }
        }
        true
    }

    /// Writes the name that stands for an address, where there is room below the one or the other.
    fn push_target(&mut self, made_by: &MadeBy<'_>, digits: usize, bits: u128) -> bool {
        let parents = [made_by.targets, &made_by.zone.addresses];
        let fits = |parent: &&&Name| 1 + digits + parent.as_wire().len() <= Name::OCTETS;
        let Some(parent) = parents.iter().find(fits) else {
            return false;
        };
        let target = &mut self.target;
        // 8 or 32.
        target.push(u8::try_from(digits).unwrap_or(0));
        let digit = |place: usize| b"0123456789abcdef"[(bits >> (4 * place) & 0xf) as usize];
        target.extend((0..digits).rev().map(digit));
        target.extend_from_slice(parent.as_wire());
        true
    }

    /// Makes the HTTPS records: one for all, or one for each port of a target.
    fn push_https(&mut self, made_by: &MadeBy<'_>, instances: &[&Instance]) {
        let https = RecordType::HTTPS;
        if let Some((port, protocols)) = bindings::shared(made_by.settings, instances) {
            return self.push(https, |data| {
                bindings::write(
                    &mut Rdata::alone(data),
                    protocols,
                    port,
                    (&Name::ROOT, None),
                );
            });
        }
        for instance in instances {
            let Some(protocols) = bindings::protocols(made_by.settings, instance) else {
                continue;
            };
            if !self.find_target(made_by, instance) {
                continue;
            }
            if let Ok(target) = Name::from_wire(&self.target) {
                let target = (&target, instance.address.ip());
                self.push(https, |data| {
                    bindings::write(&mut Rdata::alone(data), protocols, instance.port, target);
                });
            }
        }
    }
}

fn push_address(data: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => data.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => data.extend_from_slice(&address.octets()),
    }
}
