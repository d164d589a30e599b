//! Asks the address that answered last, and the others when it fails or is silent: the first answer counts.
//!
//! Floor 1. An address fails by its connection, its silence or a 5xx that says it knows nothing now; a refusal
//! is an answer, and the same everywhere. A token that is refused is asked for again once. The requests under way are
//! bounded, and so are the connections.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::Response;
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::call::{Answered, Call, Patience};
use super::endpoint::Endpoint;
use super::error::{Cause, NomadError};
use super::permit::{Permit, Permits};
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
    /// How often it was another one.
    moves: AtomicUsize,
    token: Token,
    permits: Permits,
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
        let permits = Permits::new(settings.limits.connections.max(1));
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                endpoints,
                chosen,
                moves: AtomicUsize::new(0),
                token,
                permits,
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

    /// Counts how often another address was chosen, so that whoever waits at the one before can turn to it.
    #[must_use]
    pub fn moves(&self) -> usize {
        self.inner.moves.load(Ordering::Relaxed)
    }

    /// Returns the whole answer, from the first address that has one.
    pub(super) async fn ask(&self, mut call: Call) -> Result<Answered, NomadError> {
        let permit = self.inner.permits.one().await;
        call.place = permit.place();
        let answer = self.ask_allowed(call).await;
        if answer.is_ok() {
            permit.done();
        }
        answer
    }

    async fn ask_allowed(&self, call: Call) -> Result<Answered, NomadError> {
        if call.patience == Patience::Prompt || self.inner.endpoints.len() == 1 {
            return self.anywhere(&call, whole).await;
        }
        loop {
            let at = self.chosen();
            let mut asked = pin!(self.anywhere(&call, whole));
            if let Ok(answer) = timeout(self.settings().timeouts.hedge, &mut asked).await {
                return answer;
            }
            // It may wait for a change, or be silent for ever: another question to the same address tells.
            let mut probe = call.clone().probing(self.settings().timeouts.request);
            let probed = async {
                let permit = self.inner.permits.one().await;
                probe.place = permit.place();
                // What it says is nothing to us, only who says it.
                if self.anywhere(&probe, whole).await.is_ok() {
                    permit.done();
                }
            };
            tokio::select! {
                answer = &mut asked => return answer,
                () = probed => {}
            }
            if self.chosen() == at {
                return asked.await;
            }
        }
    }

    /// Returns an answer whose body is still coming, from the first address that has one, and what allows it a
    /// connection.
    pub(super) async fn open(&self, mut call: Call) -> Result<(Response, Permit), NomadError> {
        let permit = self.inner.permits.one().await;
        call.place = permit.place();
        let opened = async |call: &Call, endpoint: &Endpoint, token: Option<&Secret>| {
            call.open(endpoint, token).await
        };
        Ok((self.anywhere(&call, opened).await?, permit))
    }

    /// Asks the address that answered last, and the next one beside it whenever one fails or is silent for too long.
    async fn anywhere<T>(
        &self,
        call: &Call,
        once: impl AsyncFn(&Call, &Endpoint, Option<&Secret>) -> Result<T, NomadError>,
    ) -> Result<T, NomadError> {
        let mut call = call.clone();
        if let Some(region) = &self.inner.settings.region {
            call.query.push(("region", region.clone()));
        }
        let (first, count) = (self.chosen(), self.inner.endpoints.len());
        let hedge = self.settings().timeouts.hedge;
        let attempt = async |at: usize| {
            let endpoint = &self.inner.endpoints[at];
            (at, self.with_token(&call, endpoint, &once).await)
        };
        let mut running = FuturesUnordered::new();
        running.push(attempt(first));
        for next in 1..=count {
            let hedged = next < count && call.patience == Patience::Prompt;
            let failed = loop {
                tokio::select! {
                    Some((at, answer)) = running.next() => match answer {
                        Err(error) if error.cause.is_outage() => {
                            if next < count || running.is_empty() {
                                break Some(error);
                            }
                        }
                        answer => {
                            self.choose(at);
                            return answer;
                        }
                    },
                    () = sleep(hedge), if hedged => break None,
                }
            };
            match failed {
                Some(error) if next == count => return Err(error),
                _ => running.push(attempt((first + next) % count)),
            }
        }
        unreachable!("the last address returns its answer or its error")
    }

    fn choose(&self, at: usize) {
        if self.inner.chosen.swap(at, Ordering::Relaxed) != at {
            self.inner.moves.fetch_add(1, Ordering::Relaxed);
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

async fn whole(
    call: &Call,
    endpoint: &Endpoint,
    token: Option<&Secret>,
) -> Result<Answered, NomadError> {
    call.ask(endpoint, token).await
}
