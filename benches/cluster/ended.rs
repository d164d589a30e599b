//! What many allocations that ended cost Nomad, while their table changes all the time.

use std::net::Ipv4Addr;
use std::time::Duration;

use nomadns::demo::{Allocation, Options, Registration, SimulatedNomad, random_uuid};
use tokio::runtime::Runtime;

use crate::ask::{Client, Way};
use crate::gateway::Gateway;
use crate::traffic::Traffic;

const ALLOCATIONS: usize = 40_000;
/// Between two changes of allocations.
const CHANGE_EVERY: Duration = Duration::from_secs(1);
/// Longer than the start takes.
const SETTLING: Duration = Duration::from_secs(3);
const LISTED: &str = "/v1/allocations";
const SERVICE: &str = "web";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Whether anybody asks for the service, which the gateway watches the health of then.
#[derive(Clone, Copy)]
pub(crate) enum Asked {
    Never,
    EverySecond,
}

/// Counts for `seconds` what a gateway asks, while 40,000 ended allocations of jobs of this type are there, and one of
/// them changes every second.
pub(crate) fn traffic(runtime: &Runtime, job_type: &str, asked: Asked, seconds: u64) -> Traffic {
    let _entered = runtime.enter();
    let nomad = SimulatedNomad::start(Options::default()).expect("a free port");
    let instances = [1, 2].map(|last| {
        let address = Ipv4Addr::new(10, 0, 0, last);
        Registration::new("default", SERVICE).address(address.to_string())
    });
    nomad.register(instances.clone());
    nomad.check_instances(&instances, "success");
    let ended: Vec<_> = (0..ALLOCATIONS).map(|_| ended(job_type)).collect();
    nomad.update_allocations(ended.iter().cloned());
    let gateway = Gateway::start(&nomad.url());
    gateway.synced();
    let mut client = Client::open(Way::Udp, &gateway);
    let mut ask = |asked| {
        if let Asked::EverySecond = asked {
            assert!(client.shows(SERVICE, ADDRESS), "the service is answered");
        }
    };
    ask(asked);
    std::thread::sleep(SETTLING);
    if let Asked::EverySecond = asked {
        // The first list takes the simulated Nomad seconds, and the gateway leaves it alone for many times as long.
        while nomad.load(LISTED).requests < 2 {
            ask(asked);
            std::thread::sleep(CHANGE_EVERY);
        }
    }
    Traffic::during(std::slice::from_ref(&nomad), || {
        for row in ended
            .iter()
            .cycle()
            .take(usize::try_from(seconds).unwrap_or(0))
        {
            nomad.update_allocations([row.clone()]);
            ask(asked);
            std::thread::sleep(CHANGE_EVERY);
        }
    })
}

fn ended(job_type: &str) -> Allocation {
    let of = Registration::new("default", "report").job(&format!("nightly-{}", random_uuid()));
    Allocation {
        client_description: "All tasks have completed".to_owned(),
        client_status: "complete".to_owned(),
        job_type: job_type.to_owned(),
        ..Allocation::running(&of, 1, 0)
    }
}
