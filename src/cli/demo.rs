//! `nomadns demo`: a simulated cluster and a gateway before it.

use std::path::Path;
use std::process::ExitCode;

use super::args::DemoArgs;
use super::demo_ca::DemoCa;
use super::signals::Signals;
use super::{USAGE, fail, say, until_signal, workers};
use crate::app::{self, Demo, DemoOptions, LookupTrust};
use crate::certs::Development;
use crate::config::{Source, read_file};

/// What the demo logs: warnings, but not that its odd services are odd, which it says itself.
const LEVEL: &str = "warn,nomadns::sync::oddities=error";

pub(super) async fn run(args: DemoArgs) -> ExitCode {
    let mut source = Source::default();
    args.log.apply(&mut source);
    let mut log = match source.read() {
        Ok(file) => file.log,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    if args.log.log_level.is_none() {
        log.level = LEVEL.into();
    }
    let _log = app::start_log(&log);
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
    let signals = match Signals::hear() {
        Ok(signals) => signals,
        Err(error) => return fail(1, &format!("cannot receive signals: {error}")),
    };
    match Demo::start(options) {
        Err(error) => fail(1, &error.to_string()),
        Ok(demo) => {
            let published = DemoCa::publish(demo.ca_pem(), &demo.tls_ports());
            let trust = match &published {
                Ok(_) => LookupTrust::ByItself,
                Err(_) => LookupTrust::ByFlag,
            };
            if say(&demo.advice(trust)) != ExitCode::SUCCESS {
                return ExitCode::FAILURE;
            }
            // It has no configuration that could be read again.
            let running = demo.into_running();
            let renewable = running.0.renewable();
            let reload = || renewable.reload();
            let code = until_signal(running.0, signals, reload, reload).await;
            drop(published);
            code
        }
    }
}

/// The certificates that `nomadns certs` wrote there, if it did.
fn development_certificates(folder: &Path) -> Option<Development> {
    let read = |file: &str| String::from_utf8(read_file(&folder.join(file)).ok()?).ok();
    Some(Development {
        ca_pem: read("ca.pem")?,
        certificate_pem: read("localhost.pem")?,
        key_pem: read("localhost-key.pem")?,
    })
}
