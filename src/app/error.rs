//! Why the gateway does not start.
//!
//! Floor 7. `cli` prints it and chooses the exit code.

use std::io;

use crate::sync;

/// Why the gateway cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What is configured about Nomad cannot be used.
    #[error("nomad: {0}")]
    Nomad(#[from] crate::nomad::SettingsError),
    /// Nomad does not understand the filter expression.
    #[error("nomad.filter = {expression:?}: Nomad does not understand it: {words}")]
    Filter {
        /// The expression, as it is configured.
        expression: String,
        /// What Nomad says about it.
        words: String,
    },
    /// The certificate or its key cannot be used.
    #[error("tls: {0}")]
    Certificate(#[from] crate::listeners::CertificateError),
    /// The CA of the clients' certificates cannot be used.
    #[error("tls: {0}")]
    ClientAuthority(#[from] crate::listeners::ClientAuthorityError),
    /// TLS cannot be set up with it.
    #[error("tls: {0}")]
    Tls(#[from] rustls::Error),
    /// Another gateway keeps its snapshot where this one should.
    #[error(transparent)]
    StateInUse(#[from] sync::StateInUse),
    /// The system refused a socket or a thread.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}
