//! The synchronisation against the simulated Nomad: what happens there is in the catalogue, and nothing else is.

mod access;
mod changes;
mod load;
mod outages;
mod unknown;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nomadns::catalog::{Catalog, Writer};
use nomadns::demo::{Events, Options, Registration, SimulatedNomad};
use nomadns::nomad::{self, Client, TokenSource};
use nomadns::secret::Secret;
use nomadns::sync::{self, Readiness, Report, Status, SyncSettings, Times};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The longest that anything may take; a test that waits for it has failed.
const AT_MOST: Duration = Duration::from_secs(20);

/// A catalogue that follows a simulated Nomad.
struct Followed {
    catalog: Arc<Catalog>,
    status: Arc<Status>,
    _task: JoinSet<()>,
}

/// Settings with times that suit a test.
fn quick() -> SyncSettings {
    let times = Times {
        event_grace: Duration::from_millis(100),
        resync_gap: Duration::from_millis(100),
        ..Times::default()
    };
    SyncSettings {
        backoff_max: Duration::from_millis(200),
        times,
        ..SyncSettings::default()
    }
}

/// Starts an empty Nomad.
fn nomad() -> SimulatedNomad {
    SimulatedNomad::start(Options::default()).unwrap()
}

/// Makes instances of a service.
fn instances(namespace: &str, service: &str, count: usize) -> Vec<Registration> {
    (0..count)
        .map(|_| Registration::new(namespace, service))
        .collect()
}

/// Starts to follow a Nomad, and waits for nothing.
fn follow_with(nomad: &SimulatedNomad, token: TokenSource, settings: SyncSettings) -> Followed {
    let catalog = Arc::new(Catalog::new());
    let writer = catalog.writer();
    follow_into(&catalog, writer, client(nomad, token), settings)
}

fn client(nomad: &SimulatedNomad, token: TokenSource) -> Client {
    let mut settings = nomad::NomadSettings::new(vec![nomad.url().parse().unwrap()]);
    settings.token = token;
    settings.timeouts.request = Duration::from_secs(2);
    settings.timeouts.token_recheck = Duration::ZERO;
    Client::new(settings).unwrap()
}

/// Starts to fill a catalogue, which may have something from before.
fn follow_into(
    catalog: &Arc<Catalog>,
    writer: Writer,
    client: Client,
    settings: SyncSettings,
) -> Followed {
    let status = Arc::new(Status::new());
    let mut task = JoinSet::new();
    task.spawn(sync::run(
        settings,
        client,
        writer,
        Arc::clone(&status),
        std::future::pending(),
    ));
    Followed {
        catalog: Arc::clone(catalog),
        status,
        _task: task,
    }
}

/// Follows a Nomad until the first sync is complete and the stream is open.
async fn follow(nomad: &SimulatedNomad) -> Followed {
    let followed = follow_with(nomad, TokenSource::None, quick());
    followed
        .until("ready", |it| {
            it.is_ready() && it.report().access.label() == "all_with_events"
        })
        .await;
    followed
}

fn token(secret: &str) -> TokenSource {
    TokenSource::Fixed(Secret::new(secret))
}

impl Followed {
    fn report(&self) -> Report {
        self.status.report()
    }

    fn is_ready(&self) -> bool {
        self.report().readiness == Readiness::Ready
    }

    /// Counts the instances of a service in the catalogue.
    fn count(&self, namespace: &str, service: &str) -> usize {
        let Some(view) = self.catalog.view() else {
            return 0;
        };
        let found = view.service(namespace.as_bytes(), service.as_bytes());
        found
            .found()
            .map_or(0, |service| service.instances().count())
    }

    /// All services of the catalogue by Nomad's names, with the ids of their instances.
    fn held(&self) -> BTreeMap<(String, String), Vec<String>> {
        let snapshot = self.catalog.snapshot().unwrap();
        let parts = snapshot
            .as_ref()
            .unwrap()
            .iter()
            .flat_map(|(_, _, service)| &service.parts);
        parts
            .map(|part| {
                let mut ids: Vec<_> = part
                    .instances
                    .iter()
                    .map(|instance| instance.id())
                    .collect();
                ids.sort();
                ((part.namespace.to_string(), part.name.to_string()), ids)
            })
            .collect()
    }

    fn oddities(&self, label: &str) -> usize {
        self.report()
            .oddities
            .into_iter()
            .find(|(name, _)| *name == label)
            .unwrap()
            .1
    }

    fn errors(&self) -> u64 {
        self.report()
            .errors
            .into_iter()
            .map(|(_, count)| count)
            .sum()
    }

    /// Waits until something holds.
    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let done = async {
            while !holds(self) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        if timeout(AT_MOST, done).await.is_err() {
            panic!("not {what} within {AT_MOST:?}: {:#?}", self.report());
        }
    }

    async fn until_count(&self, namespace: &str, service: &str, count: usize) {
        let what = format!("{count} instances of {service}.{namespace}");
        self.until(&what, |it| it.count(namespace, service) == count)
            .await;
    }
}
