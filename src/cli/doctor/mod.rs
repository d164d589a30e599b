//! `nomadns doctor`: looks at the configuration, at Nomad, at the gateway on this host and at the host's own resolver, and
//! says of each what is wrong and what to do about it.
//!
//! It only looks: nothing is changed, and no listener is taken for longer than it takes to see that it is free.

mod cluster;
mod finding;
mod gateway;
mod host;
mod ports;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use self::finding::DoctorFindings;
use super::serve_args::{ServeArgs, duration};
use super::{USAGE, configuration_file, fail, say, settings};

/// Run it where the gateway runs, with its configuration, and as root to see which programs have ports.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// How long to wait for Nomad, and for each query, such as 500ms or 1m
    #[arg(long, value_name = "D", value_parser = duration, default_value = "5s")]
    timeout: Duration,
    /// Where the servers of this host's own resolver are
    #[arg(long, value_name = "FILE", default_value = "/etc/resolv.conf")]
    resolv_conf: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &DoctorArgs) -> ExitCode {
    let settings = match settings(&args.serve) {
        Ok(settings) => settings,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    let mut findings = DoctorFindings::default();
    let file = configuration_file(&args.serve);
    let origin = file.map(|path| path.display().to_string());
    let without = || "no file: flags, environment and defaults".to_owned();
    findings.ok("configuration", origin.unwrap_or_else(without));
    for warning in &settings.warnings {
        findings.warning("configuration", warning.to_string(), "");
    }
    cluster::look(&settings, args.timeout, &mut findings).await;
    if let Some(zone) = settings.zones.zones().first().map(|zone| zone.apex) {
        gateway::look(&settings, zone, args.timeout, &mut findings).await;
        host::port_53(&mut findings);
        host::resolv_conf(&args.resolv_conf, zone, args.timeout, &mut findings).await;
    }
    let printed = match args.json {
        false => findings.text(),
        true => match findings.json() {
            Ok(json) => json,
            Err(error) => return fail(1, &error.to_string()),
        },
    };
    match findings.has_problems() {
        false => say(&printed),
        true => {
            say(&printed);
            ExitCode::FAILURE
        }
    }
}
