//! The keys of the query log in the configuration file, with their defaults.
//!
//! Floor 6. As with `file`, `check` validates them.

use serde::{Deserialize, Serialize};

/// The query log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryLogSection {
    /// Where it is written: `stdout`, a path, `unix:PATH`, `tcp:ADDRESS:PORT`; there is none when empty.
    pub target: String,
    /// How an entry looks: `coredns`, `json`, `dnstap`.
    pub format: String,
    /// The names that are recorded, each with all below it; all when empty.
    pub names: Vec<String>,
    /// The response codes that are recorded; all when empty.
    pub rcodes: Vec<String>,
    /// The classes of answers that are recorded: `success`, `denial`, `error`; all when empty.
    pub classes: Vec<String>,
    /// One of so many queries is recorded.
    pub sample: u64,
    /// How many bits of an IPv4 address of a client are written.
    pub ipv4_prefix: u8,
    /// How many bits of an IPv6 address.
    pub ipv6_prefix: u8,
    /// How many entries of one worker may wait to be written.
    pub queue_entries: usize,
    /// Which server this is, in dnstap; `nsid` or the name of the host when empty.
    pub identity: String,
}

impl Default for QueryLogSection {
    fn default() -> Self {
        Self {
            target: String::new(),
            format: "json".into(),
            names: Vec::new(),
            rcodes: Vec::new(),
            classes: Vec::new(),
            sample: 1,
            ipv4_prefix: 32,
            ipv6_prefix: 128,
            queue_entries: 1024,
            identity: String::new(),
        }
    }
}
