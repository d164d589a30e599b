//! What a running gateway keeps of the names that it forwards: its operator's listener is asked to list or forget it.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;

use super::error::deepest;
use super::http::client;
use super::options::Trust;
use super::tls::client_config;
use crate::dns::Name;

/// How long the gateway may take, for a list of everything too.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks for what is kept of names.
#[derive(Clone, Copy, Debug)]
pub struct CacheLookup {
    /// Where the operator's listener of the gateway is.
    pub admin: SocketAddr,
    /// Whether the names below are meant too.
    pub below: bool,
}

/// Why there is no answer about what is kept.
#[derive(Debug, thiserror::Error)]
pub enum CacheLookupError {
    /// Nobody answered.
    #[error(
        "cannot ask the gateway at {admin}: {}; is it running, and is this its listen.admin? --admin names another address",
        deepest(.cause)
    )]
    Unreachable {
        /// Who was asked.
        admin: SocketAddr,
        /// What was met.
        cause: reqwest::Error,
    },
    /// There is no client of HTTP.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The gateway said no.
    #[error("the gateway at {admin} answers {status}: {}", .words.trim().escape_debug())]
    Status {
        /// Who was asked.
        admin: SocketAddr,
        /// The status.
        status: reqwest::StatusCode,
        /// What it said.
        words: String,
    },
}

impl CacheLookup {
    /// Lists what is kept of a name, or of all names, in the form of a zone file.
    ///
    /// # Errors
    /// The gateway does not answer, or forwards nothing.
    pub async fn list(&self, name: Option<&Name>) -> Result<String, CacheLookupError> {
        self.send(Method::GET, name).await
    }

    /// Has what is kept of a name forgotten; says of how many questions.
    ///
    /// # Errors
    /// The gateway does not answer, or forwards nothing.
    pub async fn flush(&self, name: &Name) -> Result<String, CacheLookupError> {
        let count = self.send(Method::DELETE, Some(name)).await?;
        Ok(count.trim().to_owned())
    }

    async fn send(&self, method: Method, name: Option<&Name>) -> Result<String, CacheLookupError> {
        let admin = self.admin;
        let unreachable = |cause| CacheLookupError::Unreachable { admin, cause };
        // The configuration of TLS is not used, but without one the client would read the system's certificates.
        let tls = client_config(&Trust::Only(Vec::new()))?;
        let client = client().tls_backend_preconfigured(tls).timeout(TIMEOUT);
        let client = client.build().map_err(unreachable)?;
        let mut request = client.request(method, format!("http://{admin}/cache"));
        if let Some(name) = name {
            let (name, below) = (name.to_string(), self.below.to_string());
            request = request.query(&[("name", name), ("below", below)]);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let words = response.text().await.map_err(unreachable)?;
        match status.is_success() {
            true => Ok(words),
            false => Err(CacheLookupError::Status {
                admin,
                status,
                words,
            }),
        }
    }
}
