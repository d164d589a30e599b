//! Reads the certificate again: when it is told to, and by itself when its files have changed.
//!
//! A pair that cannot be used leaves the old one in use; the log says so, once for each problem.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Certificate, ChainAndKey};
use crate::listeners::{Certificates, Shutdown};

/// The certificate in use, and how it is read again.
#[derive(Clone, Debug)]
pub struct Renewable {
    used: Arc<Certificates>,
    files: Certificate,
}

impl Renewable {
    pub(super) fn new(used: Arc<Certificates>, files: Certificate) -> Self {
        Self { used, files }
    }

    /// Reads the certificate now, and says in the log what came of it.
    pub fn reload(&self) {
        match (self.files.again)().and_then(|pem| self.replace(&pem)) {
            Ok(()) => tracing::info!("reload: the certificate was read again"),
            Err(error) => tracing::error!(%error, "reload: the old certificate stays in use"),
        }
    }

    /// Looks at the files now and then, until `ending`; what has changed is used.
    pub(super) async fn follow(self, every: Duration, mut ending: Shutdown) {
        let (mut seen, mut said) = (self.files.pem.clone(), None);
        loop {
            tokio::select! {
                () = ending.requested() => return,
                () = tokio::time::sleep(every) => {}
            }
            let again = Arc::clone(&self.files.again);
            // A disk that is slow must hold up nobody.
            let Ok(read) = tokio::task::spawn_blocking(move || again()).await else {
                return;
            };
            let result = match read {
                Ok(pem) if pem == seen => continue,
                Ok(pem) => {
                    let result = self.replace(&pem);
                    seen = pem;
                    result
                }
                Err(error) => Err(error),
            };
            match &result {
                Ok(()) => tracing::info!("the certificate has changed; the new one is in use"),
                Err(error) if said.as_ref() != Some(error) => {
                    tracing::error!(%error, "the old certificate stays in use");
                }
                Err(_) => {}
            }
            said = result.err();
        }
    }

    fn replace(&self, (chain, key): &ChainAndKey) -> Result<(), String> {
        let key = key.expose().as_bytes();
        self.used
            .replace(chain, key)
            .map_err(|error| error.to_string())
    }
}
