//! The commands and flags, with their help texts.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::cache::CacheArgs;
use crate::app::PortChoice;
use crate::config::Source;
use crate::dns::Name;
use crate::lookup::LookupArgs;
use crate::profile::ProfileKind;

/// The DNS gateway for HashiCorp Nomad.
///
/// Answers DNS queries for the services of a cluster: over UDP, TCP, TLS (DoT), HTTPS (DoH) and as JSON.
#[derive(Debug, Parser)]
#[command(name = "nomadns", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Starts a simulated cluster and a gateway for it on loopback, and prints what to try
    Demo(DemoArgs),
    /// Starts the gateway. It needs no configuration file: `NOMAD_ADDR` and the defaults are enough
    Serve(ServeArgs),
    /// Checks the configuration and prints errors and warnings; exits with 0 or 2, or 1 if --connect fails
    Check(CheckArgs),
    /// Writes a development CA and a certificate for localhost
    Certs(CertsArgs),
    /// Reads the cluster once and prints its zones as zone files for other name servers
    Export(ExportArgs),
    /// Queries a running gateway over any transport and prints the answer
    Lookup(LookupArgs),
    /// Lists or forgets the answers of upstreams that a running gateway keeps
    Cache(CacheArgs),
    /// Prints what a device, a program or a browser installs to have the gateway as its resolver
    Profile(ProfileArgs),
}

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

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) serve: ServeArgs,
    /// Also connect to Nomad, and print what the token can read; exits with 1 if Nomad cannot be read
    #[arg(long)]
    pub(super) connect: bool,
    /// How long to wait for Nomad, such as 500ms or 1m
    #[arg(long, value_name = "D", value_parser = duration, default_value = "10s", requires = "connect")]
    pub(super) timeout: Duration,
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

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// How many services to generate in addition to the named ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) services: usize,
    /// How many instances each generated service has
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) instances: usize,
    /// How many changes happen in the cluster per second; 0 for none
    #[arg(long, value_name = "R", default_value_t = 0.5)]
    pub(super) change_rate: f64,
    /// How often the simulated Nomad stops for some seconds, such as 60s or 5m
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) outage_every: Option<Duration>,
    /// The usual ports, with a free one for each that is taken, or free ports for all
    #[arg(long, value_enum, default_value_t)]
    pub(super) ports: PortChoice,
    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, Args)]
pub(super) struct CertsArgs {
    /// The folder to write to
    #[arg(default_value = "certs-dev")]
    pub(super) folder: PathBuf,
    /// Another name or address for the certificate (can be repeated)
    #[arg(long = "name", value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Overwrite existing files
    #[arg(long)]
    pub(super) force: bool,
}

/// The zone files contain what serve would answer at that moment with the same configuration, flags and
/// environment. Write one zone to one file: `nomadns export --zone nomad > nomad.zone`.
#[derive(Debug, Args)]
#[command(
    mut_arg("zones", |arg| arg.help("A zone to print (can be repeated) [default: all configured zones]")),
    mut_arg("dns", |arg| arg.help("An address of serve, for the records of ns.ZONE (can be repeated) [default: loopback]")),
    mut_args(|arg| if EXPORT_HIDES.contains(&arg.get_id().as_str()) { arg.hide(true) } else { arg })
)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) serve: ServeArgs,
    /// How long to wait for Nomad, such as 500ms or 1m
    #[arg(long, value_name = "D", value_parser = duration, default_value = "10s")]
    pub(super) timeout: Duration,
}

/// What an export takes, for the sake of the same command line, and has no use for.
const EXPORT_HIDES: [&str; 6] = [
    "tls",
    "https",
    "http",
    "admin",
    "tls_certificate",
    "tls_key",
];

/// The gateway must have a certificate that its clients trust, or whose CA is in the profile (--ca). docs/browsers.md and
/// docs/clients.md say where each is installed.
#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    /// What to print
    #[arg(value_enum)]
    pub(super) kind: ProfileChoice,
    /// Where clients reach the gateway: `https://HOST/dns-query`, or `tls://HOST` (apple, stamp) [default: as configured, if that is one URL]
    pub(super) url: Option<String>,
    /// The configuration file that has the URL
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The CA of the gateway's certificate (PEM), for clients that do not trust it yet
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// An address of the host, for clients that cannot resolve it (apple: can be repeated; stamp)
    #[arg(long = "address", value_name = "ADDRESS")]
    pub(super) addresses: Vec<IpAddr>,
    /// A domain to ask the gateway for, such as nomad (apple; can be repeated) [default: all names]
    #[arg(long = "domain", value_name = "NAME")]
    pub(super) domains: Vec<Name>,
    /// Use the resolver of the system when the gateway fails (chrome-policy, firefox-policy)
    #[arg(long)]
    pub(super) fallback: bool,
}

/// A profile as it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileChoice {
    /// A .mobileconfig for iOS, iPadOS, macOS and visionOS
    Apple,
    /// A DNS stamp (sdns://), for dnscrypt-proxy
    Stamp,
    /// A policy for Chromium, Chrome and Edge
    ChromePolicy,
    /// A policy for Firefox
    FirefoxPolicy,
}

impl From<ProfileChoice> for ProfileKind {
    fn from(choice: ProfileChoice) -> Self {
        match choice {
            ProfileChoice::Apple => Self::Apple,
            ProfileChoice::Stamp => Self::Stamp,
            ProfileChoice::ChromePolicy => Self::ChromePolicy,
            ProfileChoice::FirefoxPolicy => Self::FirefoxPolicy,
        }
    }
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
fn duration(text: &str) -> Result<Duration, String> {
    let read = humantime::parse_duration(text);
    read.map_err(|error| format!("{text:?} is not a duration such as 500ms, 60s or 5m: {error}"))
}
