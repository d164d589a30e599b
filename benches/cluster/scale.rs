//! A large cluster: the first sync, what it asks of Nomad, its memory, and what one change costs.

use std::time::Duration;

use nomadns::demo::{BulkLoad, Options, SimulatedNomad};
use tokio::runtime::Runtime;

use crate::ask::{Client, Way};
use crate::change;
use crate::gateway::Gateway;
use crate::report;
use crate::start::first_address;

const CHANGES: u32 = 1_000;
/// Changes a second: apart from each other, and as a large deployment makes them.
const RATES: [u32; 2] = [100, 1_000];
const ROUTES: [&str; 5] = [
    "/v1/services",
    "/v1/service/:name",
    "/v1/event/stream",
    "/v1/namespaces",
    "/v1/allocations",
];
/// How long the gateway is left alone, so that what it put off is over: longer than it pauses between lists.
const SETTLING: Duration = Duration::from_secs(12);

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    let _entered = runtime.enter();
    let load = BulkLoad {
        services: 100_000,
        instances: 10,
        ..BulkLoad::default()
    };
    let nomad = SimulatedNomad::start(Options::default()).expect("a free port");
    nomad.load_services(&load);
    let gateway = Gateway::start(&nomad.url());
    first_sync(&gateway, &nomad, &load);
    idle(&gateway);
    for rate in RATES {
        changes(&gateway, &nomad, &load, rate);
    }
}

fn first_sync(gateway: &Gateway, nomad: &SimulatedNomad, load: &BulkLoad) {
    let synced = gateway.synced().as_secs_f64();
    let cpu = gateway.process().cpu().as_secs_f64();
    report(
        "first sync, 100,000 services x 10 instances",
        &format!("{synced:.1} s, {cpu:.1} s of CPU"),
        "complete, later < 10 s",
    );
    let mut client = Client::open(Way::Udp, gateway);
    assert!(
        client.shows(&load.name(0), first_address(nomad, load)),
        "the first service is answered after the first sync"
    );
    std::thread::sleep(SETTLING);
    for route in ROUTES {
        let requests = nomad.load(route).requests;
        let what = format!("requests to {route}");
        report(&what, &requests.to_string(), "none per instance");
    }
    memory(gateway, "memory after the first sync (now/most)");
}

fn idle(gateway: &Gateway) {
    let before = gateway.process().cpu();
    std::thread::sleep(SETTLING);
    let spent = (gateway.process().cpu() - before).div_f64(SETTLING.as_secs_f64());
    let spent = spent.as_secs_f64() * 1e3;
    report("idle, CPU", &format!("{spent:.2} ms/s"), "");
}

fn changes(gateway: &Gateway, nomad: &SimulatedNomad, load: &BulkLoad, rate: u32) {
    let mut client = Client::open(Way::Udp, gateway);
    nomad.forget_requests();
    let before = gateway.process().cpu();
    let changes: Vec<_> = change::make(nomad, load, CHANGES as usize, rate)
        .iter()
        .collect();
    let last = changes.last().expect("changes were made");
    while !client.shows(&last.service, last.address) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let shown = last.at.elapsed().as_secs_f64() * 1e3;
    // Lists that were put off for the changes are paid for by them.
    std::thread::sleep(SETTLING);
    let cpu = (gateway.process().cpu() - before) / CHANGES;
    report(
        &format!("CPU of one change, {CHANGES} at {rate}/s"),
        &format!("{} us, the last shown in {shown:.0} ms", cpu.as_micros()),
        "< 100 us",
    );
    for route in ROUTES.into_iter().take(2) {
        let requests = nomad.load(route).requests;
        let what = format!("requests to {route}, for the changes");
        report(&what, &requests.to_string(), "");
    }
    memory(gateway, "memory after the changes (now/most)");
}

fn memory(gateway: &Gateway, what: &str) {
    let process = gateway.process();
    let (now, most) = (process.resident_mib(), process.peak_mib());
    report(
        what,
        &format!("{now:.0} / {most:.0} MiB"),
        "< 700 MiB, later < 500 MiB",
    );
}
