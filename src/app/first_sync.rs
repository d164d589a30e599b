//! Tells whoever starts the gateway what it is, how far the first sync is, and which Nomad it follows.
//!
//! Floor 7. Later changes are logged where they happen.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::connect;
use super::logs::LogProgress;
use super::shown::{FORWARDED, ShownSettings};
use crate::listeners::admin::ListenerAddress;
use crate::nomad::Client;
use crate::sync::{self, Readiness, Report};

/// How often it is looked how far the first sync is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A first sync that takes no longer shows no progress.
const QUIET_FOR: Duration = Duration::from_secs(1);
/// How often a log that is no terminal says how far it is.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// How long Nomad may take to tell its version.
const VERSION_WITHIN: Duration = Duration::from_secs(2);
/// The width of the bar.
const BAR_CHARS: usize = 30;

/// Says what it is, what it answers for, and where.
pub(super) fn introduce(shown: &ShownSettings, listeners: &[ListenerAddress]) {
    let at = |transport: &str| {
        let of = listeners.iter().filter(|it| it.transport == transport);
        let addresses: Vec<String> = of.map(|it| it.address.to_string()).collect();
        (!addresses.is_empty()).then(|| addresses.join(", "))
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting nomadns");
    let served = &shown.zones().1;
    let (forwarded, own): (Vec<_>, Vec<_>) = served.iter().partition(|it| it.source == FORWARDED);
    let [zones, forwarded] = [own, forwarded].map(|served| {
        let names: Vec<&str> = served.iter().map(|it| it.zone.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    });
    tracing::info!(zones, forwarded, "answering");
    tracing::info!(
        udp = at("udp"),
        tcp = at("tcp"),
        dot = at("dot"),
        https = at("https"),
        http = at("http"),
        admin = at("admin"),
        "listening"
    );
    let admin = listeners.iter().find(|it| it.transport == "admin");
    if let Some(ListenerAddress { address, .. }) = admin {
        let address = crate::lookup::reachable(*address);
        tracing::info!(url = format!("http://{address}/"), "status page");
    }
}

/// Shows how far the first sync is, and then which Nomad it is and what of it may be read.
pub(super) async fn tell(status: Arc<sync::Status>, client: Client) {
    let report = followed(&status).await;
    let version = connect::version(&client, Instant::now() + VERSION_WITHIN).await;
    let (address, tier) = (client.address().to_string(), report.access.label());
    tracing::info!(address, version, tier, "following Nomad: {}", report.access);
}

/// Waits until all has been read and it is known what may be; shows how far it is.
async fn followed(status: &sync::Status) -> Report {
    let (begun, progress) = (Instant::now(), LogProgress::new());
    let mut next_line = LINE_EVERY;
    loop {
        let report = status.report();
        let is_ready = report.readiness == Readiness::Ready;
        if is_ready && report.access.knows_events() {
            return report;
        }
        let (read, listed) = report.first_sync;
        if is_ready || listed == 0 || report.failing_for.is_some() {
            progress.show("");
        } else if begun.elapsed() >= QUIET_FOR && progress.has_terminal() {
            progress.show(&bar(read, listed));
        } else if begun.elapsed() >= next_line {
            next_line = begun.elapsed() + LINE_EVERY;
            tracing::info!(read, listed, "first sync: reading services");
        }
        sleep(LOOK_EVERY).await;
    }
}

fn bar(read: usize, listed: usize) -> String {
    let done = (read * BAR_CHARS).checked_div(listed).unwrap_or(0);
    // The two are not counted at the same moment.
    let done = done.min(BAR_CHARS);
    let bar = format!("{}{}", "#".repeat(done), "-".repeat(BAR_CHARS - done));
    format!("first sync [{bar}] {read}/{listed} services")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_as_services_are_read() {
        let filled = |read, of| bar(read, of).matches('#').count();
        assert_eq!([filled(0, 7), filled(7, 7)], [0, BAR_CHARS]);
        assert_eq!(filled(50, 100), BAR_CHARS / 2);
        assert_eq!(filled(9, 8), BAR_CHARS);
        assert!(bar(3, 7).ends_with("] 3/7 services"));
    }
}
