//! `nomadns export`: reads the cluster once and prints its zones as zone files (RFC 1035 §5).
//!
//! Floor 7, beside `app`: it combines client, synchronisation and answers without listeners. It makes no records
//! itself: each name of `answers::names` is queried as a client would.

mod lines;
mod zone_file;

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::answers::{InnerNameServers, Router, Zone};
use crate::catalog::{Catalog, Coverage, HealthPolicy, UnknownReason, View};
use crate::config::Settings;
use crate::dns::Name;
use crate::nomad::{AbsentNamespaces, Client};
use crate::sync;
use crate::transfer::Serials;

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
    /// Namespaces are named that are not there.
    #[error("{0}")]
    NoNamespace(AbsentNamespaces),
    /// The file cannot be written.
    #[error("the zone cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// How many services and namespaces are not in an export, since it is not known what is registered there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// They could not be read.
    pub unreadable: usize,
    /// Nomad refuses the token to read them.
    pub refused: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the export is not whole: of services and namespaces {} could not be read and {} may not be read with \
             this token; their names are left out",
            self.unreadable, self.refused
        )
    }
}

/// Reads the cluster and writes the zones that are called `wanted`; all of them when none is.
///
/// Names whose state is unknown are left out, and counted.
///
/// # Errors
/// A Nomad that does not tell all within `timeout`, or what writing to `out` fails with.
pub async fn run(
    settings: Settings,
    wanted: &[Name],
    timeout: Duration,
    out: &mut impl Write,
) -> Result<Option<LeftOut>, ExportError> {
    let mut zones = settings.zones.clone();
    // A zone file needs its NS, wherever that leads.
    zones.inner_name_servers = InnerNameServers::Shown;
    let (catalog, view) = read(settings, timeout).await?;
    Serials::new(None).share(&mut zones);
    let is_wanted = |zone: &&Zone| wanted.is_empty() || wanted.contains(&zone.apex);
    let mut file = ZoneFile {
        router: Router::new(zones.clone(), catalog),
        settings: &zones,
        view: &view,
        out,
    };
    for zone in zones.zones().iter().filter(is_wanted) {
        file.write(zone).await?;
    }
    out.flush()?;
    let snapshot = view.snapshot();
    Ok(snapshot.has_unknowns().then(|| LeftOut {
        unreadable: snapshot.unknown_count(UnknownReason::Unreadable),
        refused: snapshot.unknown_count(UnknownReason::Refused),
    }))
}

/// Follows Nomad until all of it was read once.
async fn read(
    mut settings: Settings,
    timeout: Duration,
) -> Result<(Arc<Catalog>, View), ExportError> {
    let client = Client::new(settings.nomad)?;
    let (catalog, status) = (Arc::new(Catalog::new()), Arc::<sync::Status>::default());
    let complete = async {
        while !is_read(&catalog) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let (writer, namespaces) = (catalog.writer(), settings.sync.namespaces.clone());
    // There is no time to look at it.
    settings.sync.health.policy = HealthPolicy::Off;
    let (end, asked) = (Instant::now() + timeout, client.clone());
    let following = sync::run(settings.sync, asked, writer, Arc::clone(&status), complete);
    // What is there counts, not whether it was late.
    let _ = timeout_at(end, following).await;
    let view = catalog.view().filter(|_| is_read(&catalog));
    match view.filter(|view| view.snapshot().coverage() == Coverage::Complete) {
        Some(view) => {
            let report = status.report();
            // What may not be read is told in the end, by what is left out.
            let refused = report.missing.iter().map(|(name, _)| &**name);
            let known = view.snapshot().iter().map(|(namespace, ..)| namespace);
            let seen: HashSet<&str> = known.chain(refused).collect();
            let absent = client.absent_namespaces(&namespaces, &seen);
            match timeout_at(end, absent).await {
                Ok(Some(absent)) => Err(ExportError::NoNamespace(absent)),
                // It is read; who says nothing of namespaces says nothing against it.
                _ => Ok((catalog, view)),
            }
        }
        None => Err(ExportError::Incomplete {
            timeout,
            reason: reason(&status),
        }),
    }
}

/// Whether everything that is listed was read, or it was tried.
fn is_read(catalog: &Catalog) -> bool {
    let guard = catalog.snapshot();
    let snapshot = guard.as_ref().and_then(|guard| guard.as_ref());
    snapshot.is_some_and(|it| it.unknown_count(UnknownReason::Unread) == 0)
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
