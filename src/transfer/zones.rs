//! The versions of the zones that are transferred now.
//!
//! Floor 3. `keeper` writes them, transfers read them.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use super::catalog_zone::CatalogZone;
use super::refusal::TransferRefusal;
use super::serials::Serials;
use super::transferred_version::TransferredVersion;
use super::version::ZoneVersion;
use crate::catalog::Catalog;
use crate::dns::{ExtendedError, Name, Rcode};

/// The serial of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneSerial {
    /// The apex of the zone.
    pub apex: Name,
    /// Its serial.
    pub serial: u32,
    /// What it has.
    pub kind: ZoneKind,
}

/// What a zone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneKind {
    /// Records of the cluster.
    Cluster,
    /// The list of the zones.
    Catalog,
}

/// The versions that are current; a clone shares them.
#[derive(Clone, Debug)]
pub struct TransferredZones {
    catalog: Arc<Catalog>,
    versions: Arc<ArcSwap<Vec<Arc<ZoneVersion>>>>,
    served: Arc<ArcSwap<Vec<Name>>>,
    catalog_zone: Arc<ArcSwapOption<CatalogZone>>,
    serials: watch::Sender<Vec<ZoneSerial>>,
}

impl TransferredZones {
    /// Of what a catalogue has; there are no versions yet.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            versions: Arc::default(),
            served: Arc::default(),
            catalog_zone: Arc::default(),
            serials: watch::Sender::new(Vec::new()),
        }
    }
}

impl TransferredZones {
    /// The current version of a zone; none where it is not transferred, or not known.
    pub fn find(&self, apex: &Name) -> Option<TransferredVersion> {
        if let Some(found) = self
            .catalog_zone
            .load_full()
            .filter(|it| it.apex() == *apex)
        {
            return Some(TransferredVersion::Catalog(found));
        }
        let (versions, served) = (self.versions.load(), self.served.load());
        let found = versions.iter().find(|it| it.apex() == *apex);
        // What is known of the cluster may be too old to be told.
        let found = found.filter(|_| served.contains(apex) && self.catalog.snapshot().is_some());
        found.cloned().map(TransferredVersion::Cluster)
    }

    /// The catalog zone, if there is one.
    pub fn catalog_zone(&self) -> Option<Arc<CatalogZone>> {
        self.catalog_zone.load_full()
    }

    /// Has this catalog zone, or none, with a later serial if it differs from the one before.
    pub fn use_catalog_zone(&self, wanted: Option<CatalogZone>, serials: &Serials) {
        let current = self.catalog_zone.load_full();
        let serial = current.as_ref().map_or(0, |it| it.serial());
        let wanted = wanted.map(|it| it.with_serial(serial));
        if current.as_deref() == wanted.as_ref() {
            return;
        }
        let next = wanted.map(|it| {
            let serial = serials.raise(it.apex());
            Arc::new(it.with_serial(serial))
        });
        self.catalog_zone.store(next.clone());
        self.tell_those_of(
            ZoneKind::Catalog,
            next.iter().map(|it| (it.apex(), it.serial())),
        );
    }

    /// Why a zone is not transferred: it is none, or there is no version of it.
    pub(super) fn refusal(&self, apex: &Name) -> TransferRefusal {
        let served = self.served.load();
        match served.contains(apex) {
            true => TransferRefusal {
                rcode: Rcode::SERVFAIL,
                error: Some(ExtendedError::NOT_READY),
            },
            // RFC 5936 §2.2.1
            false => TransferRefusal {
                rcode: Rcode::NOTAUTH,
                error: Some(ExtendedError::NOT_AUTHORITATIVE),
            },
        }
    }

    /// Sets which zones there are, whether or not there are versions of them.
    pub fn serve(&self, apexes: impl Iterator<Item = Name>) {
        self.served.store(Arc::new(apexes.collect()));
    }

    /// Tells the serials of all zones, and each change of them.
    pub fn serials(&self) -> watch::Receiver<Vec<ZoneSerial>> {
        self.serials.subscribe()
    }

    /// The current versions.
    pub(super) fn all(&self) -> Arc<Vec<Arc<ZoneVersion>>> {
        self.versions.load_full()
    }

    /// Sets the current versions.
    pub(super) fn set(&self, versions: Vec<Arc<ZoneVersion>>) {
        self.versions.store(Arc::new(versions));
    }

    /// Tells the serials of these versions, which are what answers have too.
    pub(super) fn tell(&self) {
        let versions = self.versions.load();
        let serials = versions.iter().map(|it| (it.apex(), it.serial));
        self.tell_those_of(ZoneKind::Cluster, serials);
    }

    /// Tells the serials of the zones of one kind; those of the other are told by others, and stay.
    fn tell_those_of(&self, kind: ZoneKind, serials: impl Iterator<Item = (Name, u32)>) {
        let serials = serials.map(|(apex, serial)| ZoneSerial { apex, serial, kind });
        self.serials.send_if_modified(|told| {
            let others = told.iter().filter(|it| it.kind != kind).copied();
            let all: Vec<_> = others.chain(serials).collect();
            let differs = all.len() != told.len() || !all.iter().all(|it| told.contains(it));
            *told = all;
            differs
        });
    }
}
