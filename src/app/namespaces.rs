//! How large the catalogue is in each namespace, of a bounded number of namespaces.
//!
//! Floor 7. Nomad says which namespaces there are, so neither their number nor their names are trusted.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use crate::catalog::Catalog;
use crate::exposition::family;

/// How many namespaces are counted by name; the largest are.
const NAMED_MAX: usize = 64;
/// The longest name that Nomad gives a namespace.
const NAME_OCTETS: usize = 128;
/// All the others together.
const OTHER: &str = "other";

/// Tells how many services and instances each namespace has.
#[derive(Debug)]
pub(super) struct NamespaceCollector(pub(super) Arc<Catalog>);

/// A namespace with its services and instances.
type NamespaceSize<'catalog> = (&'catalog str, usize, usize);

impl Collector for NamespaceCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let guard = self.0.snapshot();
        let snapshot = guard.as_ref().and_then(|guard| guard.as_ref());
        let all = snapshot.into_iter().flat_map(|it| it.namespace_counts());
        let rows = named(all.collect());
        let services = "Services that can be queried by name, by namespace";
        let instances = "Instances of services, by namespace";
        for (name, help, of) in [
            ("nomadns_namespace_services", services, 0),
            ("nomadns_namespace_instances", instances, 1),
        ] {
            let mut own = family(&mut encoder, name, help, MetricType::Gauge)?;
            for (namespace, services, instances) in &rows {
                let count = [*services, *instances][of];
                own.encode_family(&[("namespace", *namespace)])?
                    .encode_gauge(&u64::try_from(count).unwrap_or(u64::MAX))?;
            }
        }
        Ok(())
    }
}

/// The largest namespaces, and all others together if there are any.
fn named(mut all: Vec<NamespaceSize<'_>>) -> Vec<NamespaceSize<'_>> {
    let by_size = |row: &NamespaceSize<'_>| (!has_usual_name(row.0), Reverse(row.2));
    all.sort_unstable_by(|one, next| by_size(one).cmp(&by_size(next)).then(one.0.cmp(next.0)));
    let usual = all.iter().take_while(|row| has_usual_name(row.0)).count();
    let others = all.split_off(usual.min(NAMED_MAX));
    if !others.is_empty() {
        let services = others.iter().map(|row| row.1).sum();
        let instances = others.iter().map(|row| row.2).sum();
        all.push((OTHER, services, instances));
    }
    all
}

/// Whether a name is one that Nomad gives, and not that of all the others.
fn has_usual_name(name: &str) -> bool {
    let is_usual = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    (1..=NAME_OCTETS).contains(&name.len()) && name.bytes().all(is_usual) && name != OTHER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_namespaces_are_named_and_the_rest_is_other() {
        let names: Vec<String> = (0..1000).map(|number| format!("team-{number}")).collect();
        let all = names
            .iter()
            .enumerate()
            .map(|(size, name)| (&**name, 1, size));
        let rows = named(all.collect());
        assert_eq!(rows.len(), NAMED_MAX + 1);
        assert_eq!(rows[0], ("team-999", 1, 999));
        assert_eq!(rows[NAMED_MAX].0, OTHER);
        let sums = rows
            .iter()
            .fold((0, 0), |sum, row| (sum.0 + row.1, sum.1 + row.2));
        assert_eq!(sums, (1000, (0..1000).sum()));
    }

    #[test]
    fn hostile_names_are_counted_together_and_a_namespace_other_is_no_second_series() {
        let long = "x".repeat(129);
        let hostile = [
            "a\"} 1\nnomadns_ready 0",
            "\u{1b}[2J",
            "é",
            "",
            &long,
            "other",
        ];
        let all = hostile.map(|name| (name, 2, 3));
        let rows = named(all.into_iter().chain([("default", 1, 1)]).collect());
        assert_eq!(rows, [("default", 1, 1), (OTHER, 12, 18)]);
        assert_eq!(named(Vec::new()), []);
    }
}
