//! The metrics of the process that Prometheus's client libraries have, under their names.
//!
//! Floor 7. What `/proc` does not say is left out.

use std::fmt;

use procfs::process::{LimitValue, Process};
use procfs::{ProcError, boot_time_secs, page_size, ticks_per_second};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::collectors::gauge;
use crate::exposition::family;

/// Tells what the system says of this process.
#[derive(Debug)]
pub(super) struct ProcessCollector;

/// What `/proc` says.
struct ProcessUse {
    cpu_seconds: f64,
    resident_octets: u64,
    virtual_octets: u64,
    open_descriptors: Option<usize>,
    most_descriptors: Option<u64>,
    started_seconds: Option<f64>,
}

impl ProcessUse {
    fn read() -> Result<Self, ProcError> {
        let process = Process::myself()?;
        let stat = process.stat()?;
        let seconds = |ticks: u64| ticks as f64 / ticks_per_second() as f64;
        let limit = process.limits().ok().map(|it| it.max_open_files.soft_limit);
        Ok(Self {
            cpu_seconds: seconds(stat.utime + stat.stime),
            resident_octets: stat.rss * page_size(),
            virtual_octets: stat.vsize,
            open_descriptors: process.fd_count().ok(),
            most_descriptors: limit.map(|limit| match limit {
                LimitValue::Value(most) => most,
                LimitValue::Unlimited => u64::MAX,
            }),
            started_seconds: boot_time_secs()
                .ok()
                .map(|boot| boot as f64 + seconds(stat.starttime)),
        })
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Ok(used) = ProcessUse::read() else {
            return Ok(());
        };
        let encoder = &mut encoder;
        let help = "Processor time that the process has used, in user and system mode";
        family(encoder, "process_cpu_seconds", help, MetricType::Counter)?
            .encode_counter::<prometheus_client::encoding::NoLabelSet, _, u64>(
            &used.cpu_seconds,
            None,
        )?;
        let help = "Memory of the process that is in RAM";
        let name = "process_resident_memory_bytes";
        gauge(encoder, name, help, &used.resident_octets)?;
        let help = "Address space of the process";
        gauge(
            encoder,
            "process_virtual_memory_bytes",
            help,
            &used.virtual_octets,
        )?;
        if let Some(open) = used.open_descriptors {
            let open = u64::try_from(open).unwrap_or(u64::MAX);
            gauge(encoder, "process_open_fds", "Open file descriptors", &open)?;
        }
        if let Some(most) = used.most_descriptors {
            let help = "The most file descriptors that the process may have open";
            gauge(encoder, "process_max_fds", help, &most)?;
        }
        if let Some(started) = used.started_seconds {
            let help = "When the process was started, in seconds since 1970";
            gauge(encoder, "process_start_time_seconds", help, &started)?;
        }
        Ok(())
    }
}
