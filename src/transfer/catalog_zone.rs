//! The catalog zone: the list of our zones, by which secondaries take up new ones by themselves (RFC 9432).
//!
//! Floor 3. It depends on the settings alone, never on what is known of the cluster: a secondary that no longer finds a
//! zone here drops it, with its copy.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use crate::answers::{ListFlow, SoaTimers, ZoneRecord};
use crate::dns::wire::Soa;
use crate::dns::{Name, NameError, RecordType};

/// The name server of a zone that nobody asks for (RFC 9432 §4.1).
const INVALID: &[u8] = b"invalid";
/// What the members are below.
const ZONES: &[u8] = b"zones";
const VERSION: &[u8] = b"version";
/// The version of the format, as the data of a TXT record (RFC 9432 §4.2.1).
const VERSION_DATA: [u8; 2] = [1, b'2'];
/// It has no meaning here (RFC 9432 §4).
const TTL_SECONDS: u32 = 0;

/// One version of the catalog zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogZone {
    apex: Name,
    /// What `INVALID` is.
    invalid: Name,
    timers: SoaTimers,
    members: Vec<MemberZone>,
    serial: u32,
}

/// A zone that it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MemberZone {
    id: String,
    apex: Name,
}

impl CatalogZone {
    /// Makes the first version of a list of zones.
    ///
    /// # Errors
    /// When the name is too long for the names below it.
    pub fn new(
        apex: Name,
        zones: impl Iterator<Item = Name>,
        timers: SoaTimers,
    ) -> Result<Self, NameError> {
        let mut members: Vec<_> = zones.map(MemberZone::new).collect();
        members.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        for member in &members {
            let below = [member.id.as_bytes(), ZONES].into_iter();
            Name::from_labels(below.chain(apex.labels().iter()))?;
        }
        Ok(Self {
            apex,
            invalid: Name::from_labels([INVALID])?,
            timers,
            members,
            serial: 0,
        })
    }

    /// The same list as the version with a serial.
    #[must_use]
    pub(super) fn with_serial(self, serial: u32) -> Self {
        Self { serial, ..self }
    }

    /// Its apex.
    pub fn apex(&self) -> Name {
        self.apex
    }

    /// Its serial.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// The TTL of its records, in seconds.
    pub(super) fn ttl_seconds(&self) -> u32 {
        TTL_SECONDS
    }

    /// The data of its SOA.
    pub(super) fn soa(&self) -> Vec<u8> {
        let SoaTimers {
            refresh_seconds,
            retry_seconds,
            expire_seconds,
        } = self.timers;
        let soa = Soa {
            apex: self.apex,
            name_server: self.invalid,
            mailbox: self.invalid,
            serial: self.serial,
            timers: [refresh_seconds, retry_seconds, expire_seconds, TTL_SECONDS],
        };
        soa.data()
    }

    /// Lists all records but the SOA.
    pub(super) fn list(&self, mut each: impl FnMut(ZoneRecord<'_>) -> ListFlow) -> ListFlow {
        let mut record = |labels: &[&[u8]], record_type, data: &[u8]| {
            each(ZoneRecord {
                labels,
                parent: &self.apex,
                record_type,
                ttl: TTL_SECONDS,
                data,
            })
        };
        record(&[], RecordType::NS, self.invalid.as_wire())?;
        record(&[VERSION], RecordType::TXT, &VERSION_DATA)?;
        self.members.iter().try_for_each(|member| {
            let labels = [member.id.as_bytes(), ZONES];
            record(&labels, RecordType::PTR, member.apex.as_wire())
        })
    }
}

impl MemberZone {
    /// Its label stays as long as its name does, at each start and in each gateway: another one would have secondaries begin
    /// the zone anew (RFC 9432 §5.4).
    fn new(apex: Name) -> Self {
        let mut hasher = SipHasher24::new();
        hasher.write(&apex.as_wire().to_ascii_lowercase());
        Self {
            id: format!("{:016x}", hasher.finish()),
            apex,
        }
    }
}
