//! Collects the metrics of all parts into one text, of either format.
//!
//! The stack writes its own; the others, such as those of connections, UDP and the synchronisation, are here.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::collectors::{Refused, encode_udp, gauge, total};
use super::core_dns::{self, CoreDnsCollector};
use super::expiry::ExpiryCollector;
use super::forwarding::ForwardingCollector;
use super::local::HostCollector;
use super::namespaces::NamespaceCollector;
use super::notify::NotifyCollector;
use super::parts::GatewayParts;
use super::process::ProcessCollector;
use super::query_log::QueryLogCollector;
use super::reload_status::ReloadCollector;
use super::transfer::TransferCollector;
use crate::answers::Loops;
use crate::catalog::Catalog;
use crate::exposition::{counter, family};
use crate::listeners::admin::{ListenerAddress, MetricsFormat};
use crate::listeners::udp::UdpCounters;
use crate::listeners::{Certificates, ListenerContext};
use crate::nomad::{Client, Followed};
use crate::sync;

const NO_LABELS: [(&str, &str); 0] = [];

/// Makes what writes all metrics, for the operator's pages.
pub(super) fn provider(
    parts: &GatewayParts,
    certificates: Option<Arc<Certificates>>,
    listeners: &[ListenerAddress],
) -> Arc<dyn Fn(MetricsFormat) -> String + Send + Sync> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(ProcessCollector));
    if let Some(counters) = &parts.core_dns {
        registry.register_collector(Box::new(CoreDnsCollector {
            counters: Arc::clone(counters),
            servers: core_dns::servers(listeners),
            server: parts.server(),
            workers: Arc::clone(&parts.workers),
            forwarder: Arc::clone(&parts.forwarder),
            runtimes: parts.runtimes.clone(),
        }));
    }
    registry.register_collector(Box::new(ExpiryCollector {
        shown: certificates,
        client: parts.client.clone(),
    }));
    registry.register_collector(Box::new(NamespaceCollector(Arc::clone(&parts.catalog))));
    registry.register_collector(Box::new(Arc::clone(&parts.workers)));
    registry.register_collector(Box::new(Refused::of(parts.server())));
    registry.register_collector(Box::new(ForwardingCollector {
        forwarder: Arc::clone(&parts.forwarder),
        workers: Arc::clone(&parts.workers),
    }));
    registry.register_collector(Box::new(ReloadCollector(Arc::clone(&parts.reloads))));
    registry.register_collector(Box::new(QueryLogCollector(Arc::clone(&parts.query_log))));
    registry.register_collector(Box::new(TransferCollector(parts.transfer.clone())));
    registry.register_collector(Box::new(NotifyCollector(parts.notifier.clone())));
    registry.register_collector(Box::new(HostCollector(Arc::clone(&parts.local))));
    registry.register_collector(Box::new(GatewayCollector {
        udp: Arc::clone(&parts.udp),
        connections: parts.connections.clone(),
        sync: Arc::clone(&parts.sync),
        client: parts.client.clone(),
        catalog: Arc::clone(&parts.catalog),
        loops: Arc::clone(&parts.loops),
    }));
    Arc::new(move |format| {
        let mut out = String::new();
        // A String takes everything; what it got is shown in any case.
        let _ = match format {
            MetricsFormat::OpenMetrics => text::encode(&mut out, &registry),
            MetricsFormat::PrometheusText => prometheus_text::encode(&mut out, &registry),
        };
        out
    })
}

/// What has something to tell beside the stack.
#[derive(Debug)]
struct GatewayCollector {
    udp: Arc<UdpCounters>,
    connections: ListenerContext,
    sync: Arc<sync::Status>,
    client: Client,
    catalog: Arc<Catalog>,
    loops: Arc<Loops>,
}

impl Collector for GatewayCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        encode_udp(&mut encoder, &self.udp)?;
        super::logs::encode(&mut encoder)?;
        super::connections::encode(&mut encoder, &self.connections)?;
        let report = self.sync.report();
        encode_nomad(&mut encoder, &report)?;
        encode_server(&mut encoder, &self.client.followed())?;
        super::health::encode(&mut encoder, &report, &self.catalog)?;
        encode_catalog(&mut encoder, &self.catalog)?;
        let help = "Answers without a CNAME that leads back to itself";
        total(
            &mut encoder,
            "nomadns_alias_loops",
            help,
            self.loops.total(),
        )?;
        let help = "The version of this program";
        let mut own = family(&mut encoder, "nomadns_build_info", help, MetricType::Gauge)?;
        own.encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?
            .encode_gauge(&1_u64)
    }
}

fn encode_nomad(encoder: &mut DescriptorEncoder<'_>, report: &sync::Report) -> fmt::Result {
    for (name, help, count) in [
        (
            "nomadns_nomad_lists",
            "Lists of services received from Nomad",
            report.lists,
        ),
        (
            "nomadns_nomad_reads",
            "Services read from Nomad",
            report.reads,
        ),
        (
            "nomadns_nomad_full_reads",
            "Times that everything was read again",
            report.resyncs,
        ),
        (
            "nomadns_nomad_streams",
            "Event streams opened",
            report.streams,
        ),
        (
            "nomadns_snapshot_writes",
            "Snapshots written to disk",
            report.snapshots_written,
        ),
        (
            "nomadns_snapshot_failures",
            "Snapshots that could not be written to disk",
            report.snapshots_failed,
        ),
    ] {
        total(encoder, name, help, count)?;
    }
    encode_freshness(encoder, report)?;
    encode_durations(encoder, report)?;
    let help = "Errors of Nomad and of the connection to it, by kind";
    let mut own = family(encoder, "nomadns_nomad_errors", help, MetricType::Counter)?;
    for (kind, count) in &report.errors {
        counter(&mut own, &[("kind", *kind)], *count)?;
    }
    let help = "1 for what the token can do";
    let mut own = family(encoder, "nomadns_nomad_access", help, MetricType::Gauge)?;
    own.encode_family(&[("access", report.access.label())])?
        .encode_gauge(&1_u64)?;
    let help = "Registrations in Nomad that cannot be used as they are, by reason";
    let mut own = family(
        encoder,
        "nomadns_odd_registrations",
        help,
        MetricType::Gauge,
    )?;
    for (reason, count) in &report.oddities {
        let count = u64::try_from(*count).unwrap_or(u64::MAX);
        own.encode_family(&[("reason", *reason)])?
            .encode_gauge(&count)?;
    }
    Ok(())
}

fn encode_durations(encoder: &mut DescriptorEncoder<'_>, report: &sync::Report) -> fmt::Result {
    let name = "nomadns_nomad_change_duration_seconds";
    let help = "Time from an event of Nomad until its change is in the answers";
    let mut own = family(encoder, name, help, MetricType::Histogram)?;
    report.changes.encode(&mut own, &NO_LABELS)?;
    let name = "nomadns_nomad_full_read_duration_seconds";
    let help = "How long it took to read everything from Nomad the last time";
    gauge(encoder, name, help, &report.last_full_read.as_secs_f64())
}

fn encode_freshness(encoder: &mut DescriptorEncoder<'_>, report: &sync::Report) -> fmt::Result {
    let not_ready = matches!(report.readiness, sync::Readiness::NotReady(_));
    let ready = u64::from(!not_ready);
    gauge(
        encoder,
        "nomadns_ready",
        "1 once there is a complete catalogue, else 0",
        &ready,
    )?;
    gauge(
        encoder,
        "nomadns_nomad_index",
        "The highest Nomad index seen",
        &report.index,
    )?;
    let age = report
        .since_success
        .map_or(0.0, |since| since.as_secs_f64());
    gauge(
        encoder,
        "nomadns_nomad_age_seconds",
        "Time since Nomad last answered",
        &age,
    )?;
    let at = report
        .last_success
        .and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    let at = at.map_or(0.0, |at| at.as_secs_f64());
    let name = "nomadns_nomad_last_success_timestamp_seconds";
    gauge(encoder, name, "When Nomad answered last", &at)?;
    let help = "Whether answers are marked as stale, 1 or 0";
    gauge(encoder, "nomadns_stale", help, &u64::from(report.stale))
}

fn encode_server(encoder: &mut DescriptorEncoder<'_>, followed: &Followed) -> fmt::Result {
    let contact = followed.meta.map(|(meta, _)| meta.last_contact);
    let name = "nomadns_nomad_last_contact_seconds";
    let help = "How long before its last answer the Nomad server had heard from its leader";
    let seconds = contact.unwrap_or_default().as_secs_f64();
    gauge(encoder, name, help, &seconds)
}

fn encode_catalog(encoder: &mut DescriptorEncoder<'_>, catalog: &Catalog) -> fmt::Result {
    let guard = catalog.snapshot();
    let snapshot = guard.as_ref().and_then(|guard| guard.as_ref());
    for (name, help, count) in [
        (
            "nomadns_services",
            "Services that can be queried by name",
            snapshot.map_or(0, |it| it.services()),
        ),
        (
            "nomadns_instances",
            "Instances of these services",
            snapshot.map_or(0, |it| it.instances()),
        ),
    ] {
        gauge(
            encoder,
            name,
            help,
            &u64::try_from(count).unwrap_or(u64::MAX),
        )?;
    }
    Ok(())
}
