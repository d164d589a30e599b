//! A simulated Nomad agent on loopback: the cluster of `nomadns demo`, and the Nomad of all tests.
//!
//! `SimulatedNomad` is the scripted side: it starts the agent, changes the cluster, breaks things and
//! tells what was asked. `scenario` is the cluster that moves, for people. The agent answers in exactly
//! the form of a real Nomad; nothing here knows the gateway.

mod agent;
mod api;
mod faults;
mod filter;
mod handle;
mod model;
mod scenario;
mod seen;
mod server;
mod shared;
mod state;

pub use agent::Version;
pub use faults::{EventBroker, Fault, Leader};
pub use handle::{BulkLoad, Options, SimulatedNomad};
pub use model::{Allocation, Check, NamespaceRow, Registration, random_uuid};
pub use scenario::Scenario;
pub use seen::Load;
pub use state::acl::{Acl, Enforcement, Token};
pub use state::{Events, Removal};
