//! Reads the whole configuration again while the gateway runs: on a signal, and when its file has changed.
//!
//! Floor 7. It is validated first; when something is wrong, all stays as it is. What can change at once does, and what needs
//! a restart is named. Sockets, the catalogue and the cache of upstreams' answers are kept.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::live_gateway::LiveGateway;
use crate::config::{ConfigError, ConfigValue, Settings, Source};

/// What reads the configuration, as it was read at the start.
pub type ReadSource = Arc<dyn Fn() -> Result<Source, ConfigError> + Send + Sync>;

/// Reads the configuration of a running gateway again.
#[derive(Clone)]
pub struct Reloader {
    read: ReadSource,
    gateway: Arc<LiveGateway>,
    /// What the gateway runs with: of a key that needs a restart, the value from the start.
    running: Arc<Mutex<Source>>,
    /// What was read last.
    seen: Arc<Mutex<Result<Source, ConfigError>>>,
}

impl Reloader {
    /// One for a gateway that was started with `running`.
    pub(super) fn new(read: ReadSource, running: Source, gateway: Arc<LiveGateway>) -> Self {
        Self {
            read,
            gateway,
            seen: Arc::new(Mutex::new(Ok(running.clone()))),
            running: Arc::new(Mutex::new(running)),
        }
    }

    /// Reads the configuration and the files that it names; says in the log what came of it.
    pub fn reload(&self) {
        self.use_read((self.read)(), None);
        self.reload_files();
    }

    /// Reads the files that the configuration names, and not itself.
    pub fn reload_files(&self) {
        self.gateway.renewable().reload();
        // What rotates logs sends the same signal.
        self.gateway.query_log().reopen();
    }

    /// Looks at the configuration now and then, until `ending`; what has changed is used.
    pub(super) async fn follow(self, every: Duration, ending: CancellationToken) {
        loop {
            let pause = tokio::time::sleep(every);
            if ending.run_until_cancelled(pause).await.is_none() {
                return;
            }
            let reloader = self.clone();
            // A disk that is slow must hold up nobody.
            let looked = tokio::task::spawn_blocking(move || reloader.use_if_new());
            if looked.await.is_err() {
                return;
            }
        }
    }

    fn use_if_new(&self) {
        let read = (self.read)();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = read != *seen;
        drop(seen);
        // What it names may be there by now.
        let failed = self.gateway.status().now().error;
        if is_new || failed.is_some() {
            let is_used = self.use_read(read, failed.filter(|_| !is_new).as_deref());
            if !is_used {
                return;
            }
            // What has looked at the files of before counts the new ones as seen, and has not put them to use.
            self.gateway.renewable().reload();
        }
    }

    /// Uses what was read, and tells whether it could; says in the log what came of it, but for an error that is known.
    fn use_read(&self, read: Result<Source, ConfigError>, known_error: Option<&str>) -> bool {
        let status = self.gateway.status();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone_from(&read);
        drop(seen);
        match self.try_use(read, &mut running) {
            Ok(Used { changed, waiting }) => {
                match changed.is_empty() {
                    true => tracing::info!("reload: nothing changes"),
                    false => tracing::info!(
                        keys = changed.join(", "),
                        "reload: the configuration was read again; the changes are in use"
                    ),
                }
                if !waiting.is_empty() {
                    tracing::warn!(
                        keys = waiting.join(", "),
                        "reload: these keys change only with a restart"
                    );
                }
                status.succeeded(waiting);
                true
            }
            Err(error) if Some(&*error) == known_error => false,
            Err(error) => {
                tracing::error!(%error, "reload: the old configuration stays in use");
                status.failed(error);
                false
            }
        }
    }

    fn try_use(
        &self,
        read: Result<Source, ConfigError>,
        running: &mut Source,
    ) -> Result<Used, String> {
        let mut source = read.map_err(|error| error.to_string())?;
        // As a whole first, as a start would.
        Settings::check(&source).map_err(|error| error.to_string())?;
        let waiting = source.keep_for_restart(running);
        let mut settings = Settings::check(&source)
            .map_err(|error| format!("only a restart can change this: {error}"))?;
        let old = self.gateway.status().values();
        let differs = |value: &&ConfigValue| {
            let old = old.iter().find(|old| old.key == value.key);
            old.is_none_or(|old| old.differs(value))
        };
        let changed = settings.values.iter().filter(differs);
        let changed: Vec<String> = changed.map(|value| value.key.clone()).collect();
        for value in &mut settings.values {
            // The source has a value of before, and not who said it.
            if waiting.contains(&value.key)
                && let Some(old) = old.iter().find(|old| old.key == value.key)
            {
                value.clone_from(old);
            }
        }
        self.gateway.replace(&settings, &changed)?;
        self.gateway.status().use_values(settings.values);
        *running = source;
        Ok(Used { changed, waiting })
    }
}

/// What came of a configuration that is good.
struct Used {
    /// The keys whose values have changed.
    changed: Vec<String>,
    /// Those that would, with a restart.
    waiting: Vec<String>,
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").finish_non_exhaustive()
    }
}
