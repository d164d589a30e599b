//! The signals that end a gateway, or have it read its certificates again.
//!
//! They are heard before anything is started: one that comes early must not end the process unheard.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that are heard from now on.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user: Signal,
}

impl Signals {
    /// Begins to hear them. Wants a tokio runtime around it.
    ///
    /// # Errors
    /// What the system refuses.
    pub(super) fn hear() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for SIGTERM or SIGINT; calls `reload` at each SIGHUP and SIGUSR1.
    pub(super) async fn until_end(mut self, reload: impl Fn()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => reload(),
                _ = self.user.recv() => reload(),
            }
        }
    }
}
