//! Makes settings of the keys: every value is checked here, and every file that is named is read.

mod bounds;
mod certificate;
mod clients;
mod designated;
mod files;
mod health;
mod http;
mod nomad;
mod on_demand;
mod state;
mod sync;
mod zones;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub use self::certificate::ChainAndKey;
pub use self::files::Files;
pub use self::http::CredentialsFile;
use crate::answers::{Descriptions, OutsideZones, Zone, ZoneSettings};
use crate::config::file::{LimitsSection, ListenSection, LogSection};
use crate::config::{ConfigError, File, Source};
use crate::dns::wire::NSID_OCTETS;
use crate::dns::{CookieSecrets, Name};
use crate::layers::{self, CacheSettings};
use crate::listeners;
use crate::listeners::udp::UdpLimits;
use crate::nomad::{Secret, Settings as NomadSettings, TlsSettings};
use crate::sync::{Settings as SyncSettings, Store};

/// The longest TTL, in seconds: what CoreDNS's plugins allow.
const MOST_TTL_SECONDS: u64 = 3600;

/// Everything that the gateway is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is answered.
    pub zones: ZoneSettings,
    /// What is said of names in none of them.
    pub outside_zones: OutsideZones,
    /// The name of the encrypted listeners, if clients are told.
    pub designated_resolver: Option<Name>,
    /// How Nomad is asked.
    pub nomad: NomadSettings,
    /// What is read for it from files and used while the gateway runs, if any is named.
    pub nomad_tls: Option<Files<TlsSettings>>,
    /// Where Nomad's token comes from, in words.
    pub token_origin: String,
    /// What is no mistake but may surprise.
    pub notes: Vec<String>,
    /// What of Nomad is kept, and how.
    pub sync: SyncSettings,
    /// Where a snapshot of it is kept, if one is.
    pub store: Option<Store>,
    /// Where it listens.
    pub listen: ListenSection,
    /// The certificate of the TLS listeners, when there are any.
    pub certificate: Option<Files<ChainAndKey>>,
    /// The CA certificates that clients' certificates have to be signed by, when they need one.
    pub client_ca: Option<Files<Vec<u8>>>,
    /// How often the files of TLS are looked at; never when none.
    pub tls_check: Option<Duration>,
    /// What is offered over HTTP, and to whom.
    pub http: listeners::http::Settings,
    /// Where the credentials in it come from.
    pub credentials: Vec<CredentialsFile>,
    /// How often those files are looked at; never when none.
    pub credentials_check: Option<Duration>,
    /// The bounds behind the cache.
    pub stack: layers::Limits,
    /// The caches.
    pub cache: CacheSettings,
    /// What the server says of itself.
    pub server: listeners::Server,
    /// The bounds of UDP workers.
    pub udp: UdpLimits,
    /// How many UDP workers an address has; 0 for one a core.
    pub udp_workers: usize,
    /// The bounds of connections.
    pub connections: listeners::Limits,
    /// The log.
    pub log: LogSection,
}

impl Settings {
    /// Checks what `source` says.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(source: &Source) -> Result<Self, ConfigError> {
        let file = source.read()?;
        let check = Check { source };
        let credentials = check.credentials(&file.http)?;
        Ok(Self {
            zones: check.zones(&file)?,
            outside_zones: check.outside_zones(&file)?,
            designated_resolver: check.designated_resolver(&file)?,
            nomad: check.nomad(&file)?,
            nomad_tls: check.nomad_tls_files(&file)?,
            notes: source.notes().map(str::to_owned).collect(),
            token_origin: check.token_origin(&file),
            sync: check.sync(&file)?,
            store: check.store(&file),
            certificate: check.certificate(&file)?,
            client_ca: check.client_ca(&file)?,
            tls_check: check_every(file.tls.check_seconds),
            http: check.http(&file.http, &credentials)?,
            credentials,
            credentials_check: check_every(file.http.check_seconds),
            stack: layers::Limits {
                waiting: file.limits.waiting_queries,
                timeout: Duration::from_millis(file.limits.query_timeout_ms),
            },
            cache: CacheSettings {
                entries: file.cache.entries,
                octets: file.cache.octets,
            },
            udp: UdpLimits {
                batch: check.within("limits.udp_batch", file.limits.udp_batch, 1, 1024)?,
                waiting: file.limits.udp_waiting_queries,
            },
            udp_workers: check.within("limits.udp_workers", file.limits.udp_workers, 0, 1024)?,
            server: check.server(&file)?,
            connections: check.connections(&file.limits)?,
            listen: file.listen,
            log: check.log(file.log)?,
        })
    }
}

struct Check<'source> {
    source: &'source Source,
}

impl Check<'_> {
    fn zones(&self, file: &File) -> Result<ZoneSettings, ConfigError> {
        let wrong = |problem: String| self.source.error("zones", problem);
        if file.zones.is_empty() {
            return Err(wrong(
                "must name at least one zone, such as \"nomad\"".into(),
            ));
        }
        let mut zones = Vec::new();
        for text in &file.zones {
            let apex = text.parse::<Name>().map_err(|error| {
                wrong(format!(
                    "{text:?} is no domain name ({error}); such as \"nomad\""
                ))
            })?;
            if zones.iter().any(|zone: &Zone| zone.apex == apex) {
                return Err(wrong(format!("names {text:?} twice")));
            }
            zones.push(Zone::new(apex).map_err(|error| wrong(format!("{text:?}: {error}")))?);
        }
        let ttl = self.ttl("ttl", file.ttl)?;
        let mut settings =
            ZoneSettings::new(zones, ttl, self.ttl("negative_ttl", file.negative_ttl)?);
        settings.server_addresses = server_addresses(file);
        self.aliases_and_inner_zones(file, &mut settings)?;
        settings.health = self.health_policy(file)?;
        if !file.describe_instances {
            settings.descriptions = Descriptions::Hidden;
        }
        Ok(settings)
    }

    fn ttl(&self, key: &str, seconds: u64) -> Result<u32, ConfigError> {
        match u32::try_from(seconds) {
            Ok(ttl) if seconds <= MOST_TTL_SECONDS => Ok(ttl),
            _ => Err(self.source.error(
                key,
                format!("{key} must be in range [0, {MOST_TTL_SECONDS}]: {seconds}"),
            )),
        }
    }

    fn connections(&self, limits: &LimitsSection) -> Result<listeners::Limits, ConfigError> {
        let least = |key: &str, value: usize| self.within(key, value, 1, usize::MAX);
        Ok(listeners::Limits {
            connections: least("limits.connections", limits.connections)?,
            connections_per_client: least(
                "limits.connections_per_client",
                limits.connections_per_client,
            )?,
            in_flight_per_connection: least(
                "limits.connection_waiting_queries",
                limits.connection_waiting_queries,
            )?,
            unwritten_octets: least("limits.unwritten_octets", limits.unwritten_octets)?,
            idle: Duration::from_secs(limits.idle_seconds),
            message: Duration::from_millis(limits.message_ms),
            write_stall: Duration::from_millis(limits.write_stall_ms),
            handshake: Duration::from_millis(limits.handshake_ms),
            connection_age: Duration::from_secs(limits.connection_age_seconds),
            drain: Duration::from_millis(limits.drain_ms),
            http_headers: Duration::from_millis(limits.http_headers_ms),
            http_body: Duration::from_millis(limits.http_body_ms),
            http_idle: Duration::from_secs(limits.http_idle_seconds),
            http_streams: limits.http_streams,
            http_header_octets: limits.http_header_octets,
            http_headers_count: limits.http_header_count,
        })
    }

    fn server(&self, file: &File) -> Result<listeners::Server, ConfigError> {
        if file.nsid.len() > NSID_OCTETS {
            let problem = format!("must not be longer than {NSID_OCTETS} octets");
            return Err(self.source.error("nsid", problem));
        }
        let mut server = listeners::Server {
            nsid: file.nsid.clone().into_bytes(),
            keepalive: Duration::from_secs(file.limits.idle_seconds),
            clients: self.clients(file)?,
            bounds: self.bounds(&file.limits)?,
            ..listeners::Server::default()
        };
        let mut secrets = Vec::new();
        for text in &file.cookie_secrets {
            let number = (text.len() == 32).then(|| u128::from_str_radix(text, 16));
            let wrong = || {
                self.source
                    .error("cookie_secrets", "must be 32 hex digits each")
            };
            secrets.push(number.and_then(Result::ok).ok_or_else(wrong)?.to_be_bytes());
        }
        if let Some((first, others)) = secrets.split_first() {
            server.cookies = CookieSecrets::new(*first, others.iter().copied());
        }
        Ok(server)
    }

    fn log(&self, log: LogSection) -> Result<LogSection, ConfigError> {
        let levels = ["error", "warn", "info", "debug", "trace"];
        if levels.contains(&&*log.level) {
            return Ok(log);
        }
        Err(self
            .source
            .error("log.level", format!("must be one of {}", levels.join(", "))))
    }

    fn optional_file(&self, key: &str, path: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        (!path.is_empty()).then(|| self.file(key, path)).transpose()
    }

    fn file(&self, key: &str, path: &str) -> Result<Vec<u8>, ConfigError> {
        std::fs::read(path).map_err(|error| {
            self.source.error(
                key,
                format!("cannot be read ({error}); name a readable PEM file"),
            )
        })
    }

    fn within(
        &self,
        key: &str,
        value: usize,
        least: usize,
        most: usize,
    ) -> Result<usize, ConfigError> {
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        let range = match most {
            usize::MAX => format!("at least {least}"),
            _ => format!("in range [{least}, {most}]"),
        };
        Err(self.source.error(key, format!("must be {range}")))
    }
}

/// The addresses that `ns.<zone>` has: the configured ones, else those that DNS listens on.
fn server_addresses(file: &File) -> Vec<IpAddr> {
    if !file.name_server_addresses.is_empty() {
        return file.name_server_addresses.clone();
    }
    let listens = file.listen.dns.iter().map(SocketAddr::ip);
    let mut addresses: Vec<IpAddr> = listens.filter(|ip| !ip.is_unspecified()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

fn check_every(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

fn secret(pem: &[u8]) -> Secret {
    Secret::new(&String::from_utf8_lossy(pem))
}
