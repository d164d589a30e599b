//! Keeps the catalogue true: asks Nomad what changed, reads that, and writes it down.
//!
//! Floor 2. Each subject owns its state in a folder: what is followed (`follow`), what the token may (`rights`), health, the
//! guard against mass loss, what is read on demand, the snapshot on disk, the writing into the catalogue (`apply`).
//! They decide without I/O; `tasks` asks Nomad, `engine` brings them together. Nothing here knows DNS.

mod apply;
mod ask;
mod demand;
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
pub use report::{LargeServices, Readiness, Report};
pub use rights::{Access, Events, HealthAccess, NAMESPACES_MAX};
pub use settings::{HealthSettings, LARGE_SERVICE_INSTANCES, OnDemand, SyncSettings, Times};
pub use status::Status;
pub use stored::{Fill, Fingerprint, Store, keep, restore};
