//! Makes settings of the keys: every value is checked here, and every file that is named is read.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::file::{LimitsSection, ListenSection, LogSection};
use super::{ConfigError, File, Source};
use crate::answers::{Descriptions, Zone, ZoneSettings};
use crate::dns::Name;
use crate::layers::{self, CacheSettings};
use crate::listeners;
use crate::listeners::udp::UdpLimits;
use crate::nomad::{self, Address, BasicAuth, Secret, TlsSettings, TokenSource, Verification};
use crate::sync;

/// The longest TTL, in seconds: what CoreDNS's plugins allow.
const MOST_TTL_SECONDS: u64 = 3600;

/// Everything that the gateway is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is answered.
    pub zones: ZoneSettings,
    /// How Nomad is asked.
    pub nomad: nomad::Settings,
    /// What of Nomad is kept, and how.
    pub sync: sync::Settings,
    /// Where it listens.
    pub listen: ListenSection,
    /// The certificate of the TLS listeners, when there are any.
    pub certificate: Option<Certificate>,
    /// The bounds behind the cache.
    pub stack: layers::Limits,
    /// The caches.
    pub cache: CacheSettings,
    /// The bounds of UDP workers.
    pub udp: UdpLimits,
    /// How many UDP workers an address has; 0 for one a core.
    pub udp_workers: usize,
    /// The bounds of connections.
    pub connections: listeners::Limits,
    /// The log.
    pub log: LogSection,
}

/// The certificate of the TLS listeners, in PEM, and how to read it again.
#[derive(Clone)]
pub struct Certificate {
    /// The chain and the key.
    pub pem: (Vec<u8>, Secret),
    /// Reads both files again; the error is a line for the log.
    pub again: Arc<dyn Fn() -> Result<(Vec<u8>, Secret), String> + Send + Sync>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

impl Settings {
    /// Checks what `source` says.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(source: &Source) -> Result<Self, ConfigError> {
        let file = source.read()?;
        let check = Check { source };
        Ok(Self {
            zones: check.zones(&file)?,
            nomad: check.nomad(&file)?,
            sync: check.sync(&file)?,
            certificate: check.certificate(&file)?,
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

    fn nomad(&self, file: &File) -> Result<nomad::Settings, ConfigError> {
        let section = &file.nomad;
        let key = "nomad.addresses";
        let mut addresses: Vec<Address> = Vec::new();
        for text in &section.addresses {
            addresses.push(
                text.parse().map_err(|error: nomad::AddressError| {
                    self.source.error(key, error.to_string())
                })?,
            );
        }
        if addresses.is_empty() {
            let problem = "must name at least one address, such as \"http://127.0.0.1:4646\"";
            return Err(self.source.error(key, problem));
        }
        let mut settings = nomad::Settings::new(addresses);
        settings.token = self.token(file)?;
        settings.region = Some(section.region.clone()).filter(|region| !region.is_empty());
        if !section.http_auth.is_empty() {
            let auth = BasicAuth::parse(&section.http_auth);
            settings.basic_auth = Some(auth.ok_or_else(|| ConfigError {
                problem: "must be USER:PASSWORD".into(),
                ..self.source.error("nomad.http_auth", "")
            })?);
        }
        settings.tls = self.nomad_tls(file)?;
        Ok(settings)
    }

    fn token(&self, file: &File) -> Result<TokenSource, ConfigError> {
        let (token, path) = (&file.nomad.token, &file.nomad.token_file);
        match (&**token, &**path) {
            ("", "") => Ok(TokenSource::None),
            (token, "") => Ok(TokenSource::Fixed(Secret::new(token))),
            ("", path) => {
                let path = PathBuf::from(path);
                let read = move || {
                    std::fs::read_to_string(&path)
                        .map(|text| Secret::new(&text))
                        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
                };
                read().map_err(|problem| self.source.error("nomad.token_file", problem))?;
                Ok(TokenSource::Ask(Arc::new(read)))
            }
            _ => {
                let problem = "stands beside nomad.token; keep one of the two";
                Err(self.source.error("nomad.token_file", problem))
            }
        }
    }

    fn nomad_tls(&self, file: &File) -> Result<TlsSettings, ConfigError> {
        let section = &file.nomad;
        let mut tls = TlsSettings {
            ca: self.optional_file("nomad.ca_file", &section.ca_file)?,
            certificate: self
                .optional_file("nomad.client_certificate", &section.client_certificate)?,
            key: self
                .optional_file("nomad.client_key", &section.client_key)?
                .map(|pem| secret(&pem)),
            server_name: Some(section.tls_server_name.clone()).filter(|name| !name.is_empty()),
            verification: Verification::Full,
        };
        if !section.ca_path.is_empty() {
            let folder = self.ca_folder(&section.ca_path)?;
            tls.ca.get_or_insert_default().extend(folder);
        }
        if section.skip_verify {
            tls.verification = Verification::Skipped;
        }
        if tls.certificate.is_some() != tls.key.is_some() {
            let (has, lacks) = match tls.key {
                None => ("nomad.client_certificate", "nomad.client_key"),
                Some(_) => ("nomad.client_key", "nomad.client_certificate"),
            };
            return Err(self.source.error(has, format!("needs {lacks} beside it")));
        }
        Ok(tls)
    }

    fn ca_folder(&self, path: &str) -> Result<Vec<u8>, ConfigError> {
        let wrong = |error: std::io::Error| {
            self.source
                .error("nomad.ca_path", format!("cannot be read: {error}"))
        };
        let mut pem = Vec::new();
        for entry in std::fs::read_dir(path).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_file() {
                pem.extend(std::fs::read(path).map_err(wrong)?);
                pem.push(b'\n');
            }
        }
        Ok(pem)
    }

    fn sync(&self, file: &File) -> Result<sync::Settings, ConfigError> {
        let section = &file.nomad;
        if section.namespaces.is_empty() {
            let problem = "must name a namespace, or \"*\" for all";
            return Err(self.source.error("nomad.namespaces", problem));
        }
        let reads = self.within("nomad.reads_at_once", section.reads_at_once, 1, 64)?;
        let mut settings = sync::Settings::default();
        settings.namespaces.clone_from(&section.namespaces);
        settings.filter.clone_from(&section.filter);
        settings.reads_in_flight = reads;
        settings.times.pass_every = Duration::from_secs(section.full_read_seconds.max(1));
        // A cached SRV record is resolved as long as it may be kept.
        let kept = Duration::from_secs(file.ttl.saturating_mul(2));
        settings.address_grace = settings.address_grace.max(kept);
        Ok(settings)
    }

    fn certificate(&self, file: &File) -> Result<Option<Certificate>, ConfigError> {
        let (chain, key) = (file.tls.certificate.clone(), file.tls.key.clone());
        let listens = !file.listen.tls.is_empty() || !file.listen.https.is_empty();
        match (&*chain, &*key) {
            ("", "") if listens => {
                let problem = "is needed by listen.tls and listen.https; `nomadns certs` makes one";
                Err(self.source.error("tls.certificate", problem))
            }
            ("", "") => Ok(None),
            ("", _) => Err(self
                .source
                .error("tls.key", "needs tls.certificate beside it")),
            (_, "") => Err(self
                .source
                .error("tls.certificate", "needs tls.key beside it")),
            _ => {
                let pem = (
                    self.file("tls.certificate", &chain)?,
                    secret(&self.file("tls.key", &key)?),
                );
                let again = move || {
                    let read = |path: &str| {
                        std::fs::read(path).map_err(|error| format!("{path}: {error}"))
                    };
                    Ok((read(&chain)?, secret(&read(&key)?)))
                };
                Ok(Some(Certificate {
                    pem,
                    again: Arc::new(again),
                }))
            }
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

fn secret(pem: &[u8]) -> Secret {
    Secret::new(&String::from_utf8_lossy(pem))
}
