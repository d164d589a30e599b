//! The state of the simulated cluster: namespaces, registrations, allocations, checks, nodes, one raft index.
//!
//! Pure state without tasks or I/O. The API reads it, a script changes it. Every change is one raft index (or
//! several, as in Nomad) and adds its events to the log.

pub(crate) mod acl;
mod allocations;
mod change;
mod cluster;
pub(crate) mod instance;
pub(crate) mod log;
mod table;

pub(crate) use change::Table;
pub use change::{Events, Removal};
pub(crate) use cluster::Cluster;
