//! The keys that take one of a few words, in one table: `check` and the schema use the same.

use super::log::LogFormat;
use super::metrics::MetricsSection;
use crate::listeners::ListenerKind;

/// The words that each key takes; for a list, each of its values.
const CHOICES: &[(&str, &[&str])] = &[
    ("outside_zones", &["refused", "nxdomain"]),
    ("nomad.health", &["off", "failing", "strict"]),
    (
        "clients.proxy_protocol",
        &[
            ListenerKind::Tcp.as_str(),
            ListenerKind::Dot.as_str(),
            ListenerKind::Http.as_str(),
            ListenerKind::Https.as_str(),
        ],
    ),
    ("forward.policy", &["fastest", "sequential", "random"]),
    (
        "transfer.keys.algorithm",
        &["hmac-sha256", "hmac-sha384", "hmac-sha512"],
    ),
    ("forwarding.application_dns", &["forward", "nxdomain"]),
    ("metrics.names", &MetricsSection::NAMES),
    ("log.format", &LogFormat::WORDS),
    ("log.level", &["error", "warn", "info", "debug", "trace"]),
    ("query_log.format", &["coredns", "json", "dnstap"]),
    (
        "query_log.rcodes",
        &[
            "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN",
            "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "BADVERS",
        ],
    ),
    ("query_log.classes", &["success", "denial", "error"]),
];

/// The words that a key takes; none where it is not bound to some.
pub(super) fn choices(key: &str) -> Option<&'static [&'static str]> {
    let found = CHOICES.iter().find(|(of, _)| *of == key);
    found.map(|(_, words)| *words)
}

/// Says what a key must be.
pub(super) fn must_be_one_of(key: &str) -> String {
    let words = choices(key).unwrap_or_default();
    format!("must be one of {}", words.join(", "))
}
