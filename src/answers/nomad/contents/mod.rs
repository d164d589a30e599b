//! All records of a zone in one state of the catalogue, as secondaries get them.
//!
//! Floor 2. It lists what clients are answered, name by name: `service` that of a service, `addresses` the names of
//! addresses. Most zones are listed straight from the snapshot. Where a namespace is called as a part of the grammar or
//! as a zone within, one name may hide another: then each name is queried (`queried`). What is not in a zone is left out:
//! names with several tags, and what stands beside a CNAME (RFC 1034 §3.6.2).

mod addresses;
mod called;
mod queried;
mod record_sets;
mod service;

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

pub use self::addresses::{NamespaceAddresses, PlacedAddress};
use self::service::Listing;
use super::address_labels::hex_label;
use super::infrastructure::address_type;
use super::negative::soa;
use super::zone::{InnerNameServers, Zone, ZoneSettings};
use crate::catalog::{Snapshot, UnknownReason};
use crate::dns::{Name, Rdata, RecordType};

/// A record of a zone, of class IN.
#[derive(Clone, Copy, Debug)]
pub struct ZoneRecord<'a> {
    /// The first labels of its owner.
    pub labels: &'a [&'a [u8]],
    /// What these are below: many records have the same.
    pub parent: &'a Name,
    /// Its type.
    pub record_type: RecordType,
    /// In seconds.
    pub ttl: u32,
    /// Its data; names in it are written in full.
    pub data: &'a [u8],
}

/// What is listed may be too much: a break ends it.
pub type ListFlow = ControlFlow<()>;

/// The records of one zone in one state of the catalogue.
#[derive(Clone, Debug)]
pub struct ZoneContents {
    settings: Arc<ZoneSettings>,
    /// Which of the zones it is.
    place: usize,
    /// What the tags begin with that TXT records may have; there are none of these when none.
    described: Option<Arc<[Box<str>]>>,
    snapshot: Arc<Snapshot>,
    addresses: NamespaceAddresses,
}

impl ZoneContents {
    /// Whether everything was read that is listed, or it was tried.
    pub fn is_whole(snapshot: &Snapshot) -> bool {
        snapshot.unknown_count(UnknownReason::Unread) == 0
    }

    /// The contents of each zone of `settings`.
    pub fn of_zones(
        settings: &ZoneSettings,
        described: Option<&Arc<[Box<str>]>>,
        snapshot: &Arc<Snapshot>,
        addresses: &NamespaceAddresses,
    ) -> Vec<Self> {
        let mut settings = settings.clone();
        // A zone needs its NS, wherever that leads.
        settings.inner_name_servers = InnerNameServers::Shown;
        let settings = Arc::new(settings);
        let contents = |place| Self {
            settings: Arc::clone(&settings),
            place,
            described: described.cloned(),
            snapshot: Arc::clone(snapshot),
            addresses: addresses.clone(),
        };
        (0..settings.zones().len()).map(contents).collect()
    }

    /// The same zone in another state of the catalogue.
    #[must_use]
    pub fn at(&self, snapshot: &Arc<Snapshot>, addresses: &NamespaceAddresses) -> Self {
        Self {
            snapshot: Arc::clone(snapshot),
            addresses: addresses.clone(),
            ..self.clone()
        }
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.settings.zones()[self.place]
    }

    /// The TTL of its records, in seconds.
    pub fn ttl_seconds(&self) -> u32 {
        self.settings.ttl_seconds
    }

    /// Whether no name of a service or an address hides another, so that what changes is what belongs to what has changed.
    pub fn is_plain(&self) -> bool {
        let has = |label: &[u8]| self.snapshot.knows_namespace(label);
        let apex = &self.zone().apex;
        let is_reserved =
            |label: &[u8]| label.eq_ignore_ascii_case(b"addr") || label.eq_ignore_ascii_case(b"dc");
        // The label of a zone within another that is next to it: by the grammar of the outer one a namespace.
        let next = |inner: &Name, outer: &Name| {
            let depth = inner.labels_above(outer).filter(|depth| *depth > 0)?;
            inner.labels().at(depth - 1).map(<[u8]>::to_vec)
        };
        let zones = self.settings.apexes();
        let mut nested = zones.filter_map(|other| next(apex, other).or_else(|| next(other, apex)));
        let is_mixed = |label: Vec<u8>| is_reserved(&label) || has(&label);
        !has(b"addr") && !has(b"dc") && !nested.any(is_mixed)
    }

    /// The data of the zone's SOA with a serial.
    pub fn soa(&self, serial: u32) -> Vec<u8> {
        let mut data = Vec::new();
        soa(
            &mut Rdata::alone(&mut data),
            &self.settings,
            self.zone(),
            serial,
        );
        data
    }

    /// Lists all records but the SOA; those of one name and type are together.
    pub fn list(&self, mut each: impl FnMut(ZoneRecord<'_>) -> ListFlow) -> ListFlow {
        if !self.is_plain() {
            return self.list_queried(&mut each);
        }
        self.list_infrastructure(&mut each)?;
        let mut listing = Listing::new(self);
        for (namespace, name, service) in self.snapshot.iter() {
            listing.list(namespace, name, service, &mut each)?;
        }
        for (place, addresses) in self.addresses.iter() {
            if let Some(parent) = self.addresses_parent(place) {
                for address in addresses.filter(|address| !self.hides(place, *address)) {
                    self.push_address(&parent, address, &mut each)?;
                }
            }
        }
        for address in self.snapshot.addresses() {
            self.list_address(address, &mut each)?;
        }
        ControlFlow::Continue(())
    }

    /// Lists the records of one service.
    pub fn list_service(
        &self,
        (namespace, name): (&str, &str),
        mut each: impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        match self.snapshot.service(namespace.as_bytes(), name.as_bytes()) {
            Some(service) => Listing::new(self).list(namespace, name, service, &mut each),
            None => ControlFlow::Continue(()),
        }
    }

    /// Lists the record of the name of an address below a namespace, if there is one.
    pub fn list_address_in(
        &self,
        place: (&str, Option<&str>),
        address: IpAddr,
        mut each: impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let is_there = self.addresses.has(place, address) && !self.hides(place, address);
        match self.addresses_parent(place).filter(|_| is_there) {
            Some(parent) => self.push_address(&parent, address, &mut each),
            None => ControlFlow::Continue(()),
        }
    }

    /// What the names of addresses of a namespace, or of a datacenter there, are below.
    fn addresses_parent(&self, (namespace, datacenter): (&str, Option<&str>)) -> Option<Name> {
        let apex = &self.zone().apex;
        let labels = [
            Some("addr"),
            Some(namespace),
            datacenter,
            datacenter.map(|_| "dc"),
        ];
        let labels = labels.into_iter().flatten().map(str::as_bytes);
        Name::from_labels(labels.chain(apex.labels().iter())).ok()
    }

    /// Whether a service that is called `addr` has a tag that is called as an address is.
    fn hides(&self, (namespace, datacenter): (&str, Option<&str>), address: IpAddr) -> bool {
        let Some(service) = self.snapshot.service(namespace.as_bytes(), b"addr") else {
            return false;
        };
        let label = hex_label(address);
        let is_there = |it: &str| datacenter.is_none_or(|label| it.eq_ignore_ascii_case(label));
        let mut there = service
            .instances()
            .filter(|it| is_there(&it.group.datacenter));
        there.any(|it| {
            it.group
                .tags
                .iter()
                .any(|tag| tag.eq_ignore_ascii_case(&label))
        })
    }

    /// Lists the record of the name of an address at the apex, if there is one.
    pub fn list_address(
        &self,
        address: IpAddr,
        mut each: impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        if !self.snapshot.has_address(address) {
            return ControlFlow::Continue(());
        }
        self.push_address(&self.zone().addresses, address, &mut each)
    }

    fn push_address(
        &self,
        parent: &Name,
        address: IpAddr,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let label = hex_label(address);
        if parent.as_wire().len() + label.len() >= Name::OCTETS {
            return ControlFlow::Continue(());
        }
        self.push_host(&[label.as_bytes()], parent, address, each)
    }

    fn push_host(
        &self,
        labels: &[&[u8]],
        parent: &Name,
        address: IpAddr,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let (v4, v6);
        let data: &[u8] = match address {
            IpAddr::V4(address) => {
                v4 = address.octets();
                &v4
            }
            IpAddr::V6(address) => {
                v6 = address.octets();
                &v6
            }
        };
        each(ZoneRecord {
            labels,
            parent,
            record_type: address_type(address),
            ttl: self.settings.ttl_seconds,
            data,
        })
    }

    /// Lists the name server of the zone, and those of the zones within it.
    fn list_infrastructure(&self, each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow) -> ListFlow {
        let zone = self.zone();
        self.list_name_server(zone, each)?;
        let mut inner = self.settings.zones_cut_out(zone);
        inner.try_for_each(|inner| self.list_name_server(inner, each))
    }

    fn list_name_server(
        &self,
        zone: &Zone,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        each(ZoneRecord {
            labels: &[],
            parent: &zone.apex,
            record_type: RecordType::NS,
            ttl: self.settings.ttl_seconds,
            data: zone.name_server.as_wire(),
        })?;
        let mut addresses = self.settings.server_addresses.iter();
        addresses.try_for_each(|address| self.push_host(&[], &zone.name_server, *address, each))
    }
}
