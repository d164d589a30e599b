//! `nomadns import`: reads a Corefile and what it imports, prints the configuration, and says what was lost.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{USAGE, fail, warn};
use crate::config::{Settings, Source, read_file};
use crate::import::{
    COREFILE_OCTETS, ImportOptions, Imported, MOST_MATCHES, Surroundings, import, is_match,
};

/// The exit code for a Corefile of which something has no counterpart.
const LOST: u8 = 1;
/// Only the owner may read a configuration, since a token can be in it.
const OWNER_ONLY: u32 = 0o600;

/// Exits with 0 if nothing was lost, with 1 if something was, and with 2 if the Corefile cannot be read. What was lost is
/// printed to standard error and in the first lines of the configuration. docs/coredns.md says what becomes of each plugin.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The Corefile, or - for standard input
    pub(super) corefile: PathBuf,
    /// Write the configuration to this new file, readable by its owner only [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The port of keys without one, as `coredns -dns.port` sets it
    #[arg(long, value_name = "PORT", default_value_t = 53)]
    pub(super) dns_port: u16,
}

pub(super) fn run(args: &ImportArgs) -> ExitCode {
    let is_input = args.corefile == Path::new("-");
    let name = match is_input {
        true => "Corefile".to_owned(),
        false => args.corefile.display().to_string(),
    };
    let read = match is_input {
        true => read_input(),
        false => read_file(&args.corefile),
    };
    let text = match read {
        Ok(text) => text,
        Err(error) => return fail(USAGE, &format!("{name}: cannot be read ({error})")),
    };
    let options = ImportOptions {
        dns_port: args.dns_port,
        writes_secrets: args.output.is_some() || !io::stdout().is_terminal(),
    };
    let imported = match import(&name, &text, options, &Machine) {
        Ok(imported) => imported,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    if let Err(error) = write(args.output.as_deref(), &imported.config) {
        return fail(USAGE, &error);
    }
    report(&imported, args.output.as_deref())
}

/// Says what was lost, and whether the configuration is good.
fn report(imported: &Imported, output: Option<&Path>) -> ExitCode {
    for note in &imported.notes {
        warn(&format!("note: {note}"));
    }
    for loss in &imported.losses {
        warn(&format!("lost: {loss}"));
    }
    let path = output.unwrap_or_else(|| Path::new("the configuration"));
    let source = Source::from_octets(path, imported.config.clone().into_bytes());
    if let Err(error) = source.and_then(|it| Settings::check(&it)) {
        warn(&format!(
            "the configuration needs a change before it can be used: {error}"
        ));
    }
    match imported.losses.is_empty() {
        true => ExitCode::SUCCESS,
        false => LOST.into(),
    }
}

fn write(output: Option<&Path>, config: &str) -> Result<(), String> {
    let Some(path) = output else {
        let written = io::stdout().write_all(config.as_bytes());
        return written.map_err(|error| format!("standard output: {error}"));
    };
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path);
    let written = made.and_then(|mut file: File| file.write_all(config.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!(
                "--output {}: is there already; name a new file",
                path.display()
            )
        }
        _ => format!("--output {}: {error}", path.display()),
    })
}

fn read_input() -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let most = u64::try_from(COREFILE_OCTETS).unwrap_or(u64::MAX) + 1;
    io::stdin().take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// The files and the environment of this process.
struct Machine;

impl Machine {
    /// Paths stand in the folder of the file that has them.
    fn path(from: &str, path: &str) -> PathBuf {
        let folder = Path::new(from).parent().unwrap_or_else(|| Path::new(""));
        folder.join(path)
    }
}

impl Surroundings for Machine {
    fn read(&self, from: &str, path: &str) -> io::Result<(String, Vec<u8>)> {
        let path = Self::path(from, path);
        let octets = read_file(&path)?;
        Ok((path.display().to_string(), octets))
    }

    fn list(&self, from: &str, pattern: &str) -> io::Result<Vec<String>> {
        let path = Path::new(pattern);
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let last = path.file_name().and_then(|it| it.to_str());
        let Some(last) = last.filter(|_| !folder.to_string_lossy().contains(['*', '?'])) else {
            return Err(io::Error::other(
                "`*` and `?` may stand in the name of the file only",
            ));
        };
        if last.matches('*').count() > 1 || last.matches('?').count() > 1 {
            return Err(io::Error::other(
                "a pattern has at most one `*` and one `?`",
            ));
        }
        let place = Self::path(from, &folder.to_string_lossy());
        let place = if place.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            place
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(place)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_match(last, &name) && entry.path().is_file() {
                found.push(folder.join(name).display().to_string());
            }
            if found.len() > MOST_MATCHES {
                return Err(io::Error::other(format!(
                    "it stands for more than {MOST_MATCHES} files"
                )));
            }
        }
        found.sort();
        Ok(found)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a Corefile names variables of the environment"
    )]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}
