//! Changes at the simulated Nomad, at a steady rate, each one that an answer can be held against.

use std::net::Ipv4Addr;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nomadns::demo::{BulkLoad, Options, SimulatedNomad};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::gateway::Gateway;

/// One change: a service has an instance at an address that nothing had before.
pub(crate) struct Change {
    pub(crate) service: String,
    pub(crate) address: Ipv4Addr,
    /// When it was made.
    pub(crate) at: Instant,
}

/// Starts a cluster of 1,000 services with 3 instances, and a gateway that follows its events.
pub(crate) fn scene(runtime: &Runtime) -> (SimulatedNomad, BulkLoad, Gateway) {
    let load = BulkLoad {
        instances: 3,
        ..BulkLoad::default()
    };
    let nomad = SimulatedNomad::start(Options::default()).expect("a free port");
    nomad.load_services(&load);
    let gateway = Gateway::start(&nomad.url());
    gateway.synced();
    runtime.block_on(nomad.streams_reach(1));
    (nomad, load, gateway)
}

/// Makes `count` changes from another thread, `rate` a second, each at another service of `load` if there are enough.
pub(crate) fn make(
    nomad: &SimulatedNomad,
    load: &BulkLoad,
    count: usize,
    rate: u32,
) -> Receiver<Change> {
    let (sender, changes) = channel();
    let (nomad, load) = (nomad.clone(), load.clone());
    // Which services are changed is all one, as long as they lie far apart.
    let stride = load.services / count.min(load.services).max(1);
    std::thread::spawn(move || {
        let started = Instant::now();
        for number in 0..count {
            let due = Duration::from_secs(1) / rate * u32::try_from(number).unwrap_or(u32::MAX);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
            let service = load.name(number * stride % load.services);
            let mut instances = nomad.instances(&load.namespace, &service);
            let Some(mut changed) = instances.drain(..).next() else {
                continue;
            };
            let address = fresh_address();
            changed.address = address.to_string();
            let at = Instant::now();
            nomad.register([changed]);
            let change = Change {
                service,
                address,
                at,
            };
            if sender.send(change).is_err() {
                return;
            }
        }
    });
    changes
}

/// An address that was never given out before.
fn fresh_address() -> Ipv4Addr {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0xac10_0001);
    Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed))
}
