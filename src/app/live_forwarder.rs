//! What forwards names now; a reload may replace it, begin it or end it.
//!
//! Floor 7.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::renewal::Renewal;
use crate::config::{Files, Settings};
use crate::forward::{CachedNames, ForwardZone, Forwarder, UpstreamAddress};

/// How long after its zones changed an answer may still come that was asked for before: longer than a question takes.
const LATE: Duration = Duration::from_secs(5);

/// The forwarder that is in use, if anything is forwarded.
#[derive(Debug)]
pub(super) struct LiveForwarder {
    current: ArcSwapOption<Forwarder>,
    work: Mutex<ForwarderWork>,
    runtime: Handle,
}

/// What a forwarder does by itself, and for which zones.
#[derive(Debug)]
struct ForwarderWork {
    ending: CancellationToken,
    zones: Vec<ForwardZone>,
}

impl LiveForwarder {
    pub(super) fn new(settings: &Settings, runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwapOption::new(forwarder(settings, runtime.clone())),
            work: Mutex::new(ForwarderWork {
                ending: CancellationToken::new(),
                zones: zones(settings),
            }),
            runtime,
        })
    }

    /// The one that is in use.
    pub(super) fn now(&self) -> Option<Arc<Forwarder>> {
        self.current.load_full()
    }

    /// Has it do what nobody asks it for, until it is replaced or the gateway ends.
    pub(super) fn run(&self, ending: &CancellationToken) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.ending.cancel();
        work.ending = ending.child_token();
        run(self.now().as_ref(), &self.runtime, &work.ending);
    }

    /// Has names forwarded as these settings say. What is kept of zones that stay the same stays.
    pub(super) fn replace(
        &self,
        settings: &Settings,
        is_same_tls: bool,
        ending: &CancellationToken,
    ) {
        let next = match (&settings.forward, self.now()) {
            (Some(forward), Some(old)) => Some(Arc::new(old.with_zones(forward, is_same_tls))),
            _ => forwarder(settings, self.runtime.clone()),
        };
        self.current.store(next);
        self.run(ending);
        let zones = zones(settings);
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut work.zones, zones.clone());
        let only_in = |some: &[ForwardZone], others: &[ForwardZone]| -> Vec<ForwardZone> {
            let changed = some.iter().filter(|zone| !others.contains(zone));
            changed.cloned().collect()
        };
        let changed = [only_in(&old, &zones), only_in(&zones, &old)].concat();
        if let Some(forwarder) = self.now().filter(|_| !changed.is_empty()) {
            flush(&forwarder, &changed);
            let ending = ending.clone();
            tokio::spawn(async move {
                let late = ending.run_until_cancelled(tokio::time::sleep(LATE));
                if late.await.is_some() {
                    flush(&forwarder, &changed);
                }
            });
        }
    }

    /// What has it ask the servers that the system has now.
    pub(super) fn renewal(
        self: &Arc<Self>,
        servers: Option<&Files<Vec<UpstreamAddress>>>,
    ) -> Option<Renewal> {
        let (forwarder, servers) = (Arc::clone(self), servers?.clone());
        let replace = move |servers: &Vec<UpstreamAddress>| {
            if let Some(forwarder) = forwarder.now() {
                forwarder.use_system(servers);
            }
            Ok(())
        };
        let what = "list of the system's DNS servers";
        Some(Renewal::new(what, servers, replace))
    }
}

/// Makes the forwarder, if anything is forwarded.
fn forwarder(settings: &Settings, runtime: Handle) -> Option<Arc<Forwarder>> {
    let forward = settings.forward.as_ref()?;
    Some(Arc::new(Forwarder::new(forward, runtime)))
}

/// Has it do what nobody asks it for, until the gateway ends.
fn run(forwarder: Option<&Arc<Forwarder>>, runtime: &Handle, ending: &CancellationToken) {
    if let Some(forwarder) = forwarder {
        let ending = ending.clone().cancelled_owned();
        runtime.spawn(Arc::clone(forwarder).run(ending));
    }
}

fn zones(settings: &Settings) -> Vec<ForwardZone> {
    let forward = settings.forward.iter();
    forward.flat_map(|it| it.zones.iter().cloned()).collect()
}

/// Forgets what was kept of zones, which other servers are asked for now.
fn flush(forwarder: &Forwarder, zones: &[ForwardZone]) {
    for zone in zones {
        let names = CachedNames {
            name: zone.apex,
            below: true,
        };
        forwarder.flush(&names);
    }
}
