//! Has the health of what is transferred read: who has a zone from a secondary does not ask here.
//!
//! Floor 3. `sync` reads the health of services that are asked for.

use super::settings::KeeperSettings;
use crate::catalog::{Catalog, ChangedKeys, Snapshot};

/// Of how many instances the health is read for the sake of transfers at most: what clients query is read too.
const ASKED_INSTANCES: usize = 5_000;

/// Asks for all services, as far as there is room.
pub(super) fn ask_for_all(settings: &KeeperSettings, catalog: &Catalog) {
    if let Some(snapshot) = catalog.snapshot().as_ref().and_then(|it| it.as_ref())
        && is_read(settings)
    {
        snapshot.ask_for_most(ASKED_INSTANCES);
    }
}

/// Asks for those that have changed.
pub(super) fn ask_for(settings: &KeeperSettings, snapshot: &Snapshot, changed: &ChangedKeys) {
    if is_read(settings) && snapshot.instances() <= ASKED_INSTANCES {
        for (namespace, name) in &changed.services {
            snapshot.ask_for(namespace, name);
        }
    }
}

fn is_read(settings: &KeeperSettings) -> bool {
    settings.ask_every.is_some() && settings.transfer.is_offered
}
