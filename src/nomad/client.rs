//! The client: sends requests to the address in use, within the permits, and notices when it stops responding.
//!
//! Floor 1. A cheap request that is late is also sent to another address (`servers.rs`). An expensive one, or one
//! that waits for a change, is sent to one server only; if it is late, a cheap request shows whether the server still
//! responds.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use reqwest::{Request, Response};
use tokio::time::timeout;
use tower::{BoxError, Service};

use super::address::NomadAddress;
use super::call::{Call, OkResponse, Patience};
use super::endpoint::{self, Endpoint};
use super::error::NomadError;
use super::permits::{Permit, Permits, Urgency};
use super::query::QueryMeta;
use super::servers::{AskOnce, Servers, opened, whole};
use super::settings::NomadSettings;
use super::tls::{TlsError, TlsSettings};
use super::token::Token;
use crate::blocking::BlockingPermits;

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
    /// There is not one service for each address.
    #[error("{addresses} nomad addresses and {services} services; each address needs one")]
    Services {
        /// How many addresses there are.
        addresses: usize,
        /// How many services.
        services: usize,
    },
    /// TLS cannot be set up for an address.
    #[error("nomad address {0}: {setting}: {1}", setting = .1.setting())]
    Tls(String, #[source] TlsError),
}

/// The address that is believed, and what was last seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The address.
    pub address: NomadAddress,
    /// What its last answer said of the server, and how long ago; none before the first.
    pub meta: Option<(QueryMeta, Duration)>,
}

#[derive(Debug)]
struct Inner {
    settings: NomadSettings,
    servers: Arc<Servers>,
    permits: Permits,
    turns: BlockingPermits,
    network: Network,
    /// The certificate that is shown to Nomad, in PEM.
    certificate: ArcSwapOption<Vec<u8>>,
}

/// Whether the addresses are asked over the network, or through services that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Real,
    Given,
}

impl Client {
    /// Builds a client; it connects to nothing yet.
    ///
    /// # Errors
    /// When there is no address, or the TLS settings cannot be used.
    pub fn new(settings: NomadSettings) -> Result<Self, SettingsError> {
        let endpoints = settings
            .addresses
            .iter()
            .map(|address| {
                Endpoint::new(address, &settings)
                    .map_err(|error| SettingsError::Tls(address.to_string(), error))
            })
            .collect::<Result<_, _>>()?;
        Self::with(settings, endpoints, Network::Real)
    }

    /// Builds a client whose addresses are asked through these services, one for each: a cluster in memory, for example.
    /// TLS is theirs.
    ///
    /// # Errors
    /// When there is no address, or not a service for each.
    pub fn over<S>(
        settings: NomadSettings,
        services: impl IntoIterator<Item = S>,
    ) -> Result<Self, SettingsError>
    where
        S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let services: Vec<_> = services.into_iter().map(endpoint::boxed).collect();
        let counts = (settings.addresses.len(), services.len());
        if counts.0 != counts.1 {
            return Err(SettingsError::Services {
                addresses: counts.0,
                services: counts.1,
            });
        }
        let endpoints = settings.addresses.iter().zip(services);
        let endpoints =
            endpoints.map(|(address, service)| Endpoint::over(address, &settings, service));
        let endpoints = endpoints.collect();
        Self::with(settings, endpoints, Network::Given)
    }

    fn with(
        settings: NomadSettings,
        endpoints: Vec<Endpoint>,
        network: Network,
    ) -> Result<Self, SettingsError> {
        if endpoints.is_empty() {
            return Err(SettingsError::NoAddress);
        }
        let token = Token::new(settings.token.clone(), settings.timeouts.token_recheck);
        let servers = Arc::new(Servers::new(endpoints, token, settings.hedge));
        let permits = Permits::new(settings.limits.connections);
        let certificate = ArcSwapOption::from_pointee(settings.tls.certificate.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                settings,
                servers,
                permits,
                turns: BlockingPermits::default(),
                network,
                certificate,
            }),
        })
    }

    /// Has connections that are opened from now on use another CA, certificate and key; those that are open stay.
    ///
    /// # Errors
    /// When they cannot be used; those from before stay in use then, at every address.
    pub fn replace_tls(&self, tls: TlsSettings) -> Result<(), SettingsError> {
        if self.inner.network == Network::Given {
            return Ok(());
        }
        let mut settings = self.settings().clone();
        let certificate = tls.certificate.clone();
        settings.tls = tls;
        let endpoints = self.inner.servers.endpoints();
        let mut connected = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let address = &endpoint.address;
            let http = endpoint::connect(address, &settings)
                .map_err(|error| SettingsError::Tls(address.to_string(), error))?;
            connected.push(http);
        }
        for (endpoint, http) in endpoints.iter().zip(connected) {
            endpoint.replace(http);
        }
        self.inner.certificate.store(certificate.map(Arc::new));
        Ok(())
    }

    /// Returns the certificate chain that is shown to Nomad, in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> Option<Arc<Vec<u8>>> {
        self.inner.certificate.load_full()
    }

    /// Returns the address that is believed.
    #[must_use]
    pub fn address(&self) -> &NomadAddress {
        let servers = &self.inner.servers;
        &servers.endpoints()[servers.chosen()].address
    }

    /// Returns the address that is believed, and what was last seen of it.
    #[must_use]
    pub fn followed(&self) -> Followed {
        let servers = &self.inner.servers;
        let endpoint = &servers.endpoints()[servers.chosen()];
        Followed {
            address: endpoint.address.clone(),
            meta: endpoint.seen().map(|(meta, at)| (meta, at.elapsed())),
        }
    }

    /// Counts how often another address was chosen, so that whoever waits at the one before can turn to it.
    #[must_use]
    pub fn moves(&self) -> usize {
        self.inner.servers.moves()
    }

    pub(super) fn settings(&self) -> &NomadSettings {
        &self.inner.settings
    }

    /// Has long bodies and lines read.
    pub(super) fn turns(&self) -> &BlockingPermits {
        &self.inner.turns
    }

    /// Returns the whole answer, from the first address that has one.
    pub(super) async fn ask(&self, call: Call) -> Result<OkResponse, NomadError> {
        let permit = self.inner.permits.one(call.urgency).await;
        let call = self.addressed(call);
        let (answer, outrun) = match call.patience {
            Patience::Prompt => self.inner.servers.ask(&call, whole).await,
            Patience::Late => (self.watched(&call, whole).await, None),
        };
        match (outrun, &answer) {
            // The answer need not wait for what is found out of the slower address.
            (Some(outrun), _) => drop(tokio::spawn(async move {
                outrun.await;
                drop(permit);
            })),
            (None, Ok(_)) => permit.done(),
            (None, Err(_)) => {}
        }
        answer
    }

    /// Returns an answer whose body is still coming, from the first address that has one, and what allows it a
    /// connection.
    pub(super) async fn open(
        &self,
        call: Call,
    ) -> Result<(Response, &Endpoint, Permit), NomadError> {
        let permit = self.inner.permits.one(call.urgency).await;
        let call = self.addressed(call);
        let (response, at) = self.watched(&call, opened).await?;
        Ok((response, &self.inner.servers.endpoints()[at], permit))
    }

    /// Asks one address at a time. Where it is silent, it may be busy, or wait for a change as it should, or be silent for
    /// ever: a cheap question to the same address tells.
    async fn watched<T: Send + 'static>(
        &self,
        call: &Arc<Call>,
        once: AskOnce<T>,
    ) -> Result<T, NomadError> {
        let servers = &self.inner.servers;
        loop {
            let at = servers.chosen();
            let mut asked = pin!(servers.ask(call, once));
            if servers.endpoints().len() == 1 {
                return asked.await.0;
            }
            if let Ok((answer, _)) = timeout(servers.probe_after(), &mut asked).await {
                return answer;
            }
            tokio::select! {
                (answer, _) = &mut asked => return answer,
                () = self.probe(at) => {}
            }
            if servers.chosen() == at {
                return asked.await.0;
            }
        }
    }

    /// Finds out whether an address that is silent is to be left; it is, then.
    async fn probe(&self, at: usize) {
        let permit = self.inner.permits.one(Urgency::Probe).await;
        let servers = &self.inner.servers;
        if servers.chosen() != at {
            return;
        }
        let probe = self.addressed(Call::probe(self.settings().timeouts.request));
        // What it says is nothing to us, only who says it.
        let (_, outrun) = servers.ask(&probe, whole).await;
        match outrun {
            Some(outrun) => outrun.await,
            None => permit.done(),
        }
    }

    fn addressed(&self, mut call: Call) -> Arc<Call> {
        if let Some(region) = &self.settings().region {
            call.query.push(("region", region.clone()));
        }
        Arc::new(call)
    }
}
