//! The keys of the certificate of the TLS listeners, with their defaults.

use serde::{Deserialize, Serialize};

/// The certificate of the TLS listeners.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSection {
    /// A file with the certificate chain.
    pub certificate: String,
    /// A file with its key.
    pub key: String,
    /// A file with the CA certificates that clients' certificates have to be signed by.
    pub client_ca_file: String,
    /// How often the files are looked at for a change, in seconds; 0 for at SIGHUP only.
    pub check_seconds: u64,
}

impl Default for TlsSection {
    fn default() -> Self {
        Self {
            certificate: String::new(),
            key: String::new(),
            client_ca_file: String::new(),
            check_seconds: 10,
        }
    }
}
