//! Keeps the snapshot on disk up to date: written after changes, not too often, and once more at the end.
//!
//! Floor 2. Encoding and writing run on a thread for blocking work. A failure is logged once until writing works
//! again.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::Store;
use super::form::{self, Head};
use crate::catalog::{Catalog, Snapshot};
use crate::sync::status::Status;

/// How often it is looked whether there is something new.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// An unchanged snapshot is written again after this part of the time that it may be used, for its age.
const AGE_PARTS: u32 = 24;
/// The longest until then.
const AGE_MAX: Duration = Duration::from_secs(3600);

/// Keeps what `catalog` publishes in `store`, until `ending` is done; the last state is written then.
pub fn keep(
    store: Store,
    catalog: Arc<Catalog>,
    status: Arc<Status>,
    max_stale: Duration,
    ending: impl Future<Output = ()>,
) -> impl Future<Output = ()> {
    let mut kept = StoredFile {
        // What was restored is there already. It is looked at now, and not once the future is polled: Nomad may have been read then.
        snapshot: now(&catalog).map_or_else(Weak::new, |snapshot| Arc::downgrade(&snapshot)),
        tried: None,
        heard: status.heard_at(),
        failing: WriteState::No,
    };
    let age_after = (max_stale / AGE_PARTS).min(AGE_MAX).max(store.every);
    async move {
        let mut ending = pin!(ending);
        loop {
            let ended = tokio::select! {
                biased;
                () = &mut ending => true,
                () = sleep(LOOK_EVERY) => false,
            };
            let heard = status.heard_at();
            if let (Some(snapshot), Some(at)) = (now(&catalog), heard) {
                let changed = !std::ptr::eq(Arc::as_ptr(&snapshot), kept.snapshot.as_ptr());
                let older = at.saturating_duration_since(kept.heard.unwrap_or(at));
                let due = kept
                    .tried
                    .is_none_or(|tried| tried.elapsed() >= store.every);
                let wanted = match ended {
                    true => changed || !older.is_zero(),
                    false => due && (changed || older >= age_after),
                };
                if wanted {
                    kept.tried = Some(Instant::now());
                    if write(&store, &snapshot, at.elapsed(), &status, &mut kept.failing).await {
                        kept.snapshot = Arc::downgrade(&snapshot);
                        kept.heard = heard;
                    }
                }
            }
            if ended {
                return;
            }
        }
    }
}

/// What is on disk.
struct StoredFile {
    snapshot: Weak<Snapshot>,
    tried: Option<Instant>,
    /// When Nomad had been heard.
    heard: Option<Instant>,
    failing: WriteState,
}

/// Whether the log knows that it cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteState {
    No,
    Yes,
}

fn now(catalog: &Catalog) -> Option<Arc<Snapshot>> {
    catalog.snapshot().and_then(|guard| (*guard).clone())
}

/// Writes a snapshot; whether it is on disk now.
async fn write(
    store: &Store,
    snapshot: &Arc<Snapshot>,
    age: Duration,
    status: &Status,
    failing: &mut WriteState,
) -> bool {
    let head = Head {
        fingerprint: store.fingerprint.0,
        heard_ms: before(age),
        index: snapshot.index(),
        coverage: snapshot.coverage(),
    };
    let (write, snapshot) = (Arc::clone(&store.write), Arc::clone(snapshot));
    let writing =
        tokio::task::spawn_blocking(move || write(&mut |out| form::write(&head, &snapshot, out)));
    let place = &*store.place;
    let reason = match writing.await {
        Ok(Ok(())) => {
            status.snapshot_written();
            if std::mem::replace(failing, WriteState::No) == WriteState::Yes {
                tracing::info!(place, "the snapshot on disk can be written again");
            }
            return true;
        }
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    status.snapshot_failed();
    if std::mem::replace(failing, WriteState::Yes) == WriteState::No {
        tracing::warn!(
            place,
            reason,
            "the snapshot on disk cannot be written; answers do not depend on it"
        );
    }
    false
}

/// The time so long ago by the wall clock, in milliseconds since 1970: what is left when this process ends.
fn before(age: Duration) -> u64 {
    let at = SystemTime::now().checked_sub(age);
    let since = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
