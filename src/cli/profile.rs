//! `nomadns profile`: for which gateway, by its URL or by the configuration, to standard output.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::serve_args::ServeArgs;
use super::{USAGE, fail, say, settings};
use crate::config::{ConfigError, read_file};
use crate::dns::Name;
use crate::profile::{
    CaCertificate, ConfiguredGateway, GatewayUrl, ProfileError, ProfileKind, ProfileOptions,
};

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

/// Why there is nothing to print.
#[derive(Debug, thiserror::Error)]
enum NoProfile {
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("--ca {}: {problem}", path.display())]
    Ca { path: PathBuf, problem: String },
}

pub(super) fn run(args: ProfileArgs) -> ExitCode {
    match options(args).and_then(|options| Ok(options.print()?)) {
        Ok(profile) => say(&profile),
        Err(error) => fail(USAGE, &error.to_string()),
    }
}

fn options(args: ProfileArgs) -> Result<ProfileOptions, NoProfile> {
    let kind = args.kind.into();
    let gateway = match args.url {
        Some(url) => GatewayUrl::parse(&url)?,
        None => configured(args.config, kind)?,
    };
    let (authorities, ca_file) = match args.ca {
        Some(path) => authorities(&path).map(|(read, path)| (read, Some(path)))?,
        None => (Vec::new(), None),
    };
    Ok(ProfileOptions {
        kind,
        gateway,
        addresses: args.addresses,
        domains: args.domains,
        authorities,
        ca_file,
        fallback: args.fallback,
    })
}

/// The URL that the configuration, the environment and the defaults of serve have.
fn configured(config: Option<PathBuf>, kind: ProfileKind) -> Result<GatewayUrl, NoProfile> {
    let settings = settings(&ServeArgs {
        config,
        ..ServeArgs::default()
    })?;
    let certificate = settings.certificate.as_ref().map(|it| &*it.content.0);
    let gateway = ConfiguredGateway {
        https: &settings.listen.https,
        tls: &settings.listen.tls,
        name: settings.designated_resolver.as_ref(),
        certificate,
    };
    Ok(gateway.url(kind)?)
}

/// The CAs of a file, and its path from the root: a policy is read elsewhere.
fn authorities(path: &Path) -> Result<(Vec<CaCertificate>, PathBuf), NoProfile> {
    let wrong = |problem: String| NoProfile::Ca {
        path: path.to_owned(),
        problem,
    };
    let pem = read_file(path).map_err(|error| wrong(error.to_string()))?;
    let read = CaCertificate::from_pem(&pem).map_err(|error| wrong(error.to_string()))?;
    let absolute = std::path::absolute(path).map_err(|error| wrong(error.to_string()))?;
    Ok((read, absolute))
}
