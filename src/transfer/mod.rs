//! Zone transfer: what secondaries copy (AXFR, IXFR), the serials that say when, and the messages that tell them (NOTIFY).
//!
//! Floor 3, beside `layers`: `listeners` hands it the queries for a transfer. It makes no records itself; `answers` lists
//! those of a zone.

mod aliases;
mod asking;
mod catalog_zone;
mod differences;
mod keeper;
mod message;
mod notify;
mod record_hashes;
mod records;
mod refusal;
mod serials;
mod serving;
mod settings;
mod slots;
mod transferred_version;
mod version;
mod zones;

pub use catalog_zone::CatalogZone;
pub use keeper::Keeper;
pub use notify::{
    KeySource, MOST_SECONDARIES, NotifiedSecondary, Notifier, NotifyCounts, NotifyFailure,
    NotifyReport, SECONDARY_PORT, SecondaryState,
};
pub use refusal::TransferRefusal;
pub use serials::Serials;
pub use serving::{BegunTransfer, BrokenTransfer, Transfer, TransferMessages, Transfers};
pub use settings::{
    AT_ONCE, JOURNAL_OCTETS, KeeperSettings, LONGEST_SECONDS, STEP_MS, TransferSettings,
};
pub use slots::TransferSlots;
pub use transferred_version::TransferredVersion;
pub use version::ZoneVersion;
pub use zones::{TransferredZones, ZoneKind, ZoneSerial};
