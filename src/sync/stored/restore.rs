//! Reads the snapshot on disk before the first query is answered, so that a start during an outage can answer.
//!
//! Floor 2. A snapshot that cannot be used is reported in one line and ignored. Its age counts from the last response
//! of Nomad, also over the restart.

use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use super::Store;
use super::form::{self, StoredSnapshot};
use crate::catalog::Writer;
use crate::sync::status::Status;

/// The longest that the start waits for the disk.
const RESTORE_MAX: Duration = Duration::from_secs(5);

/// Publishes the snapshot on disk, if there is one that is not older than `max_stale`.
///
/// Waits for the disk, though not for long; nothing else has begun yet that could be held up.
pub fn restore(store: &Store, writer: &mut Writer, status: &Status, max_stale: Duration) {
    let place = &*store.place;
    match load(store) {
        Err(reason) => tracing::warn!(place, reason, "the snapshot on disk is not used"),
        Ok(None) => tracing::info!(place, "there is no snapshot on disk yet"),
        Ok(Some(StoredSnapshot {
            head,
            unknowns,
            services,
        })) => {
            let age = age(head.heard_ms, place);
            if age >= max_stale {
                let age_seconds = age.as_secs();
                tracing::warn!(
                    place,
                    age_seconds,
                    "the snapshot on disk is too old to be used"
                );
                return;
            }
            for service in services {
                // What has no DNS name was in no snapshot that was published.
                let _ = writer.put(&service.namespace, &service.name, service.instances);
            }
            unknowns.iter().for_each(|it| it.mark(writer));
            writer.cover(head.coverage);
            writer.publish(head.index);
            let (services, instances) = writer.counts();
            status.restored(age, head.index, (services, instances));
            let age_seconds = age.as_secs();
            tracing::info!(
                place,
                services,
                instances,
                age_seconds,
                "answering from the snapshot on disk until Nomad has been read"
            );
        }
    }
}

/// Reads and decodes it in a thread of its own: a disk may hang for ever.
fn load(store: &Store) -> Result<Option<StoredSnapshot>, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let theirs = store.clone();
    let reading = std::thread::Builder::new().name("restore".into());
    let reading = reading.spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = sender.send(decoded(&theirs));
    });
    reading.map_err(|error| error.to_string())?;
    match receiver.recv_timeout(RESTORE_MAX) {
        Ok(loaded) => loaded,
        Err(_) => Err(format!(
            "it could not be read within {} s",
            RESTORE_MAX.as_secs()
        )),
    }
}

fn decoded(store: &Store) -> Result<Option<StoredSnapshot>, String> {
    let Some(octets) = (store.read)().map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let read = form::read(&octets).map_err(|error| error.to_string())?;
    if read.head.fingerprint != store.fingerprint.0 {
        let why = "it is of another Nomad, region, namespace or filter than those configured";
        return Err(why.into());
    }
    Ok(Some(read))
}

/// How long ago Nomad was heard. A clock that went back since then says nothing: it counts from now on.
fn age(heard_ms: u64, place: &str) -> Duration {
    let heard = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(heard_ms));
    let age = heard.and_then(|heard| SystemTime::now().duration_since(heard).ok());
    age.unwrap_or_else(|| {
        tracing::warn!(
            place,
            "the snapshot on disk is from the future, since the system clock moved backwards; its age restarts at zero"
        );
        Duration::ZERO
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_counted_from_when_nomad_was_heard_and_no_clock_makes_it_a_panic() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now_ms = u64::try_from(now.unwrap().as_millis()).unwrap();
        let hour = Duration::from_secs(3600);
        let counted = age(now_ms - 3_600_000, "test");
        assert!((hour..hour * 2).contains(&counted), "{counted:?}");
        // The clock went back, or the file says nonsense.
        assert_eq!(age(now_ms + 3_600_000, "test"), Duration::ZERO);
        assert_eq!(age(u64::MAX, "test"), Duration::ZERO);
        assert!(age(0, "test") > hour * 24 * 365);
    }
}
