//! The names of metrics say their unit, and `docs/metrics.md` tells all of them.

use std::sync::LazyLock;

use crate::gateway;
use crate::sources::{assert_none, read};
use crate::tables::{code, differences, rows};

static METRICS: LazyLock<Vec<Metric>> = LazyLock::new(|| metrics(&gateway::metrics()));

const DOCUMENT: &str = "docs/metrics.md";

/// Ends of what is counted: things, or what became of them.
const COUNTER_ENDS: [&str; 4] = ["s", "ed", "sent", "written"];
/// Ends of gauges that count something, or have another unit.
const GAUGE_ENDS: [&str; 3] = ["_seconds", "_octets", "_info"];
/// Metrics that Prometheus's client libraries have under these names.
const STANDARD: [&str; 7] = [
    "go_goroutines",
    "process_cpu_seconds",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
];
/// Gauges that are a state, for which there is no unit.
const STATES: [&str; 10] = [
    "coredns_plugin_enabled",
    "nomadns_config_last_reload_successful",
    "nomadns_upstream_up",
    "nomadns_health_denied",
    "nomadns_ready",
    "nomadns_stale",
    "nomadns_nomad_index",
    "nomadns_nomad_access",
    "nomadns_transfer_secondary_serial",
    "nomadns_zone_serial",
];

#[test]
fn metric_names_say_their_unit() {
    assert!(METRICS.len() > 20, "{METRICS:?}");
    assert_none(&METRICS.iter().filter_map(misnamed).collect::<Vec<_>>());
}

#[test]
fn every_metric_is_documented() {
    let rows = rows(&read(DOCUMENT), "Metrics");
    let documented: Vec<String> = rows
        .iter()
        .filter_map(|row| code(&row[0]))
        .map(str::to_owned)
        .collect();
    let known: Vec<String> = METRICS.iter().map(Metric::shown).collect();
    assert_none(&differences(DOCUMENT, &documented, &known));
}

#[derive(Debug)]
struct Metric {
    name: String,
    kind: String,
}

impl Metric {
    /// The name that a query to Prometheus uses.
    fn shown(&self) -> String {
        let end = if self.kind == "counter" { "_total" } else { "" };
        format!("{}{end}", self.name)
    }
}

fn metrics(page: &str) -> Vec<Metric> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let pair = types.filter_map(|line| line.split_once(' '));
    pair.map(|(name, kind)| Metric {
        name: name.into(),
        kind: kind.into(),
    })
    .collect()
}

fn misnamed(metric: &Metric) -> Option<String> {
    let Metric { name, kind } = metric;
    let documented = |problem: &str| Some(format!("metric {name} ({kind}) {problem}"));
    if STANDARD.contains(&&**name) {
        return None;
    }
    if !name.starts_with("nomadns_") && !name.starts_with("coredns_") {
        return documented("belongs to nobody: nomadns_, or coredns_ for an alias");
    }
    match &**kind {
        // The encoder adds one.
        "counter" if name.ends_with("_total") => documented("has `_total` twice"),
        "counter" if !COUNTER_ENDS.iter().any(|end| name.ends_with(end)) => {
            documented("counts nothing: name the things in the plural, or what became of them")
        }
        // In CoreDNS's words.
        "histogram" if name.starts_with("coredns_") && name.ends_with("_bytes") => None,
        "histogram" if !name.ends_with("_seconds") && !name.ends_with("_octets") => {
            documented("has no unit: _seconds or _octets")
        }
        "gauge" => {
            let is_state = STATES.contains(&&**name);
            let has_unit = GAUGE_ENDS.iter().any(|end| name.ends_with(end));
            let counts = name.ends_with('s');
            (!is_state && !has_unit && !counts)
                .then(|| documented("has no unit and counts nothing"))?
        }
        "counter" | "histogram" => None,
        _ => documented("is of a kind that we do not use"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_unit_are_found() {
        let page = "# TYPE nomadns_query counter\n# TYPE nomadns_queries_total counter\n\
                    # TYPE nomadns_time histogram\n# TYPE other_things gauge\n\
                    # TYPE nomadns_size gauge\n# TYPE nomadns_all unknown\n";
        assert_eq!(metrics(page).iter().filter_map(misnamed).count(), 6);
    }

    #[test]
    fn names_with_a_unit_are_good() {
        let page = "# TYPE nomadns_queries counter\n# TYPE coredns_x_seconds histogram\n\
                    # TYPE nomadns_cache_entries gauge\n# TYPE nomadns_ready gauge\n";
        let metrics = metrics(page);
        assert!(metrics.iter().filter_map(misnamed).next().is_none());
        assert_eq!(metrics[0].shown(), "nomadns_queries_total");
    }
}
