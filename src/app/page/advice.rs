//! Registrations that are wrong, and other things that need the operator: in plain words, with what to change.

use std::sync::Arc;

use super::super::reload_status::Reloads;
use crate::listeners::admin::Finding;
use crate::sync::Report;

/// What is said of each kind of odd registration: its label, what it is, and what to change.
const ODDITIES: [(&str, &str, &str); 12] = [
    (
        "address_empty",
        "Registrations without an address",
        "They are left out of A and AAAA. Set address or address_mode in the job's service block, or give the group a network.",
    ),
    (
        "address_zoned",
        "IPv6 addresses with a zone",
        "A zone such as %eth0 means something on its own node only. Register the address without it, or a global address.",
    ),
    (
        "address_unspecified",
        "Registrations at 0.0.0.0 or ::",
        "No client can reach that. Set address in the service block to an address of the node.",
    ),
    (
        "address_unusable",
        "Addresses that are neither an IP address nor a host name",
        "They are left out. Correct address in the service block.",
    ),
    (
        "service_name",
        "Service names that are no DNS label",
        "No name can stand for them. Rename the service: letters, digits and hyphens, at most 63 characters.",
    ),
    (
        "namespace_name",
        "Namespaces whose names are no DNS label",
        "Their services have no names. Use a namespace of letters, digits and hyphens, at most 63 characters.",
    ),
    (
        "case_twin",
        "Services that differ in letter case only",
        "DNS does not tell them apart, so both answer as one. Rename one of them.",
    ),
    (
        "tag",
        "Tags that no name can carry",
        "They are empty or longer than 63 octets, so TAG.SERVICE.NAMESPACE does not work for them. That is harmless if nobody asks by them.",
    ),
    (
        "datacenter",
        "Datacenters that no name can carry",
        "They are empty or longer than 63 octets, so names with their datacenter do not exist.",
    ),
    (
        "duplicate",
        "Registrations with the same id",
        "The first one counts. Nomad should not have them; look at the job and at Nomad's own log.",
    ),
    (
        "foreign",
        "Registrations of another service than was asked for",
        "They are left out. A proxy in front of Nomad may answer wrongly.",
    ),
    (
        "unreadable",
        "Registrations that cannot be read",
        "They are left out. A proxy in front of Nomad may change responses, or Nomad is of a version that is not known.",
    ),
];

/// Names that are told of one kind; more are only counted.
const NAMED: usize = 8;

/// Lists what became of the configuration, where that is not what its file says.
pub(super) fn reloads(reloads: &Reloads) -> Vec<Finding> {
    let failed = reloads.error.iter().map(|error| Finding {
        what: "The configuration could not be read again".to_owned(),
        detail: error.clone().into(),
        advice:
            "The old one stays in use. Correct the file and reload: nomadns check names the line."
                .to_owned(),
    });
    let waiting = (!reloads.waiting.is_empty()).then(|| Finding {
        what: "Settings that wait for a restart".to_owned(),
        detail: reloads.waiting.join(", ").into(),
        advice: "They have other values in the configuration than those in use. Restart the gateway to use them.".to_owned(),
    });
    failed.chain(waiting).collect()
}

/// Lists what needs the operator, the most urgent first.
pub(super) fn findings(report: &Report, failing_services: usize, held: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(missing(report));
    findings.extend((failing_services > 0).then(|| {
        finding(
            "Services without a healthy instance",
            failing_services.to_string(),
            "All of their instances fail their checks or have ended. Look at their jobs in Nomad.",
        )
    }));
    findings.extend((held > 0).then(|| {
        finding(
            "Mass loss: instances that Nomad no longer reports are kept",
            format!("{held} instances"),
            "If they are really gone, this ends after nomad.mass_loss_grace_seconds. If not, look at Nomad's servers.",
        )
    }));
    findings.extend(report.health.is_denied().then(|| {
        finding(
            "Checks that the token may not read",
            report.health.to_string(),
            "Their instances are answered whatever their checks say. Give the token the capability read-job there.",
        )
    }));
    findings.extend(odd(report));
    findings.extend((report.large.count > 0).then(|| {
        finding(
            "Services with very many instances",
            report.large.to_string(),
            "Some resolvers do not take all of their records.",
        )
    }));
    findings
}

/// The namespaces that are wanted and cannot be read.
fn missing(report: &Report) -> Option<Finding> {
    let count = report.missing.len();
    let names = report.missing.iter().take(NAMED);
    let names: Vec<&str> = names.map(|(name, _)| &**name).collect();
    (count > 0).then(|| {
        finding(
            "Namespaces that cannot be read",
            format!("{count} of them: {}", names.join(", ")),
            "Names in them get SERVFAIL. Give the token the capability read-job there, or leave them out of nomad.namespaces.",
        )
    })
}

/// The registrations that are wrong, a finding for each kind.
fn odd(report: &Report) -> impl Iterator<Item = Finding> {
    let found = report.oddities.iter().filter(|(_, count)| *count > 0);
    found.map(|(label, count)| {
        let words = ODDITIES.iter().find(|(known, _, _)| known == label);
        let unknown = (*label, *label, "See docs/troubleshooting.md.");
        let (_, what, advice) = words.copied().unwrap_or(unknown);
        let example = report.odd_examples.iter().find(|(of, _)| of == label);
        finding(what, detail(*count, example.map(|(_, it)| it)), advice)
    })
}

fn finding(what: &str, detail: String, advice: &str) -> Finding {
    Finding {
        what: what.to_owned(),
        detail: detail.into(),
        advice: advice.to_owned(),
    }
}

fn detail(count: usize, example: Option<&Arc<str>>) -> String {
    match example {
        Some(example) => format!("{count}, such as {example}"),
        None => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Status;

    #[test]
    fn every_kind_of_odd_registration_has_words() {
        let report = Status::new().report();
        let labels: Vec<&str> = report.oddities.iter().map(|(label, _)| *label).collect();
        let known: Vec<&str> = ODDITIES.iter().map(|(label, _, _)| *label).collect();
        assert_eq!(labels, known);
    }
}
