//! Keeps the catalogue true: asks Nomad what changed, reads that, and writes it down.
//!
//! Floor 2. The blocking list of services is the truth, the event stream a hint of what to read. One task owns the
//! catalogue's writer; `plan` decides without I/O what is read next, `engine` does it. It never empties the catalogue on
//! an error, and knows nothing of DNS.

mod access;
mod demands;
mod engine;
mod guard;
mod health;
mod moment;
mod oddities;
mod pace;
mod plan;
mod registration;
mod report;
mod settings;
mod status;
mod stored;
mod twins;

pub use access::{Access, Events};
pub use engine::run;
pub use health::HealthAccess;
pub use oddities::{Counts, Oddity};
pub use report::{Readiness, Report};
pub use settings::{HealthSettings, OnDemand, Settings, Times};
pub use status::Status;
pub use stored::{Fill, Fingerprint, Store, keep, restore};
