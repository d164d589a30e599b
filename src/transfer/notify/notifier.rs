//! Begins and ends what is done for each zone at each secondary, as serials and settings change.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::super::zones::ZoneSerial;
use super::counters::{NotifyCounters, NotifyCounts, NotifyFailure};
use super::link::UdpLink;
use super::task::{ZoneProgress, ZoneTask};
use super::{KeySource, NotifiedSecondary};
use crate::dns::Name;

/// Tells the secondaries of new serials; a clone shares what it does.
#[derive(Clone)]
pub struct Notifier(Arc<NotifierShared>);

struct NotifierShared {
    keys: KeySource,
    secondaries: watch::Sender<Arc<[NotifiedSecondary]>>,
    known: Mutex<Known>,
}

/// What is told of the secondaries that are configured.
#[derive(Debug, Default)]
struct Known {
    counters: BTreeMap<SocketAddr, Arc<NotifyCounters>>,
    zones: Vec<(Arc<ZoneProgress>, watch::Receiver<u32>)>,
}

/// What is known of all secondaries.
#[derive(Clone, Debug, Default)]
pub struct NotifyReport {
    /// Each zone at each secondary.
    pub zones: Vec<SecondaryState>,
    /// What was counted of each secondary.
    pub counts: Vec<(SocketAddr, NotifyCounts)>,
}

/// How a secondary is with one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondaryState {
    /// The secondary.
    pub address: SocketAddr,
    /// The apex of the zone.
    pub zone: Name,
    /// Our serial.
    pub ours: u32,
    /// The serial that it was last seen with.
    pub serial: Option<u32>,
    /// For how long we have had a serial that it lacks; zero when it has ours.
    pub lag: Duration,
    /// Why it could not be told of our serial.
    pub failure: Option<NotifyFailure>,
}

/// One zone at one secondary, as long as both are configured.
#[derive(Debug)]
struct RunningZone {
    secondary: NotifiedSecondary,
    progress: Arc<ZoneProgress>,
    serial: watch::Sender<u32>,
    task: AbortHandle,
}

impl Drop for RunningZone {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Notifier {
    /// Makes one that tells nobody yet, and signs with these keys.
    pub fn new(keys: KeySource) -> Self {
        Self(Arc::new(NotifierShared {
            keys,
            secondaries: watch::Sender::new(Arc::default()),
            known: Mutex::default(),
        }))
    }

    /// Has these secondaries told from now on. What is known of one that stays as it was is kept.
    pub fn replace(&self, secondaries: impl Into<Arc<[NotifiedSecondary]>>) {
        let secondaries = secondaries.into();
        self.0.secondaries.send_if_modified(|old| {
            let differs = **old != *secondaries;
            *old = secondaries;
            differs
        });
    }

    /// Tells each secondary the serials of its zones, at first and whenever they change, until there are no more.
    pub async fn run(self, mut serials: watch::Receiver<Vec<ZoneSerial>>) {
        let mut secondaries = self.0.secondaries.subscribe();
        let mut running = HashMap::new();
        loop {
            let zones = serials.borrow_and_update().clone();
            let wanted = Arc::clone(&secondaries.borrow_and_update());
            self.fit(&mut running, &zones, &wanted);
            let changed = tokio::select! {
                changed = serials.changed() => changed,
                changed = secondaries.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    }

    /// Tells what is known.
    pub fn report(&self) -> NotifyReport {
        let (known, now) = (self.known(), Instant::now());
        let counts = known.counters.iter();
        let zones = known.zones.iter().map(|(progress, ours)| {
            let (serial, behind_since, failure) = progress.seen();
            let lag = behind_since.map(|since| now.saturating_duration_since(since));
            SecondaryState {
                address: progress.secondary,
                zone: progress.apex,
                ours: *ours.borrow(),
                serial,
                lag: lag.unwrap_or_default(),
                failure,
            }
        });
        NotifyReport {
            zones: zones.collect(),
            counts: counts
                .map(|(address, it)| (*address, it.counts()))
                .collect(),
        }
    }

    /// Begins what is new, ends what is no more, and passes new serials on.
    fn fit(
        &self,
        running: &mut HashMap<(SocketAddr, Name), RunningZone>,
        zones: &[ZoneSerial],
        wanted: &[NotifiedSecondary],
    ) {
        running.retain(|(_, apex), it| {
            let is_zone = zones.iter().any(|zone| zone.apex == *apex);
            is_zone && wanted.contains(&it.secondary)
        });
        let mut counters = BTreeMap::new();
        let mut known = Vec::new();
        for secondary in wanted {
            let counted = self.known().counters.get(&secondary.address).cloned();
            let counted = counted.unwrap_or_default();
            counters.insert(secondary.address, Arc::clone(&counted));
            for told in zones.iter().filter(|it| secondary.has(&it.apex)) {
                let zone = running
                    .entry((secondary.address, told.apex))
                    .or_insert_with(|| {
                        let link = UdpLink {
                            secondary: secondary.clone(),
                            keys: Arc::clone(&self.0.keys),
                        };
                        RunningZone::begin(link, *told, &counted)
                    });
                zone.use_serial(told.serial);
                known.push((Arc::clone(&zone.progress), zone.serial.subscribe()));
            }
        }
        *self.known() = Known {
            counters,
            zones: known,
        };
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningZone {
    fn begin(link: UdpLink, told: ZoneSerial, counters: &Arc<NotifyCounters>) -> Self {
        let secondary = link.secondary.clone();
        let progress = Arc::new(ZoneProgress::new(secondary.address, told.apex));
        progress.step(told.serial);
        let (sender, receiver) = watch::channel(told.serial);
        let task = ZoneTask {
            link,
            progress: Arc::clone(&progress),
            counters: Arc::clone(counters),
            serial: receiver,
            kind: told.kind,
        };
        Self {
            secondary,
            progress,
            serial: sender,
            task: tokio::spawn(task.run()).abort_handle(),
        }
    }

    fn use_serial(&self, serial: u32) {
        self.serial.send_if_modified(|old| {
            let differs = *old != serial;
            if differs {
                self.progress.step(serial);
                *old = serial;
            }
            differs
        });
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Notifier").field(&self.known()).finish()
    }
}
