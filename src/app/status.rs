//! What the operator's pages say about the gateway, in plain words.

use std::sync::Arc;

use crate::listeners::http::Readiness;
use crate::sync;

/// Makes what tells whether the gateway is ready.
pub(super) fn readiness(status: Arc<sync::Status>) -> Arc<dyn Fn() -> Readiness + Send + Sync> {
    Arc::new(move || match status.readiness() {
        sync::Readiness::Ready => Readiness::Ready("OK".into()),
        sync::Readiness::NotReady(reason) => Readiness::NotReady(reason),
    })
}

/// Makes the lines of the status page.
pub(super) fn page(
    status: Arc<sync::Status>,
) -> Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync> {
    Arc::new(move || {
        let report = status.report();
        let ready = match &report.readiness {
            sync::Readiness::Ready => "yes".to_owned(),
            sync::Readiness::NotReady(reason) => format!("no: {reason}"),
        };
        let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
        let none = || "none".to_owned();
        let mut lines = vec![
            ("Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("Ready".to_owned(), ready),
            ("Access".to_owned(), report.access.to_string()),
            ("Services".to_owned(), report.services.to_string()),
            ("Instances".to_owned(), report.instances.to_string()),
            ("Nomad's index".to_owned(), report.index.to_string()),
            (
                "Nomad answered".to_owned(),
                report.since_success.map_or_else(
                    || "never".to_owned(),
                    |since| format!("{} ago", seconds(since)),
                ),
            ),
            (
                "Nomad fails for".to_owned(),
                report.failing_for.map_or_else(none, seconds),
            ),
            (
                "Last error".to_owned(),
                report.last_error.clone().unwrap_or_else(none),
            ),
        ];
        lines.extend(super::health::lines(&report));
        let odd = report.oddities.iter().filter(|(_, count)| *count > 0);
        lines.extend(odd.map(|(reason, count)| (format!("Odd: {reason}"), count.to_string())));
        lines
    })
}
