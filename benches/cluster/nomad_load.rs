//! What Nomad is asked in a minute: while nothing happens, while much does, and while it is not well.
//!
//! Every scene has a Nomad and gateways of its own. They only count, so those that cost little run side by side.

use std::time::Duration;

use nomadns::demo::{BulkLoad, ClusterOptions, Fault, SimulatedCluster};
use tokio::runtime::Runtime;

use crate::ask::{Client, Way};
use crate::change;
use crate::ended::{self, Asked};
use crate::gateway::Gateway;
use crate::report;
use crate::start::first_address;
use crate::traffic::Traffic;

const SECONDS: u64 = 60;
/// Changes a second.
const RATE: u32 = 10;
/// How long the gateway is left alone, so that its start is over.
const SETTLING: Duration = Duration::from_secs(3);
const GATEWAYS: u32 = 50;
/// Services that are asked for, whose health is watched.
const WATCHED: usize = 100;
/// The first server leads; this one follows it.
const FOLLOWER: usize = 1;
const IN_AN_OUTAGE: &str = "at most 60 requests, 10 connections";

type Scene = fn(&Runtime) -> Traffic;

/// What it is, how it is measured, and the goal.
const SCENES: [(&str, Scene, &str); 8] = [
    ("idle", idle, ""),
    ("10 changes/s", changing, ""),
    (
        "outage: all is silent",
        |on| outage(on, Fault::Hang, 0),
        IN_AN_OUTAGE,
    ),
    (
        "outage: connections are cut",
        |on| outage(on, Fault::Cut, 0),
        IN_AN_OUTAGE,
    ),
    (
        "outage: No cluster leader",
        |on| outage(on, Fault::no_leader(), 0),
        IN_AN_OUTAGE,
    ),
    (
        "outage: cut, 100 services watched",
        |on| outage(on, Fault::Cut, WATCHED),
        IN_AN_OUTAGE,
    ),
    (
        "a follower cut off, alone",
        |on| grey(on, &[FOLLOWER]),
        IN_AN_OUTAGE,
    ),
    (
        "a follower cut off, first of three",
        |on| grey(on, &[FOLLOWER, 0, 2]),
        "",
    ),
];

/// The same with 40,000 ended allocations of which one changes every second.
const WITH_ENDED: [(&str, Scene); 3] = [
    ("40,000 ended, none watched", |on| {
        ended::traffic(on, "batch", Asked::Never, SECONDS)
    }),
    ("40,000 ended of batches, one watched", |on| {
        ended::traffic(on, "batch", Asked::EverySecond, SECONDS)
    }),
    ("40,000 ended of services, one watched", |on| {
        ended::traffic(on, "service", Asked::EverySecond, SECONDS)
    }),
];

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    side_by_side(runtime, &SCENES);
    many(runtime);
    side_by_side(runtime, &WITH_ENDED.map(|(what, scene)| (what, scene, "")));
}

fn side_by_side(runtime: &Runtime, scenes: &[(&str, Scene, &str)]) {
    std::thread::scope(|scope| {
        let running: Vec<_> = scenes
            .iter()
            .map(|(what, scene, goal)| (what, goal, scope.spawn(|| scene(runtime))))
            .collect();
        for (what, goal, scene) in running {
            let traffic = scene.join().expect("the scene comes to its end");
            tell(what, &traffic.in_all(), &traffic, goal);
        }
    });
}

fn tell(what: &str, figure: &str, traffic: &Traffic, goal: &str) {
    report(&format!("a minute, {what}"), figure, goal);
    report("", &traffic.by_route(), "");
}

fn idle(runtime: &Runtime) -> Traffic {
    let _entered = runtime.enter();
    let (nomad, _, _gateway) = change::scene(runtime);
    std::thread::sleep(SETTLING);
    Traffic::during(&[nomad], || {
        std::thread::sleep(Duration::from_secs(SECONDS))
    })
}

fn changing(runtime: &Runtime) -> Traffic {
    let _entered = runtime.enter();
    let (nomad, load, _gateway) = change::scene(runtime);
    std::thread::sleep(SETTLING);
    let servers = [nomad.clone()];
    Traffic::during(&servers, || {
        let count = SECONDS as usize * RATE as usize;
        change::make(&nomad, &load, count, RATE)
            .iter()
            .for_each(drop);
    })
}

/// Counts from the moment at which nothing is answered any more.
fn outage(runtime: &Runtime, fault: Fault, watched: usize) -> Traffic {
    let _entered = runtime.enter();
    let (nomad, load, gateway) = change::scene(runtime);
    let mut client = Client::open(Way::Udp, &gateway);
    let address = first_address(&nomad, &load);
    for number in 0..watched {
        client.shows(&load.name(number), address);
    }
    std::thread::sleep(SETTLING);
    let checks = nomad.load("/v1/allocation/:id/checks").requests;
    assert_eq!(checks > 0, watched > 0, "what is watched is read");
    Traffic::during(std::slice::from_ref(&nomad), || {
        nomad.break_requests("/", fault);
        nomad.cut_connections();
        std::thread::sleep(Duration::from_secs(SECONDS));
    })
}

/// Counts from the moment at which a follower is cut off from its leader, though not from the gateway, which knows
/// these servers.
fn grey(runtime: &Runtime, known: &[usize]) -> Traffic {
    let _entered = runtime.enter();
    let cluster = cluster();
    let _gateway = before(&cluster, known);
    std::thread::sleep(SETTLING);
    Traffic::during(cluster.servers(), || {
        cluster.cut_off(FOLLOWER);
        std::thread::sleep(Duration::from_secs(SECONDS));
    })
}

/// Fifty gateways before one cluster.
fn many(runtime: &Runtime) {
    let _entered = runtime.enter();
    let cluster = cluster();
    let gateways = (0..GATEWAYS).map(|_| before(&cluster, &[0, 1, 2]));
    let _gateways: Vec<_> = gateways.collect();
    std::thread::sleep(SETTLING);
    let idle = Traffic::during(cluster.servers(), || {
        std::thread::sleep(Duration::from_secs(SECONDS));
    });
    let changing = Traffic::during(cluster.servers(), || {
        let count = SECONDS as usize * RATE as usize;
        change::make(cluster.server(0), &load(), count, RATE)
            .iter()
            .for_each(drop);
    });
    for (what, traffic) in [("idle", idle), ("10 changes/s", changing)] {
        tell(
            &format!("50 gateways, {what}"),
            &traffic.in_all(),
            &traffic,
            "",
        );
        report("  for each of them", &traffic.each_of(GATEWAYS), "");
    }
}

/// Three servers with 1,000 services of 3 instances.
fn cluster() -> SimulatedCluster {
    let cluster = SimulatedCluster::start(&ClusterOptions::default()).expect("free ports");
    cluster.server(0).load_services(&load());
    cluster
}

fn load() -> BulkLoad {
    BulkLoad {
        instances: 3,
        ..BulkLoad::default()
    }
}

/// Starts a gateway that knows these servers, in this order.
fn before(cluster: &SimulatedCluster, known: &[usize]) -> Gateway {
    let urls: Vec<_> = known.iter().map(|at| cluster.server(*at).url()).collect();
    let gateway = Gateway::start_with(&urls, "");
    gateway.synced();
    gateway
}
