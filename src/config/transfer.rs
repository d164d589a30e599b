//! The keys of zone transfer in the configuration file, with their defaults.
//!
//! Floor 6. As with `file`, `check` validates them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::dns::tsig::Algorithm;
use crate::transfer::{AT_ONCE, JOURNAL_OCTETS, LONGEST_SECONDS, STEP_MS};

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
    /// How long a transfer may take, in seconds.
    pub longest_seconds: u64,
    /// Whether TXT records that describe the instances are transferred.
    pub describe_instances: bool,
    /// What the tags begin with that these records may have; none of them when empty.
    pub tag_prefixes: Vec<String>,
    /// The keys that messages may be signed with (TSIG).
    pub keys: Vec<TransferKeySection>,
    /// How often the files of the secrets are looked at for a change, in seconds; 0 for at SIGHUP only.
    pub check_seconds: u64,
    /// The name of the zone that lists the zones (RFC 9432); there is none when empty.
    pub catalog_zone: String,
    /// The secondaries that are told of changes (NOTIFY).
    pub notify: Vec<NotifySection>,
}

/// A key that messages are signed with. It shows no secret.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TransferKeySection {
    /// Its name, a domain name.
    pub name: String,
    /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    #[serde(default = "usual_algorithm")]
    pub algorithm: String,
    /// A file with the secret in base 64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret_file: String,
    /// The secret itself; better kept in a file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
}

/// A secondary that is told of changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NotifySection {
    /// Its address, with a port unless that is 53.
    pub address: String,
    /// The name of the key that messages to it are signed with; they are not when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The address to send from; the system's choice when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The zones that it has; all of them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
}

impl Default for TransferSection {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            step_ms: STEP_MS,
            journal_octets: JOURNAL_OCTETS,
            at_once: AT_ONCE,
            longest_seconds: LONGEST_SECONDS,
            describe_instances: false,
            tag_prefixes: Vec::new(),
            keys: Vec::new(),
            check_seconds: 10,
            catalog_zone: String::new(),
            notify: Vec::new(),
        }
    }
}

impl fmt::Debug for TransferKeySection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferKeySection")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn usual_algorithm() -> String {
    Algorithm::default().to_string()
}
