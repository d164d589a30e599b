//! A restart while Nomad is away: from the start of the process to the first answer out of the snapshot on disk.

use std::time::Duration;

use nomadns::demo::{BulkLoad, Options, SimulatedNomad};
use tokio::runtime::Runtime;

use crate::gateway::Gateway;
use crate::start::{first_address, first_answer};
use crate::{Times, report};

const ROUNDS: usize = 5;
const SNAPSHOT: &str = "catalogue.snapshot";

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    for services in [1_000, 100_000] {
        restart(runtime, services);
    }
}

fn restart(runtime: &Runtime, services: usize) {
    let _entered = runtime.enter();
    let load = BulkLoad {
        services,
        ..BulkLoad::default()
    };
    let nomad = SimulatedNomad::start(Options::default()).expect("a free port");
    nomad.load_services(&load);
    let address = first_address(&nomad, &load);
    let folder = tempfile::tempdir().expect("a folder for the snapshot");
    let keys = format!("state_dir = {:?}\nstate_seconds = 1\n", folder.path());
    let gateway = Gateway::start_with(&[nomad.url()], &keys);
    gateway.synced();
    let snapshot = folder.path().join(SNAPSHOT);
    while !snapshot.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(gateway);
    runtime.block_on(nomad.vanish());
    let octets = snapshot.metadata().map_or(0, |file| file.len());
    let round = |_| {
        let gateway = Gateway::start_with(&[nomad.url()], &keys);
        first_answer(&gateway, &load, address)
    };
    let times = Times::new((0..ROUNDS).map(round).collect());
    report(
        &format!("restart in an outage, {services} services (median/p99/worst)"),
        &times.summary(),
        "< 1 s",
    );
    report(
        "its snapshot on disk",
        &format!("{:.1} MiB", octets as f64 / f64::from(1 << 20)),
        "",
    );
}
