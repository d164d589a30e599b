//! `nomadns export`: reads the cluster once and prints its zones as master files (RFC 1035 §5).
//!
//! Floor 7, beside `app`: it puts client, synchronisation and answers together without listeners. It decides
//! nothing about records: each name of `answers::names` is asked as a client's query would be.

mod lines;
mod zone_file;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::answers::{Router, Zone};
use crate::catalog::{Catalog, Coverage, HealthPolicy, Snapshot};
use crate::config::Settings;
use crate::dns::Name;
use crate::nomad::Client;
use crate::sync;

use zone_file::ZoneFile;

/// How often it is looked whether all has been read.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is configured about Nomad cannot be used.
    #[error("nomad: {0}")]
    Nomad(#[from] crate::nomad::SettingsError),
    /// Not all of the cluster could be read in time.
    #[error("the cluster could not be read within {} ms: {reason}", timeout.as_millis())]
    Incomplete {
        /// How long was waited.
        timeout: Duration,
        /// What was in the way at last.
        reason: String,
    },
    /// The file cannot be written.
    #[error("the zone cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Reads the cluster and writes the zones that are called `wanted`; all of them when none is.
///
/// # Errors
/// A Nomad that does not tell all within `timeout`, or what writing to `out` fails with.
pub async fn run(
    settings: Settings,
    wanted: &[Name],
    timeout: Duration,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let zones = settings.zones.clone();
    let (catalog, snapshot) = read(settings, timeout).await?;
    let is_wanted = |zone: &&Zone| wanted.is_empty() || wanted.contains(&zone.apex);
    let mut file = ZoneFile {
        router: Router::new(zones.clone(), catalog),
        settings: &zones,
        snapshot: &snapshot,
        out,
    };
    for zone in zones.zones().iter().filter(is_wanted) {
        file.write(zone).await?;
    }
    Ok(out.flush()?)
}

/// Follows Nomad until all of it was read once.
async fn read(
    mut settings: Settings,
    timeout: Duration,
) -> Result<(Arc<Catalog>, Arc<Snapshot>), ExportError> {
    let client = Client::new(settings.nomad)?;
    let (catalog, status) = (Arc::new(Catalog::new()), Arc::<sync::Status>::default());
    let complete = async {
        while catalog.snapshot().is_none() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let writer = catalog.writer();
    // There is no time to look at it.
    settings.sync.health.policy = HealthPolicy::Off;
    let following = sync::run(settings.sync, client, writer, Arc::clone(&status), complete);
    // What is there counts, not whether it was late.
    let _ = tokio::time::timeout(timeout, following).await;
    let snapshot = catalog.snapshot().and_then(|guard| (*guard).clone());
    let is_whole = |it: &Arc<Snapshot>| it.coverage() == Coverage::Complete;
    match snapshot.filter(is_whole) {
        Some(snapshot) => Ok((catalog, snapshot)),
        None => Err(ExportError::Incomplete {
            timeout,
            reason: reason(&status),
        }),
    }
}

fn reason(status: &sync::Status) -> String {
    let report = status.report();
    match (report.last_error, report.readiness) {
        _ if report.access == sync::Access::Reads => report.access.to_string(),
        (Some(error), _) => error,
        (None, sync::Readiness::NotReady(reason)) => reason,
        (None, sync::Readiness::Ready | sync::Readiness::Restored) => "it became too old".into(),
    }
}
