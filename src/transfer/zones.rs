//! The versions of the zones that are transferred now.
//!
//! Floor 3. `keeper` writes them, transfers read them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::refusal::TransferRefusal;
use super::version::ZoneVersion;
use crate::catalog::Catalog;
use crate::dns::{ExtendedError, Name, Rcode};

/// The versions that are current; a clone shares them.
#[derive(Clone, Debug)]
pub struct TransferredZones {
    catalog: Arc<Catalog>,
    versions: Arc<ArcSwap<Vec<Arc<ZoneVersion>>>>,
    served: Arc<ArcSwap<Vec<Name>>>,
    serials: watch::Sender<Vec<(Name, u32)>>,
}

impl TransferredZones {
    /// Of what a catalogue has; there are no versions yet.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            versions: Arc::default(),
            served: Arc::default(),
            serials: watch::Sender::new(Vec::new()),
        }
    }
}

impl TransferredZones {
    /// The current version of a zone; none where it is not transferred, or not known yet.
    pub fn find(&self, apex: &Name) -> Option<Arc<ZoneVersion>> {
        let (versions, served) = (self.versions.load(), self.served.load());
        let found = versions.iter().find(|it| it.apex() == *apex);
        found.filter(|_| served.contains(apex)).cloned()
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

    /// Tells the apexes and serials of all zones, and each change of them.
    pub fn serials(&self) -> watch::Receiver<Vec<(Name, u32)>> {
        self.serials.subscribe()
    }

    /// Whether what is known of the cluster may still be told.
    pub(super) fn are_known(&self) -> bool {
        self.catalog.snapshot().is_some()
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
        let serials: Vec<_> = versions.iter().map(|it| (it.apex(), it.serial)).collect();
        self.serials.send_if_modified(|told| {
            let differs = *told != serials;
            *told = serials;
            differs
        });
    }
}
