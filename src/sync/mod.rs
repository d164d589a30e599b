//! Keeps the catalogue up to date: follows changes in Nomad, reads them, and writes the catalogue.
//!
//! Floor 2. Each subject owns its state in a folder: lists and streams (`follow`), the token (`rights`), health, the
//! guard against mass loss, reads on demand, the snapshot on disk, writing the catalogue (`apply`). They decide
//! without I/O; `tasks` sends requests to Nomad, `engine` connects them. Nothing here knows DNS.

mod apply;
mod ask;
mod demand;
mod durations;
mod engine;
mod follow;
mod frames;
mod guard;
mod health;
mod key;
mod moment;
mod oddities;
mod report;
mod rights;
mod settings;
mod status;
mod stored;
mod tasks;

pub use engine::run;
pub use oddities::{Oddity, OddityCounts};
pub use report::{HistogramCounts, LargeServices, Readiness, Report};
pub use rights::{Access, Events, HealthAccess, NAMESPACES_MAX};
pub use settings::{HealthSettings, LARGE_SERVICE_INSTANCES, OnDemand, SyncSettings, Times};
pub use status::Status;
pub use stored::{Fill, Fingerprint, StateFolder, StateInUse, StateLock, Store, keep, restore};
