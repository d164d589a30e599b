//! Makes the names that are answered beside the cluster's, has their file read again, and tells how many there are.
//!
//! Floor 7.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::collectors::gauge;
use super::renewal::Renewal;
use crate::answers::{LocalNames, LocalSettings};
use crate::config::{HostSettings, ReadHosts, Settings};

/// The local names, and what is told of them.
#[derive(Debug)]
pub(super) struct LocalParts {
    names: ArcSwap<LocalNames>,
    skipped_lines: AtomicUsize,
}

impl LocalParts {
    pub(super) fn new(settings: &Settings) -> Arc<Self> {
        let parts = Self {
            names: ArcSwap::default(),
            skipped_lines: AtomicUsize::default(),
        };
        parts.replace(settings);
        Arc::new(parts)
    }

    /// The names that are answered now.
    pub(super) fn names(&self) -> Arc<LocalNames> {
        self.names.load_full()
    }

    /// Makes them anew.
    pub(super) fn replace(&self, settings: &Settings) {
        let forwarded = settings.forward.iter().flat_map(|it| &it.zones);
        let names = LocalNames::new(&LocalSettings {
            forwarded: forwarded.map(|zone| zone.apex).collect(),
            application_dns: settings.application_dns,
            ttl_seconds: settings.zones.ttl_seconds,
            negative_ttl_seconds: settings.zones.negative_ttl_seconds,
        });
        let read = &settings.hosts.files.content;
        names.use_hosts(Arc::clone(&read.table));
        self.names.store(Arc::new(names));
        self.skipped_lines.store(read.skipped, Ordering::Relaxed);
    }

    /// What has the file of hosts read again; none where there is no file.
    pub(super) fn renewal(self: &Arc<Self>, hosts: &HostSettings) -> Option<Renewal> {
        let parts = Arc::clone(self);
        let replace = move |read: &ReadHosts| {
            for problem in read.problems() {
                tracing::warn!("hosts_file: {problem}");
            }
            parts.use_hosts(read);
            Ok(())
        };
        hosts
            .has_file
            .then(|| Renewal::new("hosts file", hosts.files.clone(), replace))
    }

    fn use_hosts(&self, read: &ReadHosts) {
        self.names.load().use_hosts(Arc::clone(&read.table));
        self.skipped_lines.store(read.skipped, Ordering::Relaxed);
    }
}

/// Tells how many hosts there are.
#[derive(Debug)]
pub(super) struct HostCollector(pub(super) Arc<LocalParts>);

impl Collector for HostCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Self(parts) = self;
        for (name, help, count) in [
            (
                "nomadns_hosts_names",
                "Names of [[hosts]] and of the hosts file",
                parts.names().host_count(),
            ),
            (
                "nomadns_hosts_skipped_lines",
                "Lines of the hosts file that cannot be used",
                parts.skipped_lines.load(Ordering::Relaxed),
            ),
        ] {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            gauge(&mut encoder, name, help, &count)?;
        }
        Ok(())
    }
}
