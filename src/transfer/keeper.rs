//! Makes the versions of the zones: at most one in a while, each from one snapshot of the catalogue.
//!
//! Floor 3, beside queries: no answer waits for it. What has changed since the version before is found by the names that
//! changed, not by comparing zones. Where that cannot be told (names that hide each other, other settings), the journal
//! begins anew, and secondaries take the whole zone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::aliases::Aliases;
use super::asking::{ask_for, ask_for_all};
use super::differences::{count_addresses, difference, is_visible};
use super::serials::Serials;
use super::settings::KeeperSettings;
use super::version::ZoneVersion;
use super::zones::TransferredZones;
use crate::answers::{NamespaceAddresses, ZoneContents};
use crate::blocking::in_place;
use crate::catalog::{Catalog, ChangedKeys, Snapshot};

/// How long after the start the first step is put off at the least where serials are not stored: the process before this one
/// may have used the number of the current second.
const FIRST_STEP_AFTER: Duration = Duration::from_secs(1);

/// Makes the versions.
pub struct Keeper {
    catalog: Arc<Catalog>,
    serials: Arc<Serials>,
    zones: TransferredZones,
    settings: watch::Receiver<Arc<KeeperSettings>>,
    /// What the current versions were made from; none before the first.
    base: Option<Base>,
    /// What has changed since.
    changed: ChangedKeys,
    aliases: Aliases,
}

struct Base {
    snapshot: Arc<Snapshot>,
    addresses: NamespaceAddresses,
    settings: Arc<KeeperSettings>,
}

impl Keeper {
    /// Makes one; changes of the catalogue are noted from now on.
    pub fn new(
        catalog: Arc<Catalog>,
        serials: Arc<Serials>,
        zones: TransferredZones,
        settings: watch::Receiver<Arc<KeeperSettings>>,
    ) -> Self {
        catalog.note_changes();
        Self {
            catalog,
            serials,
            zones,
            settings,
            base: None,
            changed: ChangedKeys::default(),
            aliases: Aliases::default(),
        }
    }

    /// Makes a version whenever something has changed, until it is dropped.
    pub async fn run(mut self) {
        let mut next_step = Instant::now();
        if !self.serials.are_stored() {
            next_step += FIRST_STEP_AFTER + self.settings.borrow().transfer.step;
        }
        let (mut ask_next, mut has_news) = (Instant::now(), false);
        loop {
            let ask_every = self.settings.borrow().ask_every;
            let catalog = Arc::clone(&self.catalog);
            // The first version stands for what was there before, and has the serial that is told already.
            let is_due = has_news && (self.base.is_none() || next_step <= Instant::now());
            tokio::select! {
                () = std::future::ready(()), if is_due => {}
                () = sleep_until(next_step), if has_news && !is_due => {}
                () = catalog.published(), if !has_news => {
                    has_news = true;
                    continue;
                }
                changed = self.settings.changed() => {
                    has_news = true;
                    match changed {
                        Ok(()) => continue,
                        Err(_) => return,
                    }
                }
                () = sleep_until(ask_next), if ask_every.is_some() => {
                    ask_for_all(&self.settings.borrow(), &catalog);
                    ask_next = Instant::now() + ask_every.unwrap_or_default();
                    continue;
                }
            }
            has_news = false;
            let settings = Arc::clone(&self.settings.borrow_and_update());
            if in_place(|| self.step(&settings)) == Stepped::Raised {
                next_step = next_step.max(Instant::now() + settings.transfer.step);
            }
        }
    }

    /// Makes the next version of each zone that has changed.
    fn step(&mut self, settings: &Arc<KeeperSettings>) -> Stepped {
        let Some((snapshot, changed)) = self.catalog.take_changes() else {
            return Stepped::Stayed;
        };
        self.changed.add(changed);
        let Some(base) = self.base.take() else {
            return self.begin(settings, snapshot);
        };
        let is_same = base.settings.generation == settings.generation;
        let was_offered = base.settings.offers(&base.snapshot);
        let is_offered = settings.offers(&snapshot);
        // Whether all is known can change alone: then there are versions, or none any more.
        let is_as_before = is_same && was_offered == is_offered;
        let has_new_marks = self.has_new_marks(&base.snapshot, &snapshot);
        let must_wait = is_offered && !was_offered && !ZoneContents::is_whole(&snapshot);
        if must_wait || (is_as_before && self.changed.is_empty() && !has_new_marks) {
            self.base = Some(Base {
                settings: match must_wait {
                    true => base.settings,
                    false => Arc::clone(settings),
                },
                ..base
            });
            return Stepped::Stayed;
        }
        let changed = std::mem::take(&mut self.changed);
        if !is_as_before || !is_offered {
            let zones = &settings.zones;
            if is_as_before && !is_visible(zones, &base.snapshot, &snapshot, &changed) {
                self.base = Some(Base { snapshot, ..base });
                return Stepped::Stayed;
            }
            return self.restart(settings, snapshot);
        }
        let base = Base {
            settings: Arc::clone(settings),
            ..base
        };
        self.advance(base, snapshot, changed)
    }

    /// Whether other things are unknown than before, and that may change a zone: one whose names hide each other.
    fn has_new_marks(&self, old: &Snapshot, new: &Snapshot) -> bool {
        let is_plain = |it: &Arc<ZoneVersion>| it.contents.is_plain();
        !self.zones.all().iter().all(is_plain) && !old.has_same_unknowns(new)
    }

    /// Makes the first versions, once there is all that there is.
    fn begin(&mut self, settings: &Arc<KeeperSettings>, snapshot: Arc<Snapshot>) -> Stepped {
        if settings.offers(&snapshot) && !ZoneContents::is_whole(&snapshot) {
            return Stepped::Stayed;
        }
        self.changed = ChangedKeys::default();
        ask_for_all(settings, &self.catalog);
        self.set_versions(settings, snapshot, |zone| zone.serial.number());
        Stepped::Stayed
    }

    /// Makes versions that are not known to come from the ones before.
    fn restart(&mut self, settings: &Arc<KeeperSettings>, snapshot: Arc<Snapshot>) -> Stepped {
        let serials = Arc::clone(&self.serials);
        ask_for_all(settings, &self.catalog);
        self.set_versions(settings, snapshot, |zone| serials.next(&zone.apex));
        Stepped::Raised
    }

    fn set_versions(
        &mut self,
        settings: &Arc<KeeperSettings>,
        snapshot: Arc<Snapshot>,
        serial: impl Fn(&crate::answers::Zone) -> u32,
    ) {
        let mut addresses = NamespaceAddresses::default();
        self.aliases = Aliases::default();
        let mut versions = Vec::new();
        let zones = settings.zones.zones();
        let serials: Vec<u32> = zones.iter().map(serial).collect();
        if settings.offers(&snapshot) {
            for (namespace, name, service) in snapshot.iter() {
                addresses.add(namespace, service, |_| {});
                self.aliases
                    .note(&settings.zones, (namespace, name), service);
            }
            let described = settings.transfer.described.as_ref();
            let all = ZoneContents::of_zones(&settings.zones, described, &snapshot, &addresses);
            let all = all.into_iter().zip(&serials);
            versions.extend(all.map(|(it, serial)| Arc::new(ZoneVersion::first(*serial, it))));
        }
        self.zones.set(versions);
        for (zone, serial) in zones.iter().zip(serials) {
            if zone.serial.number() != serial {
                zone.serial.set(serial);
            }
        }
        self.zones.tell();
        self.base = Some(Base {
            snapshot,
            addresses,
            settings: Arc::clone(settings),
        });
    }

    /// Makes the next version of each zone whose records have changed.
    fn advance(
        &mut self,
        mut base: Base,
        snapshot: Arc<Snapshot>,
        mut changed: ChangedKeys,
    ) -> Stepped {
        let settings = Arc::clone(&base.settings);
        ask_for(&settings, &snapshot, &changed);
        let counted = (&*base.snapshot, &mut base.addresses);
        let touched = count_addresses(counted, &snapshot, &changed);
        let snapshots = (&*base.snapshot, &*snapshot);
        self.aliases
            .add_changed(&settings.zones, snapshots, &mut changed);
        // Its tags decide which names of addresses there are.
        let is_local = !changed.services.iter().any(|(_, name)| &**name == "addr");
        let versions = self.zones.all();
        let most_octets = settings.transfer.journal_octets / versions.len().max(1);
        let (mut next, mut raised) = (Vec::new(), Vec::new());
        for old in versions.iter() {
            let contents = old.contents.at(&snapshot, &base.addresses);
            let zone = contents.zone().clone();
            let difference = difference(&old.contents, &contents, &changed, &touched);
            let (was_plain, is_plain) = (old.contents.is_plain(), contents.is_plain());
            // Where names hide each other, what is unknown may hide another one, too.
            let is_same =
                was_plain == is_plain && (is_plain || base.snapshot.has_same_unknowns(&snapshot));
            if difference.is_empty() && is_same {
                next.push(Arc::new(old.with_contents(contents)));
                continue;
            }
            let serial = self.serials.next(&zone.apex);
            let is_listed = is_local && was_plain && is_plain;
            let version = match is_listed {
                true => old.next(serial, contents, difference, most_octets),
                // What else differs, since one name hides another, is not known.
                false => ZoneVersion::first(serial, contents),
            };
            raised.push((zone, version.serial));
            next.push(Arc::new(version));
        }
        // Whoever learns of a serial finds its version.
        self.zones.set(next);
        raised
            .iter()
            .for_each(|(zone, serial)| zone.serial.set(*serial));
        self.zones.tell();
        self.base = Some(Base { snapshot, ..base });
        match raised.is_empty() {
            true => Stepped::Stayed,
            false => Stepped::Raised,
        }
    }
}

/// Whether a serial has risen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stepped {
    Stayed,
    Raised,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}
