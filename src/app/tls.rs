//! The certificate of the TLS listeners and the CA of their clients, from the settings, and how they are re-read.

use std::sync::Arc;

use super::StartError;
use super::renewal::Renewal;
use crate::config::{ChainAndKey, Settings};
use crate::listeners::{Certificates, ClientAuthority, ServerConfig, TlsUse, tls_config};

/// What the TLS listeners negotiate, by what is spoken inside, and what they do it with.
pub(super) struct Tls {
    pub(super) dns: Arc<ServerConfig>,
    pub(super) http: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
    clients: Option<Arc<ClientAuthority>>,
}

impl Tls {
    /// Makes it of what was read from files; none when there is no certificate.
    pub(super) fn new(settings: &Settings) -> Result<Option<Self>, StartError> {
        let clients = match &settings.client_ca {
            Some(files) => Some(Arc::new(ClientAuthority::from_pem(&files.content)?)),
            None => None,
        };
        let Some(files) = &settings.certificate else {
            return Ok(None);
        };
        let (chain, key) = &files.content;
        let certificates = Certificates::from_pem(chain, key.expose().as_bytes())?;
        let certificates = Arc::new(certificates);
        let config = |tls_use| tls_config(Arc::clone(&certificates), tls_use, clients.clone());
        Ok(Some(Self {
            dns: config(TlsUse::Dot)?,
            http: config(TlsUse::Http)?,
            certificates,
            clients,
        }))
    }

    /// The certificate that clients see.
    pub(super) fn certificates(&self) -> Arc<Certificates> {
        Arc::clone(&self.certificates)
    }

    /// What is read again.
    pub(super) fn renewals(&self, settings: &Settings) -> Vec<Renewal> {
        let certificate = settings.certificate.clone().map(|files| {
            let used = Arc::clone(&self.certificates);
            let replace = move |(chain, key): &ChainAndKey| {
                let replaced = used.replace(chain, key.expose().as_bytes());
                replaced.map_err(|error| error.to_string())
            };
            Renewal::new("certificate", files, replace)
        });
        let clients = self.clients.clone().zip(settings.client_ca.clone());
        let clients = clients.map(|(used, files)| {
            let replace = move |pem: &Vec<u8>| used.replace(pem).map_err(|error| error.to_string());
            Renewal::new("client CA", files, replace)
        });
        certificate.into_iter().chain(clients).collect()
    }
}
