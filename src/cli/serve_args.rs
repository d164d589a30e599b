//! The flags of a gateway, which `serve`, `check`, `export` and `doctor` share, laid over file and environment.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::config::Source;

/// Flags win over the environment, which wins over the file.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ServeArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// A zone to answer for (can be repeated) [default: nomad, service.nomad]
    #[arg(long = "zone", value_name = "NAME")]
    pub(super) zones: Vec<String>,
    /// The TTL of records, in seconds, 0 to 3600 [default: 30]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(super) ttl: Option<i64>,
    /// The TTL of negative answers, in seconds, 0 to 3600 [default: 5]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(super) negative_ttl: Option<i64>,
    /// An address of Nomad: http://, https:// or unix:// (can be repeated) [default: `NOMAD_ADDR`]
    #[arg(long = "nomad-address", value_name = "URL")]
    pub(super) nomad_addresses: Vec<String>,
    /// A file with the Nomad token, re-read when it changes
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<String>,
    /// The Nomad region to read [default: the agent's own]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// A namespace to answer for (can be repeated) [default: all that the token can read]
    #[arg(long = "namespace", value_name = "NAME")]
    pub(super) namespaces: Vec<String>,
    /// A Nomad filter expression for instances, such as 'Tags not contains "canary"'
    #[arg(long, value_name = "EXPRESSION")]
    pub(super) filter: Option<String>,
    /// An address for DNS over UDP and TCP (can be repeated) [default: port 1053 on loopback, IPv4 and IPv6]
    #[arg(long = "dns", value_name = "ADDRESS")]
    pub(super) dns: Vec<String>,
    /// An address for DNS over TLS (can be repeated)
    #[arg(long = "tls", value_name = "ADDRESS")]
    pub(super) tls: Vec<String>,
    /// An address for HTTPS: /dns-query and /resolve (can be repeated)
    #[arg(long = "https", value_name = "ADDRESS")]
    pub(super) https: Vec<String>,
    /// An address for the same without TLS (can be repeated) [default: 127.0.0.1:8053]
    #[arg(long = "http", value_name = "ADDRESS")]
    pub(super) http: Vec<String>,
    /// An address for metrics, health and the status page (can be repeated) [default: 127.0.0.1:9153]
    #[arg(long = "admin", value_name = "ADDRESS")]
    pub(super) admin: Vec<String>,
    /// A PEM file with the certificate chain of the TLS listeners
    #[arg(long, value_name = "FILE")]
    pub(super) tls_certificate: Option<String>,
    /// A PEM file with its key
    #[arg(long, value_name = "FILE")]
    pub(super) tls_key: Option<String>,
    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct LogArgs {
    /// The log format: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<String>,
    /// The lowest level to log: error, warn, info, debug or trace [default: info; warn for demo, no log for export]
    #[arg(long, value_name = "LEVEL")]
    pub(super) log_level: Option<String>,
}

impl ServeArgs {
    /// Lays the flags over what is in `source`.
    pub(super) fn apply(&self, source: &mut Source) {
        let numbers = [
            ("ttl", "--ttl", self.ttl),
            ("negative_ttl", "--negative-ttl", self.negative_ttl),
        ];
        for (key, flag, value) in numbers {
            if let Some(value) = value {
                source.set(key, value, flag);
            }
        }
        if self.token_file.is_some() {
            source.remove("nomad.token");
        }
        for (key, flag, value) in [
            ("nomad.token_file", "--token-file", &self.token_file),
            ("nomad.region", "--region", &self.region),
            ("nomad.filter", "--filter", &self.filter),
            (
                "tls.certificate",
                "--tls-certificate",
                &self.tls_certificate,
            ),
            ("tls.key", "--tls-key", &self.tls_key),
        ] {
            if let Some(value) = value {
                source.set(key, value.clone(), flag);
            }
        }
        for (key, flag, values) in [
            ("zones", "--zone", &self.zones),
            ("nomad.addresses", "--nomad-address", &self.nomad_addresses),
            ("nomad.namespaces", "--namespace", &self.namespaces),
            ("listen.dns", "--dns", &self.dns),
            ("listen.tls", "--tls", &self.tls),
            ("listen.https", "--https", &self.https),
            ("listen.http", "--http", &self.http),
            ("listen.admin", "--admin", &self.admin),
        ] {
            if !values.is_empty() {
                source.set(key, values.clone(), flag);
            }
        }
        self.log.apply(source);
    }
}

impl LogArgs {
    pub(super) fn apply(&self, source: &mut Source) {
        if let Some(format) = &self.log_format {
            source.set("log.format", format.clone(), "--log-format");
        }
        if let Some(level) = &self.log_level {
            source.set("log.level", level.clone(), "--log-level");
        }
    }
}

/// Reads a duration, such as `500ms`, `60s` or `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read = humantime::parse_duration(text);
    read.map_err(|error| format!("{text:?} is not a duration such as 500ms, 60s or 5m: {error}"))
}
