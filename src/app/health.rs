//! The metrics about the health of instances and about the mass loss protection.
//!
//! Floor 7.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::collectors::gauge;
use crate::catalog::{Catalog, Health};
use crate::exposition::family;
use crate::sync;

/// Writes the metrics.
pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    report: &sync::Report,
    catalog: &Catalog,
) -> fmt::Result {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let guard = catalog.snapshot();
    let snapshot = guard.as_ref().and_then(|guard| guard.as_ref());
    let healths = snapshot.map_or([0; Health::ALL.len()], |it| it.healths());
    let help = "Instances, by health";
    let name = "nomadns_judged_instances";
    let mut own = family(encoder, name, help, MetricType::Gauge)?;
    for (health, count) in Health::ALL.into_iter().zip(healths) {
        own.encode_family(&[("health", health.label())])?
            .encode_gauge(&number(count))?;
    }
    let all_bad = snapshot.map_or(0, |it| it.services_all_bad());
    let denied = report.health.is_denied();
    for (name, help, count) in [
        (
            "nomadns_failing_services",
            "Services without any healthy instance",
            number(all_bad),
        ),
        (
            "nomadns_health_denied",
            "1 when the token may not read checks or allocations, else 0",
            u64::from(denied),
        ),
        (
            "nomadns_health_services",
            "Services whose checks are read now",
            number(report.watched_services),
        ),
        (
            "nomadns_health_allocations",
            "Allocations whose checks are read now",
            number(report.watched_allocations),
        ),
        (
            "nomadns_held_instances",
            "Instances that Nomad no longer reports and that are kept for nomad.mass_loss_grace_seconds",
            number(report.held_instances),
        ),
    ] {
        gauge(encoder, name, help, &count)?;
    }
    let (name, help) = ("nomadns_health_reads", "Requests for checks");
    let mut own = family(encoder, name, help, MetricType::Counter)?;
    own.encode_counter::<NoLabelSet, _, u64>(&report.check_reads, None)
}
