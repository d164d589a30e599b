//! From a change at Nomad to the first answer that shows it, for each way to ask.

use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use nomadns::demo::{BulkLoad, SimulatedNomad};
use tokio::runtime::Runtime;

use crate::ask::{Client, Way};
use crate::change::{self, Change};
use crate::{Times, report};

/// Over UDP, for the worst of many.
const CHANGES_OVER_UDP: usize = 10_000;
const CHANGES: usize = 1_000;
/// Changes a second.
pub(crate) const RATE: u32 = 100;
/// Between two questions, so that asking leaves the CPU to those who are measured.
const PAUSE: Duration = Duration::from_micros(200);
/// A change that takes longer is lost.
const LOST: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) fn measure(runtime: &Runtime) {
    let _entered = runtime.enter();
    let (nomad, load, gateway) = change::scene(runtime);
    for way in Way::ALL {
        let mut client = Client::open(way, &gateway);
        let before = gateway.process().cpu();
        let count = match way {
            Way::Udp => CHANGES_OVER_UDP,
            _ => CHANGES,
        };
        let (times, lost) = shown(&mut client, &nomad, &load, count);
        let cpu = (gateway.process().cpu() - before) / u32::try_from(count).unwrap_or(1);
        report(
            &format!("change to answer, {} (median/p99/worst)", way.as_str()),
            &times.summary(),
            &format!(
                "20 ms median, later 5 / - / 50 ms; {lost} lost, {} us CPU a change with its questions",
                cpu.as_micros()
            ),
        );
    }
}

/// Makes changes and asks for every one that is not shown yet, in turn, until all are; counts those that are lost.
pub(crate) fn shown(
    client: &mut Client,
    nomad: &SimulatedNomad,
    load: &BulkLoad,
    count: usize,
) -> (Times, usize) {
    let changes = change::make(nomad, load, count, RATE);
    let (mut open, mut times, mut lost): (Vec<Change>, _, _) = (Vec::new(), Vec::new(), 0);
    loop {
        let next = if open.is_empty() {
            changes.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            changes.try_recv()
        };
        match next {
            Ok(change) => open.push(change),
            Err(TryRecvError::Disconnected) if open.is_empty() => return (Times::new(times), lost),
            Err(_) => {}
        }
        open.retain(|change| {
            let shown = client.shows(&change.service, change.address);
            let time = change.at.elapsed();
            if shown {
                times.push(time);
            } else if time > LOST {
                lost += 1;
            }
            !shown && time <= LOST
        });
        if !open.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
}
