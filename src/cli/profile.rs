//! `nomadns profile`: for which gateway, by its URL or by the configuration, to standard output.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{ProfileArgs, ServeArgs};
use super::{USAGE, fail, say, settings};
use crate::config::{ConfigError, read_file};
use crate::profile::{
    CaCertificate, ConfiguredGateway, GatewayUrl, ProfileError, ProfileKind, ProfileOptions,
};

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
