//! The signals that end the gateway or make it re-read its files.
//!
//! They are registered before anything starts, so that an early signal is not lost. A separate thread also receives
//! those that end the process, and ends it if nothing else does.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;
use signal_hook::low_level::exit;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::app::Ending;

/// How often the thread looks whether the time is over, once the gateway is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A second signal within this time is the same: a terminal and a supervisor may send one each.
const SAME_WITHIN: Duration = Duration::from_millis(250);
/// How long a gateway may take to start that is to end already.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// What a shell says of a process that a signal ended begins there.
const SIGNALLED: i32 = 128;

/// The signals that are heard from now on.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user: Signal,
    limit: Arc<OnceLock<Duration>>,
}

impl Signals {
    /// Begins to hear them. Wants a tokio runtime around it.
    ///
    /// # Errors
    /// What the system refuses.
    pub(super) fn hear() -> io::Result<Self> {
        let limit = Arc::<OnceLock<Duration>>::default();
        let (heard, within) = (iterator::Signals::new([SIGTERM, SIGINT])?, limit.clone());
        let thread = std::thread::Builder::new().name("signals".into());
        thread.spawn(move || end_in_any_case(heard, &within))?;
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
            limit,
        })
    }

    /// Waits for SIGTERM or SIGINT, from which on the process has so long to end; calls `reload` at each SIGHUP and
    /// `reload_files` at each SIGUSR1. Who presses Ctrl-C waits for the end, and has no lameduck.
    pub(super) async fn until_end(
        mut self,
        limit: Duration,
        reload: impl Fn(),
        reload_files: impl Fn(),
    ) -> Ending {
        self.limit.get_or_init(|| limit);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Ending::AfterLameduck,
                _ = self.interrupt.recv() => return Ending::AtOnce,
                _ = self.hangup.recv() => reload(),
                _ = self.user.recv() => reload_files(),
            }
        }
    }
}

/// Ends the process once it was asked to and has not ended in time, or was asked again, whatever is stuck in it: no
/// lock is taken here, and nothing is written.
fn end_in_any_case(mut heard: iterator::Signals, limit: &OnceLock<Duration>) {
    let Some(_) = heard.forever().next() else {
        return;
    };
    let begun = Instant::now();
    loop {
        let again = heard.pending().last();
        let so_far = begun.elapsed();
        match again {
            Some(signal) if so_far > SAME_WITHIN => exit(SIGNALLED + signal),
            _ if so_far > limit.get().copied().unwrap_or(STARTS_WITHIN) => exit(1),
            _ => sleep(LOOK_EVERY),
        }
    }
}
