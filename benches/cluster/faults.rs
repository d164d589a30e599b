//! From a change at Nomad to the first answer over UDP that shows it, while one of three servers is in trouble.
//!
//! The gateway knows all three. The trouble begins with the changes, so the figures have in them how long it takes to
//! notice it, where the gateway followed that server.

use std::time::Duration;

use nomadns::demo::{BulkLoad, ClusterOptions, SimulatedCluster};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::ask::{Client, Way};
use crate::gateway::Gateway;
use crate::{freshness, report};

/// 20 s of them.
const CHANGES: usize = 20 * freshness::RATE as usize;
/// A change that takes longer than this is late.
const LATE: Duration = Duration::from_millis(50);
/// The first server leads, so a follower gets into trouble.
const TROUBLED: usize = 1;
const LAG: Duration = Duration::from_secs(1);
const RESTART_EVERY: Duration = Duration::from_secs(3);

/// What happens to the server.
#[derive(Clone, Copy)]
enum Trouble {
    Nothing,
    Isolated,
    Lags,
    Restarts,
}

/// Which server is the first of the gateway's addresses, the one that it follows at the start.
#[derive(Clone, Copy)]
enum First {
    Leader,
    Troubled,
}

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    for (trouble, what) in [
        (Trouble::Nothing, "in good order"),
        (Trouble::Isolated, "cut off from its leader"),
        (Trouble::Lags, "1 s behind"),
        (Trouble::Restarts, "restarting every 3 s"),
    ] {
        for (first, place) in [(First::Leader, "last"), (First::Troubled, "first")] {
            let figure = beside(runtime, trouble, first);
            let what = format!("a server {what}, {place} of three");
            report(&what, &figure, "median < 5 ms");
        }
    }
}

fn beside(runtime: &Runtime, trouble: Trouble, first: First) -> String {
    let _entered = runtime.enter();
    let load = BulkLoad {
        instances: 3,
        ..BulkLoad::default()
    };
    let cluster = SimulatedCluster::start(&ClusterOptions::default()).expect("free ports");
    let leader = cluster.server(0);
    leader.load_services(&load);
    let order = match first {
        First::Leader => [0, 2, TROUBLED],
        First::Troubled => [TROUBLED, 0, 2],
    };
    let gateway = Gateway::start_with(&order.map(|number| cluster.server(number).url()), "");
    gateway.synced();
    runtime.block_on(cluster.server(order[0]).streams_reach(1));
    cluster.save(TROUBLED);
    match trouble {
        Trouble::Nothing => {}
        Trouble::Isolated => cluster.cut_off(TROUBLED),
        Trouble::Lags => cluster.lag(TROUBLED, LAG),
        Trouble::Restarts => drop(runtime.spawn(restart_on(cluster.clone()))),
    }
    let mut client = Client::open(Way::Udp, &gateway);
    let (times, lost) = freshness::shown(&mut client, leader, &load, CHANGES);
    let late = times.over(LATE);
    format!("{}, {late} late, {lost} lost", times.summary())
}

/// Restarts the server again and again, also when nobody measures any more: nobody asks it then.
async fn restart_on(cluster: SimulatedCluster) {
    loop {
        cluster.restart(TROUBLED);
        sleep(RESTART_EVERY).await;
    }
}
