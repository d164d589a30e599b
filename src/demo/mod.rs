//! A simulated Nomad, on loopback or in memory: the cluster of `nomadns demo`, and the Nomad of all tests.
//!
//! `SimulatedNomad` starts an agent, changes the cluster, causes faults and counts requests. `SimulatedCluster` is
//! several servers with one log. `scenario` is the changing cluster of the demo. Responses have exactly the form of a
//! real Nomad. Nothing here knows the gateway.

mod agent;
mod api;
mod cluster;
mod faults;
mod filter;
mod handle;
mod model;
mod page;
mod raft;
mod replica;
mod scenario;
mod seen;
mod server;
mod shared;
mod state;

pub use agent::Version;
pub use cluster::{ClusterOptions, SimulatedCluster, StateSnapshot};
pub use faults::{EventBroker, Fault, Leader};
pub use handle::{BulkLoad, Options, SimulatedNomad};
pub use model::{Allocation, Check, NamespaceRow, Registration, random_uuid};
pub use page::serve_page;
pub use raft::{Lag, RaftTimes};
pub use scenario::Scenario;
pub use seen::Load;
pub use server::InMemory;
pub use state::acl::{Acl, Enforcement, Token};
pub use state::{Events, Removal};
