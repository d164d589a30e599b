//! Reads the certificate of the TLS listeners and the CA of their clients, also when they change.

use std::sync::Arc;

use super::{Checker, secret};
use crate::config::reading::{Files, read_again};
use crate::config::{ConfigError, File};
use crate::listeners::{Certificates, ClientAuthority};
use crate::secret::Secret;

/// A certificate chain and its key, in PEM.
pub type ChainAndKey = (Vec<u8>, Secret);

impl Checker<'_> {
    pub(super) fn certificate(
        &self,
        file: &File,
    ) -> Result<Option<Files<ChainAndKey>>, ConfigError> {
        let (chain, key) = (file.tls.certificate.clone(), file.tls.key.clone());
        let listens = !file.listen.tls.is_empty() || !file.listen.https.is_empty();
        match (&*chain, &*key) {
            ("", "") if listens => {
                let problem = "is needed by listen.tls and listen.https; `nomadns certs` makes one";
                Err(self.source.error("tls.certificate", problem))
            }
            ("", "") => Ok(None),
            ("", _) => Err(self.source.error("tls.key", "needs tls.certificate too")),
            (_, "") => Err(self
                .source
                .error("tls.certificate", "needs tls.key beside it")),
            _ => {
                let content = (
                    self.file("tls.certificate", &chain)?,
                    secret(&self.file("tls.key", &key)?),
                );
                Certificates::from_pem(&content.0, content.1.expose().as_bytes()).map_err(
                    |error| {
                        let key = if error.is_of_key() {
                            "tls.key"
                        } else {
                            "tls.certificate"
                        };
                        self.source.error(key, error.to_string())
                    },
                )?;
                let again = move || Ok((read_again(&chain)?, secret(&read_again(&key)?)));
                Ok(Some(Files {
                    content,
                    again: Arc::new(again),
                }))
            }
        }
    }

    pub(super) fn client_ca(&self, file: &File) -> Result<Option<Files<Vec<u8>>>, ConfigError> {
        let path = file.tls.client_ca_file.clone();
        let Some(content) = self.optional_file("tls.client_ca_file", &path)? else {
            return Ok(None);
        };
        let wrong = |problem: &str| self.source.error("tls.client_ca_file", problem);
        ClientAuthority::from_pem(&content).map_err(|error| wrong(&error.to_string()))?;
        if file.listen.tls.is_empty() && file.listen.https.is_empty() {
            return Err(wrong(
                "needs listen.tls or listen.https: no other listener checks client certificates",
            ));
        }
        let again = Arc::new(move || read_again(&path));
        Ok(Some(Files { content, again }))
    }
}
