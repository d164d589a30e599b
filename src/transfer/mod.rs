//! Zone transfer: what secondaries copy (AXFR, IXFR), the serials that say when, and the messages that tell them (NOTIFY).
//!
//! Floor 3, beside `layers`: `listeners` hands it the queries for a transfer. It makes no records itself; `answers` lists
//! those of a zone.

mod settings;

pub use settings::{AT_ONCE, JOURNAL_OCTETS, STEP_MS, TransferSettings};
