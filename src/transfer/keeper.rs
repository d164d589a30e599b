//! Makes the versions of the zones: at most one in a while, each from one snapshot of the catalogue.
//!
//! Floor 3, beside queries: no answer waits for it. What has changed since the version before is found by the names that
//! changed, not by comparing zones. Where that cannot be told (names that hide each other, other settings), the journal
//! begins anew, and secondaries take the whole zone.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

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

/// Of how many instances the health is read for the sake of transfers at most: what clients query is read too.
const ASKED_INSTANCES: usize = 5_000;

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
    /// Services whose addresses are names in our zones: whether one of them is left out, others decide.
    aliases: HashSet<ChangedService>,
}

type ChangedService = (Box<str>, Box<str>);

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
            aliases: HashSet::new(),
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
                    self.ask_for_all();
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

    /// Has the health of all services read: who has the zone from a secondary does not ask here.
    fn ask_for_all(&self) {
        let is_offered = self.settings.borrow().transfer.is_offered;
        if let Some(snapshot) = self.catalog.snapshot().as_ref().and_then(|it| it.as_ref())
            && is_offered
        {
            snapshot.ask_for_most(ASKED_INSTANCES);
        }
    }

    /// Does so for what is new in a snapshot, of which this has changed.
    fn ask_for(settings: &KeeperSettings, snapshot: &Snapshot, changed: &ChangedKeys) {
        let is_read = settings.ask_every.is_some() && settings.transfer.is_offered;
        if is_read && snapshot.instances() <= ASKED_INSTANCES {
            for (namespace, name) in &changed.services {
                snapshot.ask_for(namespace, name);
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
        !old.has_same_unknowns(new) && !self.zones.all().iter().all(is_plain)
    }

    /// Makes the first versions, once there is all that there is.
    fn begin(&mut self, settings: &Arc<KeeperSettings>, snapshot: Arc<Snapshot>) -> Stepped {
        if settings.offers(&snapshot) && !ZoneContents::is_whole(&snapshot) {
            return Stepped::Stayed;
        }
        self.changed = ChangedKeys::default();
        self.ask_for_all();
        self.set_versions(settings, snapshot, |zone| zone.serial.number());
        Stepped::Stayed
    }

    /// Makes versions that are not known to come from the ones before.
    fn restart(&mut self, settings: &Arc<KeeperSettings>, snapshot: Arc<Snapshot>) -> Stepped {
        let serials = Arc::clone(&self.serials);
        self.ask_for_all();
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
        self.aliases.clear();
        let mut versions = Vec::new();
        let zones = settings.zones.zones();
        let serials: Vec<u32> = zones.iter().map(serial).collect();
        if settings.offers(&snapshot) {
            for (namespace, name, service) in snapshot.iter() {
                addresses.add(namespace, service, |_| {});
                if settings.zones.has_alias(service) {
                    self.aliases.insert((namespace.into(), name.into()));
                }
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
        Self::ask_for(&settings, &snapshot, &changed);
        let has_new_marks = !base.snapshot.has_same_unknowns(&snapshot);
        let counted = (&*base.snapshot, &mut base.addresses);
        let touched = count_addresses(counted, &snapshot, &changed);
        self.add_aliases(&settings, &base.snapshot, &snapshot, &mut changed);
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
            let is_same = was_plain == is_plain && (is_plain || !has_new_marks);
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

    /// Adds all aliases to what has changed if one of them has: a loop is left out, wherever it begins.
    fn add_aliases(
        &mut self,
        settings: &KeeperSettings,
        old: &Snapshot,
        new: &Snapshot,
        changed: &mut ChangedKeys,
    ) {
        let mut has_changed = false;
        for key in &changed.services {
            let (namespace, name) = (key.0.as_bytes(), key.1.as_bytes());
            let is_alias = |snapshot: &Snapshot| {
                let service = snapshot.service(namespace, name);
                service.is_some_and(|service| settings.zones.has_alias(service))
            };
            let is_one = is_alias(new);
            has_changed |= is_one || is_alias(old);
            match is_one {
                true => self.aliases.insert(key.clone()),
                false => self.aliases.remove(key),
            };
        }
        if has_changed {
            changed.services.extend(self.aliases.iter().cloned());
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
