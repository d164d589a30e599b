//! How zones are transferred.

use std::sync::Arc;
use std::time::Duration;

use super::catalog_zone::CatalogZone;
use crate::answers::ZoneSettings;
use crate::catalog::{Coverage, Snapshot};

/// How long after a change of a zone its serial changes again when nobody says otherwise, in milliseconds.
pub const STEP_MS: u64 = 1000;
/// The octets of changes that are kept when nobody says otherwise.
pub const JOURNAL_OCTETS: usize = 16 << 20;
/// The transfers that run at once when nobody says otherwise.
pub const AT_ONCE: usize = 16;
/// How long a transfer may take when nobody says otherwise, in seconds.
pub const LONGEST_SECONDS: u64 = 3600;

/// How zones are transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferSettings {
    /// Whether anybody may transfer a zone.
    pub is_offered: bool,
    /// The least time between two serials of a zone.
    pub step: Duration,
    /// The most octets of the journals of all zones.
    pub journal_octets: usize,
    /// The most transfers at once.
    pub at_once: usize,
    /// How long one may take.
    pub longest: Duration,
    /// The tags that TXT records may have, by what they begin with; there are no TXT records when none.
    pub described: Option<Arc<[Box<str>]>>,
    /// The zone that lists the zones, if there is one.
    pub catalog_zone: Option<CatalogZone>,
}

/// What the zones are made by.
#[derive(Clone, Debug)]
pub struct KeeperSettings {
    /// The zones, which share their serials.
    pub zones: ZoneSettings,
    /// How they are transferred.
    pub transfer: TransferSettings,
    /// Which zones these are: another one begins their journals anew.
    pub generation: u64,
    /// How often all services are asked for, so that their health is read; never when none.
    pub ask_every: Option<Duration>,
}

impl KeeperSettings {
    /// Whether there are versions to transfer: not of a catalogue that has only what was asked for.
    pub(super) fn offers(&self, snapshot: &Snapshot) -> bool {
        self.transfer.is_offered && snapshot.coverage() == Coverage::Complete
    }
}
