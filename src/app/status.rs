//! The texts about the gateway's state on the operator's pages.

use std::sync::Arc;

use crate::listeners::admin::ReadinessReport;
use crate::nomad::Followed;
use crate::sync;

/// Namespaces that are named where some cannot be read; of more only the number is told.
const MISSING_NAMED: usize = 8;

/// Makes what tells whether the gateway is ready.
pub(super) fn readiness(
    status: Arc<sync::Status>,
) -> Arc<dyn Fn() -> ReadinessReport + Send + Sync> {
    Arc::new(move || {
        let report = status.report();
        let age = report.since_success.unwrap_or_default().as_secs();
        // What CoreDNS says first, then what the token may read, what it lacks, and what resolvers may stumble over.
        let more = [missing(&report), large(&report)];
        let more: String = more.iter().flatten().map(|it| format!("\n{it}")).collect();
        let ready = |line: &str| ReadinessReport::Ready(format!("{line}\n{}{more}", report.access));
        match report.readiness {
            sync::Readiness::NotReady(reason) => ReadinessReport::NotReady(reason),
            sync::Readiness::Restored => ready(&format!(
                "OK, but stale: answering from the snapshot on disk; Nomad last answered {age} s ago"
            )),
            sync::Readiness::Ready if report.stale => ready(&format!(
                "OK, but stale: answering from the last state; Nomad last answered {age} s ago"
            )),
            sync::Readiness::Ready => ready("OK"),
        }
    })
}

/// Names the namespaces that are wanted and cannot be read; none where all can.
pub(super) fn missing(report: &sync::Report) -> Option<String> {
    let named = report.missing.iter().take(MISSING_NAMED);
    let named: Vec<String> = named
        .map(|(name, reason)| format!("{} ({})", name.escape_debug(), reason.label()))
        .collect();
    let more = match report.missing.len().saturating_sub(MISSING_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty())
        .then(|| format!("namespaces that cannot be read: {}{more}", named.join(", ")))
}

/// Names the services that some resolvers do not take all records of; none where there is none.
fn large(report: &sync::Report) -> Option<String> {
    let large = &report.large;
    (large.count > 0).then(|| format!("large services: {large}"))
}

/// Says which server is believed, and how it stands to its leader.
pub(super) fn server(followed: &Followed) -> String {
    let address = &followed.address;
    match followed.meta {
        None => format!("{address}, no answer yet"),
        Some((meta, ago)) => format!(
            "{address}, {} behind its leader at index {}, as of {} s ago",
            match meta.last_contact.as_millis() {
                0 => "0 ms".to_owned(),
                ms => format!("{ms} ms"),
            },
            meta.index,
            ago.as_secs()
        ),
    }
}
