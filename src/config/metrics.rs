//! The keys of the metrics in the configuration file.
//!
//! Floor 6. As with `file`, `check` validates them.

use serde::{Deserialize, Serialize};

/// The metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSection {
    /// Programs under whose names metrics are given too: `coredns`.
    pub names: Vec<String>,
}

impl MetricsSection {
    /// The words that `names` takes.
    pub(super) const NAMES: [&'static str; 1] = ["coredns"];
}
