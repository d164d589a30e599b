//! How long an answer over UDP takes while the cluster changes, against while it does not.

use std::net::Ipv4Addr;
use std::time::Duration;

use nomadns::demo::BulkLoad;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::ask::{Client, Way};
use crate::change;
use crate::gateway::Gateway;
use crate::{Times, report};

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(5);
/// Changes a second.
const RATE: u32 = 100;
const CHANGES: usize = 500;

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    let _entered = runtime.enter();
    let (nomad, load, gateway) = change::scene(runtime);
    let (mut quiet, mut changing) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ask_on(&gateway, &load, &mut quiet);
        let changes = change::make(&nomad, &load, CHANGES, RATE);
        ask_on(&gateway, &load, &mut changing);
        assert!(changes.iter().count() > 0, "there were changes meanwhile");
    }
    for (what, times) in [("no changes", quiet), ("100 changes/s", changing)] {
        let count = times.len();
        let times = Times::new(times);
        let microseconds = |permille| times.quantile(permille).as_secs_f64() * 1e6;
        let [median, p99, p999] = [500, 990, 999].map(microseconds);
        report(
            &format!("an answer over UDP, {what} (median/p99/p99.9)"),
            &format!("{median:.0} / {p99:.0} / {p999:.0} us of {count}"),
            "p99.9 within 10 % of no changes",
        );
    }
}

/// Asks for all services in turn, the next when the last is answered.
fn ask_on(gateway: &Gateway, load: &BulkLoad, times: &mut Vec<Duration>) {
    let mut client = Client::open(Way::Udp, gateway);
    let names: Vec<String> = (0..load.services).map(|number| load.name(number)).collect();
    let end = Instant::now() + ROUND;
    for name in names.iter().cycle() {
        let begun = Instant::now();
        if begun >= end {
            return;
        }
        client.shows(name, Ipv4Addr::UNSPECIFIED);
        times.push(begun.elapsed());
    }
}
