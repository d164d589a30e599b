//! The commands and flags, with their help texts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::cache::CacheArgs;
use super::completions::CompletionsArgs;
use super::config::ConfigArgs;
use super::doctor::DoctorArgs;
use super::import::ImportArgs;
use super::keys::KeysArgs;
use super::man::ManArgs;
use super::profile::ProfileArgs;
use super::serve_args::{LogArgs, ServeArgs, duration};
use crate::app::PortChoice;
use crate::lookup::LookupArgs;

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
    /// Looks at Nomad, this host and the gateway on it, and says what is wrong and what to do about it; exits with 0, 1 or 2
    Doctor(DoctorArgs),
    /// Writes a development CA and a certificate for localhost
    Certs(CertsArgs),
    /// Reads the cluster once and prints its zones as zone files for other name servers
    Export(ExportArgs),
    /// Queries a running gateway over any transport and prints the answer
    Lookup(LookupArgs),
    /// Lists or forgets the answers of upstreams that a running gateway keeps
    Cache(CacheArgs),
    /// Prints the schema of the configuration file, or the configuration in force
    Config(ConfigArgs),
    /// Makes keys for zone transfer, and prints them for nomadns and for other name servers
    Keys(KeysArgs),
    /// Prints what a device, a program or a browser installs to have the gateway as its resolver
    Profile(ProfileArgs),
    /// Prints a manual page, or writes those of all commands to a folder
    Man(ManArgs),
    /// Prints the completions of a shell: bash, zsh, fish, elvish or PowerShell
    Completions(CompletionsArgs),
    /// Reads a Corefile of CoreDNS and prints a configuration that does the same
    Import(ImportArgs),
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
