//! What is transferred: a version of a zone of the cluster, or of the catalog zone.
//!
//! Floor 3.

use std::sync::Arc;

use super::catalog_zone::CatalogZone;
use super::version::{ZoneStep, ZoneVersion};
use crate::answers::{ListFlow, ZoneRecord};
use crate::dns::{Answer, AnswerBuilder, Name, Owner, RecordType, Section};

/// A version that can be transferred.
#[derive(Clone, Debug)]
pub enum TransferredVersion {
    /// Of a zone whose records come from the cluster.
    Cluster(Arc<ZoneVersion>),
    /// Of the list of these zones.
    Catalog(Arc<CatalogZone>),
}

impl TransferredVersion {
    /// The apex of the zone.
    pub fn apex(&self) -> Name {
        match self {
            Self::Cluster(version) => version.apex(),
            Self::Catalog(version) => version.apex(),
        }
    }

    /// The serial.
    pub fn serial(&self) -> u32 {
        match self {
            Self::Cluster(version) => version.serial(),
            Self::Catalog(version) => version.serial(),
        }
    }

    /// Hands out the SOA that the zone had with a serial.
    pub(super) fn with_soa<T>(&self, serial: u32, with: impl FnOnce(&ZoneRecord<'_>) -> T) -> T {
        let (ttl, data) = match self {
            Self::Cluster(version) => {
                let contents = &version.contents;
                (contents.ttl_seconds(), contents.soa(serial))
            }
            Self::Catalog(version) => (version.ttl_seconds(), version.soa()),
        };
        with(&ZoneRecord {
            labels: &[],
            parent: &self.apex(),
            record_type: RecordType::SOA,
            ttl,
            data: &data,
        })
    }

    /// The answer that has its SOA alone.
    pub(super) fn soa_answer(&self) -> Answer {
        let mut builder = AnswerBuilder::local(&self.apex());
        self.with_soa(self.serial(), |soa| {
            let (section, owner) = (Section::Answer, Owner::Question);
            builder.push(section, owner, soa.record_type, soa.ttl, |rdata| {
                rdata.octets(soa.data);
            });
        });
        builder.finish()
    }

    /// Lists all records but the SOA.
    pub(super) fn list(&self, each: impl FnMut(ZoneRecord<'_>) -> ListFlow) -> ListFlow {
        match self {
            Self::Cluster(version) => version.contents.list(each),
            Self::Catalog(version) => version.list(each),
        }
    }

    /// Whether the steps from another version are known, and are not more than the zone. The catalog zone is short.
    pub(super) fn has_short_way_from(&self, serial: u32) -> bool {
        self.cluster()
            .is_some_and(|it| it.has_short_way_from(serial))
    }

    /// The steps from another version to this one.
    pub(super) fn steps_from(&self, serial: u32) -> impl Iterator<Item = &Arc<ZoneStep>> {
        let steps = self.cluster().and_then(|it| it.steps_from(serial));
        steps.into_iter().flatten()
    }

    /// Notes how many octets the whole zone took.
    pub(super) fn note_whole(&self, octets: usize) {
        if let Some(version) = self.cluster() {
            version.note_whole(octets);
        }
    }

    fn cluster(&self) -> Option<&ZoneVersion> {
        match self {
            Self::Cluster(version) => Some(version),
            Self::Catalog(_) => None,
        }
    }
}
