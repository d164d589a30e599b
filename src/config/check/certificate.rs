//! The certificate of the TLS listeners, and how it is read again.

use std::sync::Arc;

use super::{Check, secret};
use crate::config::{ConfigError, File};
use crate::nomad::Secret;

/// The certificate of the TLS listeners, in PEM, and how to read it again.
#[derive(Clone)]
pub struct Certificate {
    /// The chain and the key.
    pub pem: ChainAndKey,
    /// Reads both files again; the error is a line for the log.
    pub again: Arc<dyn Fn() -> Result<ChainAndKey, String> + Send + Sync>,
}

/// A certificate chain and its key, in PEM.
pub type ChainAndKey = (Vec<u8>, Secret);

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

impl Check<'_> {
    pub(super) fn certificate(&self, file: &File) -> Result<Option<Certificate>, ConfigError> {
        let (chain, key) = (file.tls.certificate.clone(), file.tls.key.clone());
        let listens = !file.listen.tls.is_empty() || !file.listen.https.is_empty();
        match (&*chain, &*key) {
            ("", "") if listens => {
                let problem = "is needed by listen.tls and listen.https; `nomadns certs` makes one";
                Err(self.source.error("tls.certificate", problem))
            }
            ("", "") => Ok(None),
            ("", _) => Err(self
                .source
                .error("tls.key", "needs tls.certificate beside it")),
            (_, "") => Err(self
                .source
                .error("tls.certificate", "needs tls.key beside it")),
            _ => {
                let pem = (
                    self.file("tls.certificate", &chain)?,
                    secret(&self.file("tls.key", &key)?),
                );
                let again = move || {
                    let read = |path: &str| {
                        std::fs::read(path).map_err(|error| format!("{path}: {error}"))
                    };
                    Ok((read(&chain)?, secret(&read(&key)?)))
                };
                Ok(Some(Certificate {
                    pem,
                    again: Arc::new(again),
                }))
            }
        }
    }
}
