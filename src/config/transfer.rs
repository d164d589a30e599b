//! The keys of zone transfer in the configuration file, with their defaults.
//!
//! Floor 6. As with `file`, `check` validates them.

use serde::{Deserialize, Serialize};

use crate::transfer::{AT_ONCE, JOURNAL_OCTETS, STEP_MS};

/// Zone transfer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransferSection {
    /// Networks or addresses of the secondaries that may transfer the zones; nobody when empty.
    pub allow: Vec<String>,
    /// How long after a change of a zone its serial changes again at the earliest, in milliseconds.
    pub step_ms: u64,
    /// How many octets of changes are kept for incremental transfers (IXFR), for all zones together.
    pub journal_octets: usize,
    /// How many transfers may run at once.
    pub at_once: usize,
    /// Whether TXT records that describe the instances are transferred.
    pub describe_instances: bool,
    /// What the tags begin with that these records may have; none of them when empty.
    pub tag_prefixes: Vec<String>,
}

impl Default for TransferSection {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            step_ms: STEP_MS,
            journal_octets: JOURNAL_OCTETS,
            at_once: AT_ONCE,
            describe_instances: false,
            tag_prefixes: Vec::new(),
        }
    }
}
