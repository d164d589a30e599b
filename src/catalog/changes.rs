//! What has changed in the catalogue since somebody last looked, for who has to find the differences between two
//! snapshots without comparing all of them.
//!
//! Floor 1. Nothing is noted until somebody looks for the first time. Each name is noted once, however often it changes, so
//! this takes no more room than the catalogue has names.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::{Catalog, Snapshot};

/// What differs between two snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedKeys {
    /// The services that differ, by the keys of their namespaces and their own.
    pub services: HashSet<(Box<str>, Box<str>)>,
    /// The addresses that became known, or are known no longer.
    pub addresses: HashSet<IpAddr>,
}

/// What has changed, until it is taken.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// None while nobody looks.
    changed: Mutex<Option<ChangedKeys>>,
    published: Notify,
}

impl ChangedKeys {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.addresses.is_empty()
    }

    /// Adds what another one has.
    pub fn add(&mut self, other: Self) {
        self.services.extend(other.services);
        self.addresses.extend(other.addresses);
    }
}

impl Catalog {
    /// Has changes noted from now on.
    pub fn note_changes(&self) {
        self.changes.lock().get_or_insert_default();
    }

    /// Takes the published snapshot, and what has changed since it was taken last.
    ///
    /// Without a snapshot what has changed is kept for the next.
    pub fn take_changes(&self) -> Option<(Arc<Snapshot>, ChangedKeys)> {
        // What is published is noted under the same lock, so that the two belong together.
        let mut changed = self.changes.lock();
        let snapshot = self.current.load_full()?;
        Some((
            snapshot,
            changed.replace(ChangedKeys::default()).unwrap_or_default(),
        ))
    }

    /// Waits until something is published, unless it was since the last wait.
    pub async fn published(&self) {
        self.changes.published.notified().await;
    }

    /// Publishes a snapshot that differs from the last one in what `changed` has, which is emptied.
    pub(super) fn publish(&self, snapshot: Arc<Snapshot>, changed: &mut ChangedKeys) {
        {
            let mut noted = self.changes.lock();
            match &mut *noted {
                Some(noted) => noted.add(std::mem::take(changed)),
                None => *changed = ChangedKeys::default(),
            }
            self.current.store(Some(snapshot));
        }
        self.changes.published.notify_one();
    }
}

impl Changes {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ChangedKeys>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
