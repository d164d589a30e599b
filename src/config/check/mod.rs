//! Turns keys into settings: checks every value and reads every file that is named.

mod answers;
mod certificate;
mod clients;
mod forward;
mod hosts;
mod http;
mod limits;
mod listen;
mod nomad;
mod notify;
mod query_log;
mod server;
mod sync;
mod transfer;
mod transfer_keys;
mod validity;
mod warning;

use std::path::Path;
use std::time::Duration;

pub use self::certificate::ChainAndKey;
pub use self::forward::name_servers;
pub use self::hosts::HostSettings;
pub use self::http::CredentialsFile;
use self::limits::{connections, stack, udp};
pub use self::transfer_keys::TsigKeys;
pub use self::warning::Warning;
pub use super::reading::Files;
use crate::answers::{ApplicationDns, OutsideZones, ZoneSettings};
use crate::config::choice::{choices, must_be_one_of};
use crate::config::effective::{ConfigValue, values};
use crate::config::listen::ListenSection;
use crate::config::reading::read_file;
use crate::config::{ConfigError, File, LogSection, RANGES, Range, Source};
use crate::dns::Name;
use crate::forward::{ForwardSettings, UpstreamAddress};
use crate::layers::{self, CacheSettings};
use crate::listeners;
use crate::listeners::udp::UdpLimits;
use crate::nomad::{NomadSettings, NomadUi, TlsSettings};
use crate::query_log::QueryLogSettings;
use crate::secret::Secret;
use crate::sync::{StateFolder, Store, SyncSettings};
use crate::transfer::{NotifiedSecondary, TransferSettings};

/// Everything that the gateway is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is answered.
    pub zones: ZoneSettings,
    /// What is said of names in none of them.
    pub outside_zones: OutsideZones,
    /// Names with addresses.
    pub hosts: HostSettings,
    /// What is made of the name by which browsers ask whether they may use a resolver of their own.
    pub application_dns: ApplicationDns,
    /// What is forwarded, if anything is.
    pub forward: Option<ForwardSettings>,
    /// The servers of the system in it, where they are asked.
    pub system_servers: Option<Files<Vec<UpstreamAddress>>>,
    /// How often that file is looked at; never when none.
    pub system_servers_check: Option<Duration>,
    /// The name of the encrypted listeners, if clients are told.
    pub designated_resolver: Option<Name>,
    /// How Nomad is asked.
    pub nomad: NomadSettings,
    /// What is read for it from files and used while the gateway runs, if any is named.
    pub nomad_tls: Option<Files<TlsSettings>>,
    /// Where Nomad's web UI is.
    pub nomad_ui: NomadUi,
    /// Where Nomad's token comes from, in words.
    pub token_origin: String,
    /// What is no mistake but may surprise.
    pub warnings: Vec<Warning>,
    /// What of Nomad is kept, and how.
    pub sync: SyncSettings,
    /// Where a snapshot of it is kept, if one is.
    pub store: Option<Store>,
    /// The folder of that snapshot.
    pub state_folder: Option<StateFolder>,
    /// Where it listens.
    pub listen: ListenSection,
    /// The certificate of the TLS listeners, when there are any.
    pub certificate: Option<Files<ChainAndKey>>,
    /// The CA certificates that clients' certificates have to be signed by, when they need one.
    pub client_ca: Option<Files<Vec<u8>>>,
    /// How often the files of TLS are looked at; never when none.
    pub tls_check: Option<Duration>,
    /// What is offered over HTTP, and to whom.
    pub http: listeners::http::HttpSettings,
    /// Where the credentials in it come from.
    pub credentials: Vec<CredentialsFile>,
    /// How often those files are looked at; never when none.
    pub credentials_check: Option<Duration>,
    /// The bounds behind the cache.
    pub stack: layers::StackLimits,
    /// The caches.
    pub cache: CacheSettings,
    /// What the server says of itself.
    pub server: listeners::Server,
    /// The bounds of UDP workers.
    pub udp: UdpLimits,
    /// How many names that were not found are shown.
    pub not_found_names: usize,
    /// How many UDP workers an address has; 0 for one a core.
    pub udp_workers: usize,
    /// How long sockets that systemd passes are left unread at the start until the cluster is known.
    pub first_sync_wait: Duration,
    /// How long all is still answered once the gateway is asked to end, though it is not ready any more.
    pub lameduck: Duration,
    /// The bounds of connections.
    pub connections: listeners::ConnectionLimits,
    /// How often the configuration file is looked at; never when none.
    pub reload_check: Option<Duration>,
    /// How many octets of upstreams' answers each worker keeps for itself, once any names are forwarded.
    pub worker_forwarded_octets: usize,
    /// Whether metrics are also given under CoreDNS's names.
    pub core_dns_names: bool,
    /// The log.
    pub log: LogSection,
    /// The query log, if there is one.
    pub query_log: Option<QueryLogSettings>,
    /// How zones are transferred.
    pub transfer: TransferSettings,
    /// The secondaries that may transfer them.
    pub secondaries: listeners::Networks,
    /// The keys of TSIG, as far as they are read from files.
    pub tsig_keys: Files<TsigKeys>,
    /// Those that are told of changes.
    pub notified: Vec<NotifiedSecondary>,
    /// Each key with its value and where that comes from, without secrets.
    pub values: Vec<ConfigValue>,
}

impl Settings {
    /// Checks what `source` says.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(source: &Source) -> Result<Self, ConfigError> {
        let check = Checker { source };
        check.ranges()?;
        let file = source.read()?;
        check.listen(&file)?;
        let credentials = check.credentials(&file.http)?;
        let mut zones = check.zones(&file)?;
        zones.soa_timers = check.soa_timers(&file);
        let (transfer, secondaries) = check.transfer(&file, &zones)?;
        let (tsig_keys, keys) = check.transfer_keys(&file)?;
        let system_servers = check.system_servers(&file)?;
        let mut settings = Self {
            outside_zones: check.outside_zones(&file)?,
            hosts: check.hosts(&file)?,
            application_dns: check.application_dns(&file)?,
            forward: check.forward(&file, system_servers.as_ref())?,
            system_servers,
            system_servers_check: check_every(file.forwarding.check_seconds),
            designated_resolver: check.designated_resolver(&file)?,
            nomad: check.nomad(&file)?,
            nomad_tls: check.nomad_tls_files(&file)?,
            nomad_ui: check.nomad_ui(&file)?,
            token_origin: check.token_origin(&file),
            sync: check.sync(&file)?,
            store: sync::store(&file.nomad),
            state_folder: sync::state_folder(&file.nomad),
            certificate: check.certificate(&file)?,
            client_ca: check.client_ca(&file)?,
            tls_check: check_every(file.tls.check_seconds),
            http: check.http(&file.http, &zones, &credentials)?,
            notified: check.notified(&file, &zones, &keys)?,
            zones,
            credentials,
            credentials_check: check_every(file.http.check_seconds),
            stack: stack(&file.limits),
            cache: CacheSettings {
                entries: file.cache.entries,
                octets: file.cache.octets,
            },
            udp: udp(&file.limits),
            first_sync_wait: Duration::from_millis(file.limits.first_sync_wait_ms),
            lameduck: Duration::from_millis(file.limits.lameduck_ms),
            not_found_names: file.limits.not_found_names,
            udp_workers: file.limits.udp_workers,
            server: check.server(&file, keys)?,
            connections: connections(&file.limits),
            listen: file.listen.clone(),
            reload_check: check_every(file.reload_check_seconds),
            worker_forwarded_octets: file.cache.forwarded_worker_octets,
            core_dns_names: check.core_dns_names(&file)?,
            log: check.log(file.log.clone())?,
            query_log: check.query_log(&file)?,
            transfer,
            secondaries,
            tsig_keys,
            values: values(source, &file),
            warnings: Vec::new(),
        };
        settings.warnings = check.warnings(&file, &settings);
        Ok(settings)
    }
}

struct Checker<'source> {
    source: &'source Source,
}

impl Checker<'_> {
    fn log(&self, log: LogSection) -> Result<LogSection, ConfigError> {
        let key = "log.level";
        if choices(key).is_some_and(|levels| levels.contains(&&*log.level)) {
            return Ok(log);
        }
        Err(self.not_one_of(key))
    }

    fn core_dns_names(&self, file: &File) -> Result<bool, ConfigError> {
        let (key, names) = ("metrics.names", &file.metrics.names);
        let known = choices(key).unwrap_or_default();
        match names.iter().find(|name| !known.contains(&&***name)) {
            Some(name) => {
                let problem = format!("{name:?} {}", must_be_one_of(key));
                Err(self.source.error(key, problem))
            }
            None => Ok(!names.is_empty()),
        }
    }

    /// Makes the error of a key that takes one of a few words, and has another.
    fn not_one_of(&self, key: &str) -> ConfigError {
        self.source.error(key, must_be_one_of(key))
    }

    /// Checks every number that somebody has said, before its type makes another number of it.
    fn ranges(&self) -> Result<(), ConfigError> {
        for Range { key, least, most } in RANGES.iter().copied() {
            let number = self.source.number(key);
            if let Some(number) = number.filter(|number| !(least..=most).contains(number)) {
                // CoreDNS's words for its TTL, which people look for.
                let problem = match key {
                    "ttl" | "negative_ttl" => {
                        format!("{key} must be in range [{least}, {most}]: {number}")
                    }
                    _ => format!("must be in range [{least}, {most}]"),
                };
                return Err(self.source.error(key, problem));
            }
        }
        Ok(())
    }

    fn optional_file(&self, key: &str, path: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        (!path.is_empty()).then(|| self.file(key, path)).transpose()
    }

    fn file(&self, key: &str, path: &str) -> Result<Vec<u8>, ConfigError> {
        read_file(Path::new(path)).map_err(|error| {
            self.source.error(
                key,
                format!("cannot be read ({error}); name a readable PEM file"),
            )
        })
    }
}

fn check_every(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// A number that is in its range, and so fits.
fn whole(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

fn secret(pem: &[u8]) -> Secret {
    Secret::new(&String::from_utf8_lossy(pem))
}
