//! Re-reads files, on a signal and when they have changed.
//!
//! If the new content cannot be used, the old content stays in use, and the log says so once for each problem.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::config::Files;

/// All that is read again while the gateway runs.
#[derive(Clone, Debug, Default)]
pub struct Renewable(Vec<Renewal>);

/// The content of files in use, and how it is read again.
#[derive(Clone)]
pub(super) struct Renewal {
    what: &'static str,
    renew: Arc<dyn Fn(RenewalTrigger) -> Result<RenewalOutcome, String> + Send + Sync>,
}

/// When content that was read is put to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RenewalTrigger {
    Always,
    IfChanged,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RenewalOutcome {
    Replaced,
    Unchanged,
}

impl Renewable {
    /// Adds what is read again; it looks by itself after each time, if one is given, until `ending`.
    pub(super) fn add(
        &mut self,
        renewal: Renewal,
        every: Option<Duration>,
        ending: &CancellationToken,
    ) {
        if let Some(every) = every {
            tokio::spawn(renewal.clone().follow(every, ending.clone()));
        }
        self.0.push(renewal);
    }

    /// Reads all of it now, and says in the log what came of it.
    pub fn reload(&self) {
        if self.0.is_empty() {
            tracing::info!("reload: there are no files to re-read");
        }
        for Renewal { what, renew } in &self.0 {
            match renew(RenewalTrigger::Always) {
                Ok(_) => tracing::info!("reload: the {what} was read again"),
                Err(error) => tracing::error!(%error, "reload: the old {what} stays in use"),
            }
        }
    }
}

impl Renewal {
    /// What is read from `files`, and how it is put to use.
    pub(super) fn new<Content: PartialEq + Send + 'static>(
        what: &'static str,
        files: Files<Content>,
        replace: impl Fn(&Content) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let (seen, again) = (Mutex::new(files.content), files.again);
        let renew = move |wanted| {
            let read = again()?;
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if wanted == RenewalTrigger::IfChanged && *seen == read {
                return Ok(RenewalOutcome::Unchanged);
            }
            *seen = read;
            replace(&seen).map(|()| RenewalOutcome::Replaced)
        };
        Self {
            what,
            renew: Arc::new(renew),
        }
    }

    /// Looks at the files now and then, until `ending`; what has changed is used.
    async fn follow(self, every: Duration, ending: CancellationToken) {
        let (what, mut last_error) = (self.what, None);
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            let renew = Arc::clone(&self.renew);
            // A disk that is slow must hold up nobody.
            let renewed = tokio::task::spawn_blocking(move || renew(RenewalTrigger::IfChanged));
            let result = match renewed.await {
                Ok(Ok(RenewalOutcome::Unchanged)) => continue,
                Ok(result) => result,
                Err(_) => return,
            };
            match &result {
                Ok(_) => tracing::info!("the {what} has changed; the new one is in use"),
                Err(error) if last_error.as_ref() != Some(error) => {
                    tracing::error!(%error, "the old {what} stays in use");
                }
                Err(_) => {}
            }
            last_error = result.err();
        }
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Renewal").field(&self.what).finish()
    }
}
