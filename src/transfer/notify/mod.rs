//! Tells secondaries of new serials (NOTIFY, RFC 1996), and looks when they have them.
//!
//! Floor 3, beside queries: no answer waits for it. Each secondary has, for each of its zones, one task: it sends NOTIFY for
//! the newest serial until it is answered, and asks for the secondary's SOA until that has our serial. It transfers nothing;
//! the secondary comes for that.

mod counters;
mod link;
mod notifier;
mod progress;
#[cfg(test)]
mod proofs;
mod task;

pub use counters::{NotifyCounts, NotifyFailure};
pub use notifier::{Notifier, NotifyReport, SecondaryState};

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::dns::Name;
use crate::dns::tsig::Key;

/// The port of a secondary when nobody says otherwise.
pub const SECONDARY_PORT: u16 = 53;
/// The most secondaries that are told.
pub const MOST_SECONDARIES: usize = 256;

/// Finds the key of a name, as it is now.
pub type KeySource = Arc<dyn Fn(&Name) -> Option<Arc<Key>> + Send + Sync>;

/// A secondary that is told of new serials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifiedSecondary {
    /// Where it is told, and asked for its serial.
    pub address: SocketAddr,
    /// The address that messages are sent from; the system's choice when none.
    pub source: Option<IpAddr>,
    /// The name of the key that messages to it are signed with; they are not when none.
    pub key: Option<Name>,
    /// The zones that it has, by their apexes; all of them when empty.
    pub zones: Vec<Name>,
}

impl NotifiedSecondary {
    /// Whether it has a zone.
    pub fn has(&self, apex: &Name) -> bool {
        self.zones.is_empty() || self.zones.contains(apex)
    }
}
