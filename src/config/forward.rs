//! The keys of forwarding, with their defaults.

use serde::{Deserialize, Serialize};

use crate::forward::ForwardCacheSettings;

/// A zone whose names are asked of other servers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardSection {
    /// The zone; `.` for all names.
    pub zone: String,
    /// Whom its names are asked of: `udp://`, `tcp://`, `tls://`, `quic://`, `https://`, `system`.
    pub upstreams: Vec<String>,
    /// Which of them comes first: `fastest`, `sequential`, `random`.
    #[serde(default = "usual_policy")]
    pub policy: String,
    /// Whether its names may have private addresses; when nobody says so, those of all zones but `.` may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_addresses: Option<bool>,
}

/// What is the same for all zones that are forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForwardingSection {
    /// A file with CA certificates that upstreams' certificates may be signed by, beside the system's.
    pub ca_file: String,
    /// What is made of `use-application-dns.net`: `forward`, `nxdomain`.
    pub application_dns: String,
    /// How often `/etc/resolv.conf` is looked at for a change, in seconds; 0 for at SIGHUP only.
    pub check_seconds: u64,
    /// The longest that an answer is kept, in seconds.
    pub most_ttl_seconds: u32,
    /// The longest that a denial is kept, in seconds.
    pub most_negative_ttl_seconds: u32,
    /// How long it is kept that no upstream has an answer, in seconds.
    pub failure_seconds: u64,
    /// How long after its time an answer is given while no upstream answers, in seconds; 0 for never.
    pub serve_stale_seconds: u64,
}

fn usual_policy() -> String {
    "fastest".into()
}

impl Default for ForwardingSection {
    fn default() -> Self {
        let cache = ForwardCacheSettings::default();
        Self {
            ca_file: String::new(),
            application_dns: "forward".into(),
            check_seconds: 10,
            most_ttl_seconds: cache.most_ttl_seconds,
            most_negative_ttl_seconds: cache.most_negative_ttl_seconds,
            failure_seconds: cache.failure.as_secs(),
            serve_stale_seconds: cache.stale.as_secs(),
        }
    }
}
