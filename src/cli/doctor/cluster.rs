//! What `nomadns doctor` finds about Nomad: whether it answers, what the token may read, and its clock.

use std::time::Duration;

use super::finding::DoctorFindings;
use crate::app::{self, ConnectError, NOTHING_ODD, NomadSummary};
use crate::config::Settings;

/// Clocks that are further apart are told of, in seconds: tokens and certificates count by them.
const CLOCKS_APART: i64 = 30;

pub(super) async fn look(settings: &Settings, within: Duration, findings: &mut DoctorFindings) {
    match app::connect(settings.clone(), within).await {
        Ok(summary) => tell(&summary, findings),
        Err(error) => {
            findings.problem("nomad", error.to_string(), advice(&error));
            findings.skipped("rights", "Nomad could not be read");
            findings.skipped("clock", "Nomad could not be read");
        }
    }
}

fn advice(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Nomad(_) => "change the section [nomad] of the configuration",
        ConnectError::Filter(_) => "change nomad.filter",
        ConnectError::Unreadable(_) => {
            "see that Nomad runs, and that nomad.addresses (NOMAD_ADDR) and the token are right: docs/troubleshooting.md"
        }
    }
}

fn tell(summary: &NomadSummary, findings: &mut DoctorFindings) {
    let row = |label: &'static str| {
        let rows = summary.rows.iter().filter(move |(of, _)| *of == label);
        rows.map(|(_, value)| value.as_str())
    };
    let only = |label: &'static str| row(label).next().unwrap_or_default().to_owned();
    findings.ok("nomad", only("nomad"));
    findings.ok("version", only("version"));
    findings.ok("token", only("token"));
    let more = only("for more");
    match more.starts_with("nothing") {
        true => findings.ok("rights", only("access")),
        false => findings.warning("rights", only("access"), format!("for more: {more}")),
    }
    let missing = only("missing");
    if missing != "none" {
        findings.warning(
            "rights",
            missing,
            "their names get SERVFAIL; let the token read them, or leave them out of nomad.namespaces",
        );
    }
    if let Some(absent) = &summary.absent {
        findings.problem(
            "namespaces",
            absent.to_string(),
            "create them in Nomad, or change nomad.namespaces",
        );
    }
    findings.ok("services", only("sees"));
    for odd in row("odd").filter(|it| *it != NOTHING_ODD) {
        let advice = "change the registration of the service in its job: docs/troubleshooting.md";
        findings.warning("services", format!("odd registrations: {odd}"), advice);
    }
    clock(summary.clock_offset, findings);
}

fn clock(offset: Option<i64>, findings: &mut DoctorFindings) {
    let Some(offset) = offset else {
        return findings.skipped("clock", "Nomad's answers have no date");
    };
    let apart = offset.unsigned_abs();
    let found = match offset {
        0 => "that of Nomad's server".to_owned(),
        1.. => format!("{apart} s behind that of Nomad's server"),
        _ => format!("{apart} s ahead of that of Nomad's server"),
    };
    match apart > CLOCKS_APART.unsigned_abs() {
        true => findings.warning(
            "clock",
            found,
            "set the clocks by NTP: certificates and workload identities are valid by them",
        ),
        false => findings.ok("clock", found),
    }
}
