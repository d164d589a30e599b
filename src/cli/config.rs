//! `nomadns config`: the schema of the configuration file, and the configuration in force.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::serve_args::ServeArgs;
use super::{USAGE, fail, say, settings};
use crate::config::{ValueOrigin, schema, to_json, to_toml};

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Prints the JSON schema of the configuration file, for editors and other tools
    Schema,
    /// Prints the configuration in force: each key, its value, and where that comes from
    Show(Box<ShowArgs>),
}

/// Secrets are shown as "(secret)". The output is itself a configuration file.
#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// Print JSON instead of TOML
    #[arg(long)]
    json: bool,
    /// Leave out the keys that have their default because nothing sets them
    #[arg(long)]
    changed: bool,
}

pub(super) fn run(args: ConfigArgs) -> ExitCode {
    match args.command {
        ConfigCommand::Schema => say(&format!("{:#}", schema())),
        ConfigCommand::Show(args) => show(&args),
    }
}

fn show(args: &ShowArgs) -> ExitCode {
    let mut values = match settings(&args.serve) {
        Ok(settings) => settings.values,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    if args.changed {
        values.retain(|it| it.origin != ValueOrigin::Default);
    }
    if !args.json {
        return say(to_toml(&values).trim());
    }
    match to_json(&values) {
        Ok(json) => say(&json),
        Err(error) => fail(1, &format!("cannot write JSON: {error}")),
    }
}
