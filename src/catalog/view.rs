//! The only way to read the catalogue: one snapshot, and a list of everything that an answer from it depends on.
//!
//! Floor 1. Each look-up notes the cell that tells when its result changes. `answers` makes each answer from one
//! view, and the answer is valid as long as the view's sources are. No caller handles cells itself.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;

use super::labels::{could_be_datacenter, could_be_named, could_be_service};
use super::sources::{Sources, SourcesBuilder};
use super::tags::TagPlace;
use super::{Cell, Coverage, Serial, Service, Snapshot, UnknownReason};

/// One state of the catalogue, as it is seen while one answer is made.
#[derive(Debug)]
pub struct View {
    snapshot: Arc<Snapshot>,
    gathered: RefCell<SourcesBuilder>,
}

/// What a look-up came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is not.
    Absent,
    /// It, or what it would be in, is known of, but not what is registered there.
    Unknown(UnknownReason),
    /// Nothing tells of it, but not everything is known.
    Unlisted(UnknownReason),
}

impl<T> Lookup<T> {
    /// What was found.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            _ => None,
        }
    }

    /// Found where there is something; else absent, or unlisted if there is a reason.
    fn or_unlisted(found: Option<T>, reason: impl FnOnce() -> Option<UnknownReason>) -> Self {
        match found {
            Some(found) => Self::Found(found),
            None => reason().map_or(Self::Absent, Self::Unlisted),
        }
    }
}

impl View {
    /// Opens a view of a snapshot.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot,
            gathered: RefCell::default(),
        }
    }

    /// Looks a namespace up by its label. One is there that has a service, or is marked as unknown itself.
    pub fn namespace(&self, label: &[u8]) -> Lookup<()> {
        self.look_at(&self.snapshot.names);
        // Of what is read on demand nobody knows what there is, so it is not to be denied (RFC 8020).
        if self.snapshot.coverage == Coverage::OnDemand {
            return found(could_be_named(label));
        }
        let is_known = self.snapshot.knows_namespace(label);
        let others = || self.snapshot.unknowns.others();
        Lookup::or_unlisted(is_known.then_some(()), || {
            others().filter(|_| could_be_named(label))
        })
    }

    /// Looks up whether a namespace has an instance in a datacenter.
    pub fn namespace_in(&self, namespace: &[u8], datacenter: &[u8]) -> Lookup<()> {
        self.look_at(&self.snapshot.names);
        if self.snapshot.coverage == Coverage::OnDemand {
            return found(could_be_named(namespace));
        }
        let is_in = self.snapshot.is_in_datacenter(namespace, datacenter);
        Lookup::or_unlisted(is_in.then_some(()), || {
            self.snapshot.unknown_within(namespace)
        })
    }

    /// Looks up whether an instance of a namespace carries a tag, in one datacenter where that is given.
    pub fn tag_in(&self, namespace: &[u8], datacenter: Option<&[u8]>, tag: &[u8]) -> Lookup<()> {
        self.look_at(&self.snapshot.tag_set);
        if self.snapshot.coverage == Coverage::OnDemand {
            return found(could_be_named(namespace));
        }
        let place = TagPlace {
            namespace,
            datacenter,
        };
        if self.snapshot.tags.has(place, tag) {
            return Lookup::Found(());
        }
        self.look_at(&self.snapshot.names);
        Lookup::or_unlisted(None, || self.snapshot.unknown_within(namespace))
    }

    /// Looks a service up by its labels.
    pub fn service(&self, namespace: &[u8], name: &[u8]) -> Lookup<&Service> {
        if let Some(service) = self.snapshot.service(namespace, name) {
            // It goes with its cell, so the set of names need not be looked at.
            self.look_at(&service.cell);
            return Lookup::Found(service);
        }
        self.look_at(&self.snapshot.names);
        if !could_be_service(name) {
            return Lookup::Absent;
        }
        match self.snapshot.unknown_service(namespace, name) {
            Some(reason) => Lookup::Unknown(reason),
            None if self.snapshot.knows_namespace(namespace) => Lookup::Absent,
            None => {
                let others = self.snapshot.unknowns.others();
                let others = others.filter(|_| could_be_named(namespace));
                others.map_or(Lookup::Absent, Lookup::Unlisted)
            }
        }
    }

    /// Looks up whether instances have an address, or had it a moment ago.
    pub fn address(&self, address: IpAddr) -> Lookup<()> {
        if let Some(found) = self.snapshot.addresses.get(&address) {
            self.look_at(&found.cell);
            return Lookup::Found(());
        }
        self.look_at(&self.snapshot.address_set);
        self.look_at(&self.snapshot.names);
        Lookup::or_unlisted(None, || self.snapshot.unknowns.strongest())
    }

    /// Looks up whether any instance runs in a datacenter of this name.
    pub fn datacenter(&self, label: &[u8]) -> Lookup<()> {
        self.look_at(&self.snapshot.names);
        if self.snapshot.coverage == Coverage::OnDemand {
            return found(could_be_datacenter(label));
        }
        let is_known = self.snapshot.has_datacenter(label);
        Lookup::or_unlisted(is_known.then_some(()), || {
            let any = self.snapshot.unknowns.strongest();
            any.filter(|_| could_be_datacenter(label))
        })
    }

    /// The serial of a zone.
    pub fn serial(&self, serial: &Serial) -> u32 {
        let current = serial.current();
        let mut gathered = self.gathered.borrow_mut();
        // Which is not said any more once the snapshot is withdrawn.
        gathered.add(&self.snapshot.names);
        gathered.add(&current.cell);
        current.number
    }

    /// Notes that a service is asked for, now and whenever the answer is given out again; there may be several.
    pub fn ask_for(&self, service: &Service) {
        service.asked.note();
        self.gathered.borrow_mut().add_asked(&service.asked);
    }

    /// All of it: an answer that is made from that is not kept.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        self.gathered.borrow_mut().set_once();
        &self.snapshot
    }

    /// What was looked up, for the answer that was made of it.
    pub fn into_sources(self) -> Sources {
        // What only the settings decide is not said again once the snapshot was withdrawn.
        self.gathered
            .into_inner()
            .into_sources(&self.snapshot.names)
    }

    fn look_at(&self, cell: &Cell) {
        let mut gathered = self.gathered.borrow_mut();
        // Whoever reads on demand has to see every query, to know what is asked and what is not.
        match self.snapshot.coverage {
            Coverage::Complete => gathered.add(cell),
            Coverage::OnDemand => gathered.set_once(),
        }
    }
}

fn found(is_found: bool) -> Lookup<()> {
    if is_found {
        Lookup::Found(())
    } else {
        Lookup::Absent
    }
}
