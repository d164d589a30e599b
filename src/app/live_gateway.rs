//! The parts of a running gateway that a reload replaces.
//!
//! Floor 7. `reload` decides whether, this does it: each part is replaced as a whole, and a query that is under way ends with
//! the parts that it began with.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::bind::EncryptedPorts;
use super::parts::GatewayParts;
use super::query_log::LiveQueryLog;
use super::reload_status::ReloadStatus;
use super::renewal::Renewable;
use super::tls::Tls;
use super::{logs, renewable, router, stacks};
use crate::config::{CredentialsFile, Settings};
use crate::layers::Stacks;
use crate::listeners::http::Hosts;

/// The keys of the TLS towards Nomad.
const NOMAD_TLS: [&str; 6] = [
    "nomad.ca_file",
    "nomad.ca_path",
    "nomad.client_certificate",
    "nomad.client_key",
    "nomad.tls_server_name",
    "nomad.skip_verify",
];
/// The key of the TLS to upstreams.
const UPSTREAM_TLS: &str = "forwarding.ca_file";

/// A running gateway, as far as it can be replaced.
pub(super) struct LiveGateway {
    parts: GatewayParts,
    stacks: Stacks,
    ports: EncryptedPorts,
    hosts: Hosts,
    tls: Option<Tls>,
    credentials: Vec<CredentialsFile>,
    shutdown: CancellationToken,
    renewing: Mutex<Renewing>,
}

/// The files that are read again now.
struct Renewing {
    renewable: Renewable,
    /// Ends looking at them.
    ending: CancellationToken,
}

impl Renewing {
    fn new(
        settings: &Settings,
        tls: Option<&Tls>,
        parts: &GatewayParts,
        shutdown: &CancellationToken,
    ) -> Self {
        let ending = shutdown.child_token();
        Self {
            renewable: renewable(settings, tls, parts, &ending),
            ending,
        }
    }
}

impl LiveGateway {
    /// What was started with these settings.
    pub(super) fn new(
        settings: &Settings,
        parts: &GatewayParts,
        (stacks, ports): (Stacks, EncryptedPorts),
        tls: Option<Tls>,
        shutdown: &CancellationToken,
    ) -> Self {
        let renewing = Renewing::new(settings, tls.as_ref(), parts, shutdown);
        Self {
            parts: parts.clone(),
            stacks,
            ports,
            hosts: settings.http.hosts.clone(),
            tls,
            credentials: settings.credentials.clone(),
            shutdown: shutdown.clone(),
            renewing: Mutex::new(renewing),
        }
    }

    /// What became of reloads.
    pub(super) fn status(&self) -> &Arc<ReloadStatus> {
        &self.parts.reloads
    }

    /// What came from files, to be read again.
    pub(super) fn renewable(&self) -> Renewable {
        let renewing = self.renewing.lock();
        renewing
            .unwrap_or_else(PoisonError::into_inner)
            .renewable
            .clone()
    }

    /// The query log.
    pub(super) fn query_log(&self) -> &Arc<LiveQueryLog> {
        &self.parts.query_log
    }

    /// Has these settings in use from now on, of which these keys have changed.
    ///
    /// # Errors
    /// What cannot be used; nothing was replaced then.
    pub(super) fn replace(&self, settings: &Settings, changed: &[String]) -> Result<(), String> {
        let has = |keys: &[&str]| changed.iter().any(|key| keys.contains(&&**key));
        if has(&NOMAD_TLS) {
            let tls = settings.nomad.tls.clone();
            let replaced = self.parts.client.replace_tls(tls);
            replaced.map_err(|error| error.to_string())?;
        }
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        logs::set_level(&settings.log.level);
        self.replace_server(settings, changed);
        // Whoever is told of it comes for it.
        self.parts.transfer.replace(settings, changed);
        self.parts.local.replace(settings);
        self.parts.shown.replace(settings);
        self.parts.notifier.replace(settings.notified.clone());
        if has(&["forward", UPSTREAM_TLS]) {
            let (forwarder, is_same_tls) = (&self.parts.forwarder, !has(&[UPSTREAM_TLS]));
            forwarder.replace(settings, is_same_tls, &self.shutdown);
        }
        let router = router(settings, self.ports, &self.parts);
        self.stacks.replace(&stacks(router, settings, &self.parts));
        self.hosts.replace(&settings.http.hosts);
        self.replace_files(settings);
        Ok(())
    }

    fn replace_server(&self, settings: &Settings, changed: &[String]) {
        let live = &self.parts.connections.server;
        let (old, mut server) = (live.now(), self.parts.server_of(settings));
        server.counters = Arc::clone(&old.counters);
        // Those that nobody has named are random, and clients have them.
        if !changed.iter().any(|key| key == "cookie_secrets") {
            server.cookies = old.cookies.clone();
        }
        let is_of_clients =
            |key: &String| key.starts_with("clients.") || key == "limits.handshakes_per_client";
        server.clients = match changed.iter().any(is_of_clients) {
            true => Arc::new(server.clients.counting_with(&old.clients)),
            // With what each client has asked so far.
            false => Arc::clone(&old.clients),
        };
        live.replace(server);
        self.parts.query_log.end_replaced();
    }

    /// Has the files read again that these settings name, and no others.
    fn replace_files(&self, settings: &Settings) {
        let settings = Settings {
            credentials: self.credentials.clone(),
            ..settings.clone()
        };
        let tls = self.tls.as_ref();
        let next = Renewing::new(&settings, tls, &self.parts, &self.shutdown);
        let mut renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        renewing.ending.cancel();
        *renewing = next;
    }
}

impl fmt::Debug for LiveGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveGateway").finish_non_exhaustive()
    }
}
