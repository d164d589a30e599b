//! One version of a zone: its serial, its records, and how it came from the versions before.
//!
//! Floor 3. A transfer holds one from its first message to its last, whatever changes meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use imbl::Vector;

use super::records::{Difference, Records};
use crate::answers::ZoneContents;
use crate::dns::Name;

/// What a step takes beside its records, in memory and as two SOAs in a transfer.
const STEP_OCTETS: usize = 200;

/// A version of a zone.
#[derive(Clone, Debug)]
pub struct ZoneVersion {
    pub(super) serial: u32,
    pub(super) contents: ZoneContents,
    /// The steps that led here, the oldest first; each begins where the one before ends.
    pub(super) journal: Vector<Arc<ZoneStep>>,
    /// The octets of the last transfer of the whole zone; 0 before.
    whole_octets: Arc<AtomicUsize>,
}

/// What changed from one version of a zone to the next.
#[derive(Debug)]
pub(super) struct ZoneStep {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) removed: Records,
    pub(super) added: Records,
}

impl ZoneStep {
    /// How many octets it takes.
    pub(super) fn octets(&self) -> usize {
        STEP_OCTETS + self.removed.octets() + self.added.octets()
    }
}

impl ZoneVersion {
    /// The first version that is known.
    pub(super) fn first(serial: u32, contents: ZoneContents) -> Self {
        Self {
            serial,
            contents,
            journal: Vector::new(),
            whole_octets: Arc::default(),
        }
    }

    /// The next one; of the journal there stay the latest steps, of so many octets together.
    pub(super) fn next(
        &self,
        serial: u32,
        contents: ZoneContents,
        difference: Difference,
        most_octets: usize,
    ) -> Self {
        let mut journal = self.journal.clone();
        journal.push_back(Arc::new(ZoneStep {
            from: self.serial,
            to: serial,
            removed: difference.removed,
            added: difference.added,
        }));
        let mut octets: usize = journal.iter().map(|step| step.octets()).sum();
        while octets > most_octets
            && let Some(oldest) = journal.pop_front()
        {
            octets -= oldest.octets();
        }
        Self {
            serial,
            contents,
            journal,
            whole_octets: Arc::clone(&self.whole_octets),
        }
    }

    /// The same version by another state of the catalogue, which has the same records.
    pub(super) fn with_contents(&self, contents: ZoneContents) -> Self {
        Self {
            contents,
            ..self.clone()
        }
    }

    /// The apex of the zone.
    pub fn apex(&self) -> Name {
        self.contents.zone().apex
    }

    /// The serial.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// Notes how many octets the whole zone took.
    pub(super) fn note_whole(&self, octets: usize) {
        self.whole_octets.store(octets, Ordering::Relaxed);
    }

    /// Whether the steps from another version are known, and are not more than the zone.
    pub(super) fn has_short_way_from(&self, serial: u32) -> bool {
        let whole = self.whole_octets.load(Ordering::Relaxed);
        let steps = self.steps_from(serial);
        let octets = steps.map(|steps| steps.map(|step| step.octets()).sum::<usize>());
        octets.is_some_and(|octets| whole == 0 || octets <= whole)
    }

    /// The steps from another version to this one; none where the journal does not go back so far.
    pub(super) fn steps_from(&self, serial: u32) -> Option<impl Iterator<Item = &Arc<ZoneStep>>> {
        let place = self.journal.iter().position(|step| step.from == serial)?;
        Some(self.journal.iter().skip(place))
    }
}
