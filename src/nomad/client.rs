//! Asks the address that answered last, and the others in turn when it fails.
//!
//! Floor 1. An address fails by its connection, its silence or a 5xx that says it knows nothing now; a refusal
//! is an answer, and the same everywhere. A token that is refused is asked for again once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Response;

use super::address::Address;
use super::call::{Answered, Call};
use super::endpoint::Endpoint;
use super::error::{Cause, NomadError};
use super::settings::Settings;
use super::tls::TlsError;
use super::token::{Secret, Token};

/// A client of Nomad's HTTP API; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no address to ask.
    #[error("no nomad address is given")]
    NoAddress,
    /// TLS cannot be set up for an address.
    #[error("nomad address {0}: {1}")]
    Tls(String, #[source] TlsError),
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    endpoints: Vec<Endpoint>,
    /// The endpoint that answered last.
    chosen: AtomicUsize,
    token: Token,
}

impl Client {
    /// Builds a client; it connects to nothing yet.
    ///
    /// # Errors
    /// When there is no address, or the TLS settings cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        if settings.addresses.is_empty() {
            return Err(SettingsError::NoAddress);
        }
        let endpoints = settings
            .addresses
            .iter()
            .map(|address| {
                Endpoint::new(address, &settings)
                    .map_err(|error| SettingsError::Tls(address.to_string(), error))
            })
            .collect::<Result<_, _>>()?;
        let token = Token::new(settings.token.clone(), settings.timeouts.token_recheck);
        let chosen = AtomicUsize::new(0);
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                endpoints,
                chosen,
                token,
            }),
        })
    }

    /// Returns the address that answered last.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.inner.endpoints[self.chosen()].address
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Returns the whole answer, from the first address that has one.
    pub(super) async fn ask(&self, call: Call) -> Result<Answered, NomadError> {
        self.anywhere(call, async |call, endpoint, token| {
            call.ask(endpoint, token).await
        })
        .await
    }

    /// Returns an answer whose body is still coming, from the first address that has one.
    pub(super) async fn open(&self, call: Call) -> Result<Response, NomadError> {
        self.anywhere(call, async |call, endpoint, token| {
            call.open(endpoint, token).await
        })
        .await
    }

    async fn anywhere<T>(
        &self,
        mut call: Call,
        once: impl AsyncFn(&Call, &Endpoint, Option<&Secret>) -> Result<T, NomadError>,
    ) -> Result<T, NomadError> {
        if let Some(region) = &self.inner.settings.region {
            call.query.push(("region", region.clone()));
        }
        let count = self.inner.endpoints.len();
        let first = self.chosen();
        let mut tried = 0;
        loop {
            let at = (first + tried) % count;
            let endpoint = &self.inner.endpoints[at];
            let result = self.with_token(&call, endpoint, &once).await;
            tried += 1;
            match result {
                Err(error) if error.cause.is_outage() && tried < count => {}
                Err(error) if error.cause.is_outage() => return Err(error),
                answer => {
                    self.inner.chosen.store(at, Ordering::Relaxed);
                    return answer;
                }
            }
        }
    }

    async fn with_token<T>(
        &self,
        call: &Call,
        endpoint: &Endpoint,
        once: &impl AsyncFn(&Call, &Endpoint, Option<&Secret>) -> Result<T, NomadError>,
    ) -> Result<T, NomadError> {
        let token = &self.inner.token;
        let used = token
            .current()
            .map_err(|why| call.error(endpoint, Cause::NoToken(why)))?;
        match once(call, endpoint, used.as_ref()).await {
            Err(error) if error.cause.is_authorization() => match token.other_than(used.as_ref()) {
                Some(other) => once(call, endpoint, Some(&other)).await,
                None => Err(error),
            },
            answer => answer,
        }
    }

    fn chosen(&self) -> usize {
        self.inner.chosen.load(Ordering::Relaxed)
    }
}
