//! The texts about the gateway's state on the operator's pages.

use std::sync::Arc;

use super::reload_status::ReloadStatus;
use crate::listeners::admin::ReadinessReport;
use crate::nomad::{Client, Followed};
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

/// Makes the lines of the status page.
pub(super) fn page(
    status: Arc<sync::Status>,
    client: Client,
    reloads: Arc<ReloadStatus>,
) -> Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync> {
    Arc::new(move || {
        let report = status.report();
        let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
        let none = || "none".to_owned();
        let mut lines = vec![
            ("Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            (
                "Answers".to_owned(),
                if report.stale { "stale" } else { "current" }.to_owned(),
            ),
            ("Access".to_owned(), report.access.to_string()),
            ("Missing".to_owned(), missing(&report).unwrap_or_else(none)),
            ("Nomad server".to_owned(), server(&client.followed())),
            ("Services".to_owned(), report.services.to_string()),
            ("Instances".to_owned(), report.instances.to_string()),
            ("Nomad index".to_owned(), report.index.to_string()),
            (
                "Last answer from Nomad".to_owned(),
                report.since_success.map_or_else(
                    || "never".to_owned(),
                    |since| format!("{} ago", seconds(since)),
                ),
            ),
            (
                "Nomad unavailable for".to_owned(),
                report.failing_for.map_or_else(none, seconds),
            ),
            (
                "Last error".to_owned(),
                report.last_error.clone().unwrap_or_else(none),
            ),
        ];
        lines.extend(reloads.now().lines());
        lines.extend(super::health::lines(&report));
        if report.large.count > 0 {
            lines.push(("Large services".to_owned(), report.large.to_string()));
        }
        let odd = report.oddities.iter().filter(|(_, count)| *count > 0);
        lines.extend(odd.map(|(reason, count)| {
            let example = report.odd_examples.iter().find(|(of, _)| of == reason);
            let such = example.map_or_else(String::new, |(_, it)| format!(", such as {it}"));
            (format!("Odd: {reason}"), format!("{count}{such}"))
        }));
        lines
    })
}
