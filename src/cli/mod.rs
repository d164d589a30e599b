//! The command line: commands, flags, exit codes.
//!
//! Floor 8. Only this module and `config` read files and the environment.

mod args;
mod cache;
mod completions;
mod config;
mod demo;
mod demo_ca;
mod doctor;
mod export;
mod import;
mod keys;
mod man;
mod profile;
mod serve_args;
mod signals;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anstream::AutoStream;
use clap::{ColorChoice, CommandFactory, Parser};

use crate::app::{self, Bound, ExitReason, PassedSockets, PortConflict, Running, StartError};
use crate::certs::{Development, Existing};
use crate::config::{
    ConfigError, Settings, Source, apply_credential, apply_environment, note_unknown_variables,
    read_file,
};
use crate::lookup::{self, Coloring, LookupArgs};

pub use self::args::Cli;
use self::args::{CertsArgs, CheckArgs, Command};
use self::serve_args::ServeArgs;
use self::signals::Signals;

/// The exit code for what is wrong in flags, environment or file.
const USAGE: u8 = 2;
/// The exit code for an address that cannot be bound, or a folder that another gateway has (`EX_CONFIG` of sysexits.h).
const TAKEN: u8 = 78;
/// The exit code for what is wrong in the flags of `lookup`, whose own codes begin at 0 (`EX_USAGE`).
const LOOKUP_USAGE: u8 = 64;
/// The variable that names the configuration file, where no flag does.
const CONFIG_VARIABLE: &str = "NOMADNS_CONFIG";
/// How long the last words wait for whoever is to read them.
const SAY_WITHIN: Duration = Duration::from_secs(1);

/// Runs the command that the user typed; the exit code says how it went.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return mistyped(&error),
    };
    // Before there are other threads.
    let passed = match &cli.command {
        Command::Serve(_) => {
            let names = std::env::var_os("LISTEN_FDNAMES").unwrap_or_default();
            PassedSockets::take(&names.to_string_lossy())
        }
        _ => Ok(PassedSockets::default()),
    };
    let passed = match passed {
        Ok(passed) => passed,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("cannot start threads: {error}")),
    };
    let code = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Serve(args) => serve(&args, passed).await,
            Command::Check(args) => check(&args).await,
            Command::Doctor(args) => doctor::run(&args).await,
            Command::Certs(args) => certs(&args),
            Command::Export(args) => export::run(args).await,
            Command::Lookup(args) => look_up(args).await,
            Command::Cache(args) => cache::run(args).await,
            Command::Config(args) => config::run(args),
            Command::Keys(args) => keys::run(&args),
            Command::Profile(args) => profile::run(args),
            Command::Man(args) => man::run(&args, Cli::command()),
            Command::Completions(args) => completions::run(&args, Cli::command()),
            Command::Import(args) => import::run(&args),
        }
    });
    // What still runs was given its time already.
    runtime.shutdown_background();
    code
}

/// Says what is wrong with the command line, or what was asked of it; the codes of `lookup` are answers.
fn mistyped(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell if this fails.
    let _ = error.print();
    let is_lookup = std::env::args_os().nth(1).is_some_and(|it| it == "lookup");
    match (error.use_stderr(), is_lookup) {
        (false, _) => ExitCode::SUCCESS,
        (true, true) => LOOKUP_USAGE.into(),
        (true, false) => USAGE.into(),
    }
}

async fn serve(args: &ServeArgs, passed: PassedSockets) -> ExitCode {
    let read = source(args).and_then(|source| Ok((Settings::check(&source)?, source)));
    let (settings, source_read) = match read {
        Ok(read) => read,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    let _log = app::start_log(&settings.log);
    app::raise_descriptors();
    let workers = workers(settings.udp_workers);
    let fails = PortConflict::Fails;
    let bound = match Bound::bind_or_take(&settings.listen, workers, fails, passed) {
        Ok(bound) => bound,
        Err(error) => return fail(TAKEN, &error.to_string()),
    };
    let signals = match Signals::hear() {
        Ok(signals) => signals,
        Err(error) => return fail(1, &format!("cannot receive signals: {error}")),
    };
    app::keep_sockets(&bound);
    match app::take_over(settings, bound).await {
        Ok(running) => {
            let args = args.clone();
            let reloader = running.reloader(Arc::new(move || source(&args)), source_read);
            let systemd = running.service_reporter();
            let reporting = tokio::spawn(systemd.clone().report());
            let reload = || systemd.during_reload(|| reloader.reload());
            let reload_files = || reloader.reload_files();
            let code = until_signal(running, signals, reload, reload_files).await;
            reporting.abort();
            code
        }
        Err(error @ StartError::StateInUse(_)) => fail(TAKEN, &error.to_string()),
        Err(error) => fail(USAGE, &error.to_string()),
    }
}

async fn check(args: &CheckArgs) -> ExitCode {
    let settings = match settings(&args.serve) {
        Ok(settings) => settings,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    if !args.connect {
        let warnings = settings
            .warnings
            .iter()
            .map(|it| format!("\nwarning: {it}"));
        let warnings = warnings.collect::<String>();
        return say(&format!("the configuration is good{warnings}"));
    }
    // The lines say what goes wrong; who wants more asks for it.
    let is_wanted = args.serve.log.log_level.is_some();
    let _log = is_wanted.then(|| app::start_log(&settings.log));
    match app::connect(settings, args.timeout).await {
        Ok(connection) => {
            let printed = say(&connection.lines());
            match connection.absent {
                Some(absent) => fail(1, &absent.to_string()),
                None => printed,
            }
        }
        Err(error) if error.is_configuration() => fail(USAGE, &error.to_string()),
        Err(error) => fail(1, &error.to_string()),
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
    let coloring = coloring(args.color());
    let mut options = match args.into_options(read_file, demo_ca::read) {
        Ok(options) => options,
        Err(error) => return fail(LOOKUP_USAGE, &error.to_string()),
    };
    options.coloring = coloring;
    match lookup::run(&options, &mut io::stdout().lock(), &mut io::stderr()).await {
        Ok(outcome) => outcome.exit_code().into(),
        Err(error) => fail(1, &error.to_string()),
    }
}

/// Whether what is printed to standard output is coloured.
fn coloring(choice: ColorChoice) -> Coloring {
    let is_colored = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    match is_colored {
        true => Coloring::Colored,
        false => Coloring::Plain,
    }
}

/// Runs until SIGTERM or SIGINT; calls `reload` at SIGHUP, and `reload_files` at SIGUSR1.
async fn until_signal(
    running: Running,
    signals: Signals,
    reload: impl Fn(),
    reload_files: impl Fn(),
) -> ExitCode {
    let ending = signals.until_end(running.ends_within(), reload, reload_files);
    match running.until(ending).await {
        ExitReason::Asked => ExitCode::SUCCESS,
        ExitReason::Broken(what) => fail(1, &what),
        ExitReason::Misconfigured(error) => fail(USAGE, &error.to_string()),
    }
}

fn settings(args: &ServeArgs) -> Result<Settings, ConfigError> {
    Settings::check(&source(args)?)
}

/// The file of the configuration, if a flag or the environment names one.
fn configuration_file(args: &ServeArgs) -> Option<PathBuf> {
    let named = std::env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty());
    args.config.clone().or_else(|| named.map(PathBuf::from))
}

/// What flags, environment and file say.
fn source(args: &ServeArgs) -> Result<Source, ConfigError> {
    let mut source = match configuration_file(args) {
        Some(path) => Source::from_file(&path)?,
        None => Source::default(),
    };
    // What is not UTF-8 is told as a wrong value, rather than passed over.
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let read = |name: &str| std::env::var_os(name).map(text);
    apply_environment(&mut source, read);
    note_unknown_variables(&mut source, std::env::vars_os().map(|(name, _)| text(name)));
    args.apply(&mut source);
    apply_credential(&mut source, read);
    Ok(source)
}

/// How many UDP workers an address gets.
fn workers(configured: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        configured => configured,
    }
}

fn say(text: &str) -> ExitCode {
    print(format!("{text}\n").as_bytes())
}

/// Prints octets as they are.
fn print(octets: &[u8]) -> ExitCode {
    match io::stdout().write_all(octets) {
        Ok(()) => ExitCode::SUCCESS,
        // Who was to read it is gone.
        Err(_) => ExitCode::FAILURE,
    }
}

fn warn(problem: &str) {
    let (line, (sender, receiver)) = (format!("nomadns: {problem}\n"), mpsc::channel());
    // There is nobody left to tell if this fails too, and nobody to wait for who does not read it.
    std::thread::spawn(move || sender.send(io::stderr().write_all(line.as_bytes())));
    let _ = receiver.recv_timeout(SAY_WITHIN);
}

fn fail(code: u8, problem: &str) -> ExitCode {
    warn(problem);
    ExitCode::from(code)
}
