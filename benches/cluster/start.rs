//! From the start of the process to its first right answer, and what it does when nothing happens.

use std::net::Ipv4Addr;
use std::time::Duration;

use nomadns::demo::{BulkLoad, Options, SimulatedNomad};
use tokio::runtime::Runtime;

use crate::ask::{Client, Way};
use crate::gateway::Gateway;
use crate::{Times, report};

const ROUNDS: usize = 20;
/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(20);

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    let _entered = runtime.enter();
    let load = BulkLoad::default();
    let nomad = SimulatedNomad::start(Options::default()).expect("a free port");
    nomad.load_services(&load);
    let address = first_address(&nomad, &load);
    let round = |_| {
        let gateway = Gateway::start(&nomad.url());
        first_answer(&gateway, &load, address)
    };
    let times = Times::new((0..ROUNDS).map(round).collect());
    report(
        "start to first answer, 1,000 services (median/p99/worst)",
        &times.summary(),
        "< 1 s, later 100 ms",
    );

    let gateway = Gateway::start(&nomad.url());
    gateway.synced();
    // The last lists and streams of the start are not idleness.
    std::thread::sleep(Duration::from_secs(2));
    let before = gateway.process().cpu();
    std::thread::sleep(IDLE);
    let spent = gateway.process().cpu() - before;
    let each_second = spent.as_secs_f64() / IDLE.as_secs_f64();
    report(
        "idle, CPU",
        &format!(
            "{:.2} ms/s = {:.3} %",
            each_second * 1e3,
            each_second * 100.0
        ),
        "",
    );
    report(
        "idle, memory (now/most)",
        &format!(
            "{:.0} / {:.0} MiB",
            gateway.process().resident_mib(),
            gateway.process().peak_mib()
        ),
        "",
    );
}

/// Waits until the first service is answered; returns the time since the start of the process.
pub(crate) fn first_answer(gateway: &Gateway, load: &BulkLoad, address: Ipv4Addr) -> Duration {
    let mut client = Client::open(Way::Udp, gateway);
    while !client.shows(&load.name(0), address) {
        std::thread::sleep(Duration::from_micros(100));
    }
    gateway.started.elapsed()
}

/// The address of the first instance of the first service.
pub(crate) fn first_address(nomad: &SimulatedNomad, load: &BulkLoad) -> Ipv4Addr {
    let instances = nomad.instances(&load.namespace, &load.name(0));
    let address = instances
        .first()
        .and_then(|first| first.address.parse().ok());
    address.expect("generated services have addresses")
}
