//! What the user typed: commands, flags, exit codes.
//!
//! Floor 8. With `config`, the only place that reads files and the environment.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::app::{self, Bound, Demo, DemoOptions, Ended, PortChoice, Running, Taken};
use crate::certs::{Development, Existing};
use crate::config::{ConfigError, Settings, Source, apply_environment};
use crate::lookup::{self, LookupArgs};

/// The exit code for what is wrong in flags, environment or file.
const USAGE: u8 = 2;
/// The exit code for an address that cannot be bound (`EX_CONFIG` of sysexits.h).
const CANNOT_BIND: u8 = 78;

/// The DNS gateway for HashiCorp Nomad.
///
/// Answers for the services of a cluster over DNS (UDP, TCP), DNS over TLS, DNS over HTTPS and JSON.
#[derive(Debug, Parser)]
#[command(name = "nomadns", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a simulated cluster and the gateway before it, on loopback, and prints what to try
    Demo(DemoArgs),
    /// Starts the gateway; without a file, by NOMAD_ADDR and the defaults
    Serve(ServeArgs),
    /// Reads the configuration as serve would, says what is wrong and where; exits with 0 or 2
    Check(ServeArgs),
    /// Writes a development CA and a certificate for localhost
    Certs(CertsArgs),
    /// Asks a running gateway, over any transport, and prints what came
    Lookup(LookupArgs),
}

/// Flags stand over the environment, which stands over the file.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A zone to answer for (may be repeated) [default: nomad, service.nomad]
    #[arg(long = "zone", value_name = "NAME")]
    zones: Vec<String>,
    /// The TTL of records, in seconds, 0 to 3600 [default: 30]
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<i64>,
    /// The TTL of denials, in seconds, 0 to 3600 [default: 5]
    #[arg(long, value_name = "SECONDS")]
    negative_ttl: Option<i64>,
    /// An address of Nomad: http://, https:// or unix:// (may be repeated) [default: NOMAD_ADDR]
    #[arg(long = "nomad-address", value_name = "URL")]
    nomad_addresses: Vec<String>,
    /// A file with Nomad's token, read again when it changes
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// The region of Nomad that is asked
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// A namespace to answer for (may be repeated) [default: all that the token may read]
    #[arg(long = "namespace", value_name = "NAME")]
    namespaces: Vec<String>,
    /// Nomad's own filter expression for instances, such as 'Tags not contains "canary"'
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// An address for DNS over UDP and TCP (may be repeated) [default: 127.0.0.1:1053, [::1]:1053]
    #[arg(long = "dns", value_name = "ADDRESS")]
    dns: Vec<String>,
    /// An address for DNS over TLS (may be repeated)
    #[arg(long = "tls", value_name = "ADDRESS")]
    tls: Vec<String>,
    /// An address for HTTPS: /dns-query and /resolve (may be repeated)
    #[arg(long = "https", value_name = "ADDRESS")]
    https: Vec<String>,
    /// An address for the same without TLS (may be repeated) [default: 127.0.0.1:8053]
    #[arg(long = "http", value_name = "ADDRESS")]
    http: Vec<String>,
    /// An address for metrics, health and status (may be repeated) [default: 127.0.0.1:9153]
    #[arg(long = "admin", value_name = "ADDRESS")]
    admin: Vec<String>,
    /// The certificate chain of the TLS listeners, PEM
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<String>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Clone, Debug, Default, Args)]
struct LogArgs {
    /// How the log is written: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// From which level on: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// How many services there are beside the named ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    services: usize,
    /// How many instances each of them has
    #[arg(long, value_name = "N", default_value_t = 10)]
    instances: usize,
    /// How many changes happen in the cluster, per second
    #[arg(long, value_name = "R", default_value_t = 0.5)]
    change_rate: f64,
    /// How often Nomad goes away for some seconds, such as 60s or 5m
    #[arg(long, value_name = "D", value_parser = duration)]
    outage_every: Option<Duration>,
    /// The usual ports (one that is taken is replaced), or free ones for all
    #[arg(long, value_enum, default_value_t)]
    ports: PortChoice,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Args)]
struct CertsArgs {
    /// The folder that they are written to
    #[arg(default_value = "certs-dev")]
    folder: PathBuf,
    /// A name or address that the certificate is for too (may be repeated)
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

/// Runs the command that the user typed; the exit code says how it went.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("no threads can be started: {error}")),
    };
    let code = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo(args).await,
            Command::Serve(args) => serve(&args).await,
            Command::Check(args) => check(&args),
            Command::Certs(args) => certs(&args),
            Command::Lookup(args) => look_up(args).await,
        }
    });
    // What still runs was given its time already.
    runtime.shutdown_background();
    code
}

async fn serve(args: &ServeArgs) -> ExitCode {
    let settings = match settings(args) {
        Ok(settings) => settings,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    app::start_log(settings.log.format, &settings.log.level);
    if let Err(error) = app::try_out(&settings) {
        return fail(USAGE, &error.to_string());
    }
    let workers = workers(settings.udp_workers);
    let bound = match Bound::bind(&settings.listen, workers, Taken::Fails) {
        Ok(bound) => bound,
        Err(error) => return fail(CANNOT_BIND, &error.to_string()),
    };
    match app::start(settings, bound) {
        Ok(running) => until_signal(running).await,
        Err(error) => fail(USAGE, &error.to_string()),
    }
}

fn check(args: &ServeArgs) -> ExitCode {
    match settings(args) {
        Err(error) => fail(USAGE, &error.to_string()),
        Ok(settings) => match app::try_out(&settings) {
            Err(error) => fail(USAGE, &error.to_string()),
            Ok(()) => say("the configuration is good"),
        },
    }
}

async fn demo(args: DemoArgs) -> ExitCode {
    let mut source = Source::default();
    args.log.apply(&mut source);
    let log = match source.read() {
        Ok(file) => file.log,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    app::start_log(
        log.format,
        if args.log.log_level.is_some() {
            &log.level
        } else {
            "warn"
        },
    );
    let options = DemoOptions {
        services: args.services,
        instances: args.instances,
        change_rate: args.change_rate,
        outage_every: args.outage_every,
        ports: args.ports,
        certificates: development_certificates(Path::new("certs-dev")),
        program: std::env::args().next().unwrap_or_else(|| "nomadns".into()),
        workers: workers(0),
    };
    match Demo::start(options) {
        Err(error) => fail(1, &error.to_string()),
        Ok(demo) => {
            if say(demo.advice()) != ExitCode::SUCCESS {
                return ExitCode::FAILURE;
            }
            let running = demo.into_running();
            until_signal(running.0).await
        }
    }
}

fn certs(args: &CertsArgs) -> ExitCode {
    let existing = if args.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let made = Development::generate(&args.names);
    match made.and_then(|made| made.write(&args.folder, existing)) {
        Ok(paths) => {
            let lines = paths.map(|path| path.display().to_string());
            say(&format!("written:\n  {}", lines.join("\n  ")))
        }
        Err(error) => fail(1, &error.to_string()),
    }
}

async fn look_up(args: LookupArgs) -> ExitCode {
    let options = match args.into_options(|path| std::fs::read(path)) {
        Ok(options) => options,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    match lookup::run(&options, &mut io::stdout().lock()).await {
        Ok(outcome) => outcome.exit_code().into(),
        Err(error) => fail(1, &error.to_string()),
    }
}

/// Runs until SIGTERM or SIGINT, reading certificates again at SIGHUP and SIGUSR1.
async fn until_signal(running: Running) -> ExitCode {
    use tokio::signal::unix::{SignalKind, signal};
    let certificates = running.certificates();
    let signals = || -> io::Result<_> {
        Ok((
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::user_defined1())?,
        ))
    };
    let (mut terminate, mut interrupt, mut hangup, mut user) = match signals() {
        Ok(signals) => signals,
        Err(error) => return fail(1, &format!("signals cannot be heard: {error}")),
    };
    let ending = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hangup.recv() => Running::reload(certificates.as_ref()),
                _ = user.recv() => Running::reload(certificates.as_ref()),
            }
        }
    };
    match running.until(ending).await {
        Ended::Asked => ExitCode::SUCCESS,
        Ended::Broken(what) => fail(1, &what),
    }
}

fn settings(args: &ServeArgs) -> Result<Settings, ConfigError> {
    let mut source = match &args.config {
        Some(path) => Source::from_file(path)?,
        None => Source::default(),
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the environment is read"
    )]
    apply_environment(&mut source, |name| std::env::var(name).ok());
    args.apply(&mut source);
    Settings::check(&source)
}

impl ServeArgs {
    /// Lays the flags over what is in `source`.
    fn apply(&self, source: &mut Source) {
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
    fn apply(&self, source: &mut Source) {
        if let Some(format) = &self.log_format {
            source.set("log.format", format.clone(), "--log-format");
        }
        if let Some(level) = &self.log_level {
            source.set("log.level", level.clone(), "--log-level");
        }
    }
}

/// The certificates that `nomadns certs` wrote there, if it did.
fn development_certificates(folder: &Path) -> Option<Development> {
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
    Some(Development {
        ca_pem: read("ca.pem")?,
        certificate_pem: read("localhost.pem")?,
        key_pem: read("localhost-key.pem")?,
    })
}

/// How many UDP workers an address gets.
fn workers(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        configured => configured,
    }
}

/// Reads a number with the unit ms, s, m or h.
fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is no duration: a number with ms, s, m or h, such as 60s");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(expected)
}

fn say(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        // Who was to read it is gone.
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(code: u8, problem: &str) -> ExitCode {
    // There is nobody left to tell if this fails too.
    let _ = writeln!(io::stderr(), "nomadns: {problem}");
    ExitCode::from(code)
}
