//! `nomadns export`: which zones, from which configuration, to standard output.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use super::args::ExportArgs;
use super::serve_args::ServeArgs;
use super::{USAGE, fail, settings, warn};
use crate::app;
use crate::config::{ConfigError, Settings};
use crate::dns::Name;
use crate::export::{self, ExportError};

pub(super) async fn run(mut args: ExportArgs) -> ExitCode {
    let texts = std::mem::take(&mut args.serve.zones);
    let parsed: Result<Vec<Name>, _> = texts.iter().map(|zone| zone.parse()).collect();
    let wanted = match parsed {
        Ok(wanted) => wanted,
        Err(error) => return fail(USAGE, &format!("--zone: {error}")),
    };
    let settings = match settings_for(args.serve.clone(), &wanted) {
        Ok(settings) => settings,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    // One line says what goes wrong; who wants more asks for it.
    let is_wanted = args.serve.log.log_level.is_some();
    let _log = is_wanted.then(|| app::start_log(&settings.log));
    let mut out = BufWriter::new(io::stdout().lock());
    match export::run(settings, &wanted, args.timeout, &mut out).await {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(left_out)) => {
            warn(&left_out.to_string());
            ExitCode::SUCCESS
        }
        // Who was to read it has read enough.
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::FAILURE
        }
        Err(error) => fail(1, &error.to_string()),
    }
}

/// The settings of serve; a wanted zone that is not configured is answered for beside those that are.
fn settings_for(mut args: ServeArgs, wanted: &[Name]) -> Result<Settings, ConfigError> {
    let configured = settings(&args)?;
    let zones = configured.zones.zones().iter().map(|zone| zone.apex);
    let mut zones: Vec<Name> = zones.collect();
    let known = zones.len();
    for name in wanted {
        if !zones.contains(name) {
            zones.push(*name);
        }
    }
    if zones.len() == known {
        return Ok(configured);
    }
    args.zones = zones.iter().map(Name::to_string).collect();
    settings(&args)
}
