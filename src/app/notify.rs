//! Tells what is known of the secondaries: metrics, and the page.
//!
//! Floor 7. The labels are what is configured: zones, and addresses of secondaries.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue};
use prometheus_client::metrics::MetricType;

use crate::exposition::{counter, family};
use crate::listeners::admin::SecondaryReport;
use crate::transfer::{Notifier, NotifyReport, SecondaryState};

/// Tells what was sent to secondaries, and how far they are.
#[derive(Debug)]
pub(super) struct NotifyCollector(pub(super) Notifier);

impl Collector for NotifyCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let report = self.0.report();
        let seen = |it: &SecondaryState| it.serial;
        let name = "nomadns_transfer_secondary_serial";
        let help = "The serial that a secondary was last seen with";
        gauges(&mut encoder, name, help, &report, seen)?;
        let lag = |it: &SecondaryState| Some(it.lag.as_secs_f64());
        let name = "nomadns_transfer_secondary_lag_seconds";
        let help =
            "How long there has been a serial that a secondary lacks, 0 when it has the newest";
        gauges(&mut encoder, name, help, &report, lag)?;
        encode_counts(&mut encoder, &report)
    }
}

/// Writes a gauge of each zone at each secondary.
fn gauges<Value: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    report: &NotifyReport,
    value: impl Fn(&SecondaryState) -> Option<Value>,
) -> fmt::Result {
    let mut own = family(encoder, name, help, MetricType::Gauge)?;
    for one in &report.zones {
        if let Some(value) = value(one) {
            let (zone, secondary) = (zone_name(one), one.address.to_string());
            own.encode_family(&[("zone", zone), ("secondary", secondary)])?
                .encode_gauge(&value)?;
        }
    }
    Ok(())
}

fn encode_counts(encoder: &mut DescriptorEncoder<'_>, report: &NotifyReport) -> fmt::Result {
    let name = "nomadns_notify_sent";
    let help = "NOTIFY messages sent to a secondary, repeated ones too";
    let mut own = family(encoder, name, help, MetricType::Counter)?;
    for (secondary, counts) in &report.counts {
        counter(
            &mut own,
            &[("secondary", secondary.to_string())],
            counts.sent,
        )?;
    }
    let name = "nomadns_notify_answered";
    let help = "NOTIFY messages that a secondary has answered";
    let mut own = family(encoder, name, help, MetricType::Counter)?;
    for (secondary, counts) in &report.counts {
        let labels = [("secondary", secondary.to_string())];
        counter(&mut own, &labels, counts.answered)?;
    }
    let name = "nomadns_notify_failed";
    let help = "NOTIFY messages that a secondary has not answered, or with an error";
    let mut own = family(encoder, name, help, MetricType::Counter)?;
    for (secondary, counts) in &report.counts {
        for (reason, count) in &counts.failed {
            let labels = [
                ("secondary", secondary.to_string()),
                ("reason", (*reason).to_owned()),
            ];
            counter(&mut own, &labels, *count)?;
        }
    }
    Ok(())
}

/// What the page shows of the secondaries.
pub(super) fn secondaries(notifier: &Notifier) -> Vec<SecondaryReport> {
    let states = notifier.report().zones.into_iter();
    states
        .map(|it| SecondaryReport {
            zone: zone_name(&it),
            address: it.address.to_string(),
            serial: it.serial,
            our_serial: it.ours,
            lag_seconds: it.lag.as_secs_f64(),
            error: it.failure.map(|failure| failure.to_string()),
        })
        .collect()
}

fn zone_name(of: &SecondaryState) -> String {
    let zone = of.zone.to_string();
    zone.trim_end_matches('.').to_owned()
}
