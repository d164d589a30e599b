//! Names with addresses that the operator lists: `[[hosts]]` and the lines of a hosts file.
//!
//! Floor 2. A table is filled once and then replaced as a whole. It reads no file; `config` does.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Bound;

use super::super::nomad::push_address;
use super::super::reverse::{is_reverse, reverse_name};
use super::super::served_zone::ServedZone;
use super::LocalSettings;
use crate::dns::{Answer, AnswerBuilder, Name, Owner, Query, RecordType, Section};

/// The most addresses of one name: each is in every answer for it.
const MOST_ADDRESSES: usize = 64;

/// The names that are listed, and the names of their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostTable {
    /// By the labels of the name from right to left, so that what is below a name follows it.
    records: BTreeMap<Box<[u8]>, HostRecord>,
    names: usize,
}

/// What is at a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HostRecord {
    /// Addresses, each once.
    Addresses(Vec<IpAddr>),
    /// The name of an address, in wire form.
    Pointer(Box<[u8]>),
}

/// Why a name cannot be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostRecordError {
    /// The root.
    #[error("is the root, which has no addresses")]
    Root,
    /// A label `*`.
    #[error("contains a \"*\", which stands for nothing here; list each name")]
    Wildcard,
    /// A name of an address.
    #[error("is the name of an address, which follows from the names that have it")]
    Reverse,
    /// More addresses than one name may have.
    #[error("has more than {MOST_ADDRESSES} addresses")]
    TooManyAddresses,
}

impl HostTable {
    /// Adds an address to a name. The first name of an address is the one that the address is called by.
    ///
    /// # Errors
    /// A name that cannot be listed, or has too many addresses.
    pub fn add(&mut self, name: &Name, address: IpAddr) -> Result<(), HostRecordError> {
        if name.is_root() {
            return Err(HostRecordError::Root);
        }
        if name.labels().iter().any(|label| label == b"*") {
            return Err(HostRecordError::Wildcard);
        }
        if is_reverse(name) {
            return Err(HostRecordError::Reverse);
        }
        let record = self.records.entry(key(name).into());
        let record = record.or_insert_with(|| {
            self.names += 1;
            HostRecord::Addresses(Vec::new())
        });
        // What is a pointer has the name of an address, which was refused.
        if let HostRecord::Addresses(addresses) = record
            && !addresses.contains(&address)
        {
            if addresses.len() == MOST_ADDRESSES {
                return Err(HostRecordError::TooManyAddresses);
            }
            addresses.push(address);
        }
        let pointer = || HostRecord::Pointer(name.as_wire().into());
        let called = self.records.entry(key(&reverse_name(address)).into());
        called.or_insert_with(pointer);
        Ok(())
    }

    /// How many names have addresses.
    pub fn len(&self) -> usize {
        self.names
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.names == 0
    }

    /// Whether a name, or the name of an address, is listed.
    pub fn has(&self, name: &Name) -> bool {
        self.find(name).is_some()
    }

    /// Whether a listed name is at or below this one.
    pub fn has_within(&self, zone: &Name) -> bool {
        let key = key(zone);
        let from = (Bound::Included(&*key), Bound::Unbounded);
        let mut following = self.records.range::<[u8], _>(from);
        following.next().is_some_and(|(it, _)| it.starts_with(&key))
    }

    /// Answers a query; none when its name is not listed.
    pub(super) fn answer(&self, query: &Query, settings: &LocalSettings) -> Option<Answer> {
        let record = self.find(&query.name)?;
        // Each name is a zone of its own: nobody knows what else is around it.
        let zone = ServedZone {
            apex: query.name,
            ttl_seconds: settings.ttl_seconds,
            negative_ttl_seconds: settings.negative_ttl_seconds,
        };
        let (asked, ttl) = (query.record_type, settings.ttl_seconds);
        let mut builder = AnswerBuilder::local(&query.name);
        let (section, owner) = (Section::Answer, Owner::Question);
        match record {
            HostRecord::Addresses(all) => {
                for address in all.iter().filter(|it| is_asked(**it, all, asked)) {
                    push_address(&mut builder, section, owner, *address, ttl);
                }
            }
            HostRecord::Pointer(name) if matches!(asked, RecordType::PTR | RecordType::ANY) => {
                builder.push(section, owner, RecordType::PTR, ttl, |rdata| {
                    rdata.octets(name);
                });
            }
            HostRecord::Pointer(_) => {}
        }
        if asked == RecordType::SOA {
            zone.push_apex(&mut builder, asked);
        }
        if builder.answer_count() == 0 {
            zone.push_denial(&mut builder);
        }
        Some(builder.finish())
    }

    fn find(&self, name: &Name) -> Option<&HostRecord> {
        match self.records.is_empty() {
            true => None,
            false => self.records.get(&*key(name)),
        }
    }
}

/// Whether an address of a name is in the answer for a type: of ANY it is one family (RFC 8482 §4.1).
fn is_asked(address: IpAddr, all: &[IpAddr], asked: RecordType) -> bool {
    match asked {
        RecordType::A => address.is_ipv4(),
        RecordType::AAAA => address.is_ipv6(),
        RecordType::ANY => all
            .first()
            .is_some_and(|it| it.is_ipv4() == address.is_ipv4()),
        _ => false,
    }
}

/// The labels of a name from right to left, in lower case, without the root.
fn key(name: &Name) -> HostKey {
    let labels = name.labels();
    // As long as the name itself.
    let turned = Name::from_labels(labels.iter().rev()).unwrap_or(Name::ROOT);
    HostKey(turned.to_lower_case())
}

struct HostKey(Name);

impl std::ops::Deref for HostKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let wire = self.0.as_wire();
        &wire[..wire.len() - 1]
    }
}

impl From<HostKey> for Box<[u8]> {
    fn from(key: HostKey) -> Self {
        (*key).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(&str, &str)]) -> HostTable {
        let mut table = HostTable::default();
        for (name, address) in rows {
            let name = name.parse().unwrap();
            table.add(&name, address.parse().unwrap()).unwrap();
        }
        table
    }

    #[test]
    fn what_is_at_or_above_a_listed_name_is_known() {
        let table = table(&[("a.db.Corp", "10.0.0.1"), ("dbx.corp", "fd00::1")]);
        let has = |name: &str| {
            let name = name.parse().unwrap();
            (table.has(&name), table.has_within(&name))
        };
        for name in ["A.DB.corp", "dbx.corp", "1.0.0.10.in-addr.arpa"] {
            assert_eq!(has(name), (true, true), "{name}");
        }
        for name in ["corp", "db.corp", ".", "10.in-addr.arpa", "d.f.ip6.arpa"] {
            assert_eq!(has(name), (false, true), "{name}");
        }
        for name in ["x.a.db.corp", "b.corp", "orp", "11.in-addr.arpa"] {
            assert_eq!(has(name), (false, false), "{name}");
        }
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn what_cannot_be_listed_says_why() {
        let mut table = table(&[]);
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        for (name, error) in [
            (".", HostRecordError::Root),
            ("*.corp", HostRecordError::Wildcard),
            ("1.0.0.10.in-addr.arpa", HostRecordError::Reverse),
        ] {
            assert_eq!(table.add(&name.parse().unwrap(), address), Err(error));
        }
        let name: Name = "a.corp".parse().unwrap();
        for last in 0..MOST_ADDRESSES {
            let address = std::net::Ipv4Addr::from_bits(u32::try_from(last).unwrap());
            table.add(&name, address.into()).unwrap();
        }
        assert_eq!(
            table.add(&name, address),
            Err(HostRecordError::TooManyAddresses)
        );
        assert!(table.add(&name, "0.0.0.1".parse().unwrap()).is_ok());
        assert_eq!(table.len(), 1);
    }
}
