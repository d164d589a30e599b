//! The zones, and the settings that apply to all of their answers.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::chosen::host_name;
use crate::catalog::{HealthPolicy, InstanceAddress, Serial, Service};
use crate::dns::{Name, NameError, RecordType};

/// The CNAMEs that one answer follows when nobody says otherwise.
pub const ALIAS_CHAIN: usize = 8;
/// The tag that asks for an HTTPS record when nobody says otherwise.
pub const HTTPS_TAG: &str = "dns.https";
/// The octets of what names share when nobody says otherwise.
pub const SHARED_OCTETS: usize = 32 << 20;

/// One zone: an apex and the names that it is the authority for.
#[derive(Clone, Debug)]
pub struct Zone {
    /// The apex.
    pub apex: Name,
    /// The name server's own name, `ns` below the apex.
    pub name_server: Name,
    /// The mailbox of the SOA, `hostmaster` below the apex (RFC 2142 §7).
    pub mailbox: Name,
    /// What the targets of SRV records are below, `addr` below the apex.
    pub addresses: Name,
    /// The serial of the SOA.
    pub serial: Arc<Serial>,
}

/// What the answers of all zones have in common.
#[derive(Clone, Debug)]
pub struct ZoneSettings {
    /// The zones, the longest apex first.
    zones: Vec<Zone>,
    /// The TTL of records, in seconds.
    pub ttl_seconds: u32,
    /// The TTL of denials, in seconds.
    pub negative_ttl_seconds: u32,
    /// What is above the names that stand for addresses: `addr` below the first zone.
    pub(super) first_addresses: Name,
    /// The networks whose reverse zones are answered.
    pub reverse_networks: Vec<IpNet>,
    /// Whether instances are described in TXT records.
    pub descriptions: Descriptions,
    /// The tag that asks for an HTTPS record; none where there are no such records.
    pub https_tag: Option<Box<str>>,
    /// Which instances are answered.
    pub health: HealthPolicy,
    /// The addresses of the name server.
    pub server_addresses: Vec<IpAddr>,
    /// Whether a zone within another tells its name server.
    pub inner_name_servers: InnerNameServers,
    /// The most CNAMEs that one answer follows.
    pub alias_chain: usize,
    /// What secondaries of the zones go by.
    pub soa_timers: SoaTimers,
    /// How many octets the sets may take that are made of many instances and that names share.
    pub shared_octets: usize,
}

/// When secondaries ask for a zone, and when they give it up (RFC 1912 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoaTimers {
    /// How often they look for a new serial, in seconds.
    pub refresh_seconds: u32,
    /// How soon they look again when there was no answer, in seconds.
    pub retry_seconds: u32,
    /// How long they answer without one, in seconds.
    pub expire_seconds: u32,
}

impl Default for SoaTimers {
    fn default() -> Self {
        Self {
            refresh_seconds: 14_400,
            retry_seconds: 3600,
            expire_seconds: 604_800,
        }
    }
}

/// Whether a zone within another shows its name server (NS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InnerNameServers {
    /// It does.
    Shown,
    /// Its apex has no NS.
    #[default]
    Hidden,
}

/// Whether TXT records describe the instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Descriptions {
    /// They do.
    #[default]
    Shown,
    /// Services have no TXT records.
    Hidden,
}

impl Zone {
    /// Makes the zone of an apex.
    ///
    /// # Errors
    /// An apex so long that no name fits below it.
    pub fn new(apex: Name) -> Result<Self, NameError> {
        let below = |label: &'static str| {
            let labels = apex.labels();
            Name::from_labels(std::iter::once(label.as_bytes()).chain(labels.iter()))
        };
        Ok(Self {
            name_server: below("ns")?,
            mailbox: below("hostmaster")?,
            addresses: below("addr")?,
            serial: Arc::default(),
            apex,
        })
    }

    /// How many labels of a name within the zone are below the apex.
    pub(super) fn labels_below(&self, name: &Name) -> usize {
        name.labels_above(&self.apex).unwrap_or(0)
    }
}

impl ZoneSettings {
    /// Makes the settings of `zones`, in any order; addresses are named in the first.
    pub fn new(mut zones: Vec<Zone>, ttl_seconds: u32, negative_ttl_seconds: u32) -> Self {
        let first = zones.first().map(|zone| zone.addresses);
        zones.sort_by_key(|zone| std::cmp::Reverse(zone.apex.as_wire().len()));
        Self {
            first_addresses: first.unwrap_or(Name::ROOT),
            reverse_networks: Vec::new(),
            zones,
            ttl_seconds,
            negative_ttl_seconds,
            descriptions: Descriptions::default(),
            https_tag: Some(HTTPS_TAG.into()),
            health: HealthPolicy::default(),
            server_addresses: Vec::new(),
            inner_name_servers: InnerNameServers::default(),
            alias_chain: ALIAS_CHAIN,
            soa_timers: SoaTimers::default(),
            shared_octets: SHARED_OCTETS,
        }
    }

    /// The zones, the longest apex first.
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// The same, to share their serials with others.
    pub fn zones_mut(&mut self) -> &mut [Zone] {
        &mut self.zones
    }

    /// The zones that are cut out of `outer`: those directly below it.
    pub fn zones_cut_out<'a>(&'a self, outer: &'a Zone) -> impl Iterator<Item = &'a Zone> {
        self.zones.iter().filter(|zone| {
            let parent = self.zones_around(zone).next();
            parent.is_some_and(|parent| parent.apex == outer.apex)
        })
    }

    /// The zone that a name belongs to: the longest that it is within.
    pub(super) fn zone_of(&self, name: &Name) -> Option<&Zone> {
        self.zones.iter().find(|zone| name.is_within(&zone.apex))
    }

    /// The zone that answers for a name and a type, if one does.
    ///
    /// What is asked of the parent about an apex, DS, is answered by the parent (RFC 4035 §3.1.4.1).
    pub fn zone_for(&self, name: &Name, asked: RecordType) -> Option<&Zone> {
        let zone = self.zone_of(name)?;
        let is_parents = asked == RecordType::DS && *name == zone.apex;
        let parent = is_parents.then(|| self.zones_around(zone).next());
        Some(parent.flatten().unwrap_or(zone))
    }

    /// Whether an instance of a service has a name in one of the zones as its address.
    pub fn has_alias(&self, service: &Service) -> bool {
        service.instances().any(|instance| match &instance.address {
            InstanceAddress::Host(host) => {
                let host = host_name(host);
                host.is_some_and(|host| self.zone_of(&host).is_some())
            }
            _ => false,
        })
    }

    /// The apexes of the zones.
    pub fn apexes(&self) -> impl Iterator<Item = &Name> {
        self.zones.iter().map(|zone| &zone.apex)
    }

    /// Whether an apex is at or below a name.
    pub(super) fn has_zone_within(&self, name: &Name) -> bool {
        self.zones.iter().any(|zone| zone.apex.is_within(name))
    }

    /// The other zones that a zone is within, the longest first.
    pub(super) fn zones_around<'a>(&'a self, inner: &'a Zone) -> impl Iterator<Item = &'a Zone> {
        let others = self.zones.iter().filter(|zone| zone.apex != inner.apex);
        others.filter(|zone| inner.apex.is_within(&zone.apex))
    }
}
