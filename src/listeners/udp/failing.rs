//! Handles errors of a socket: growing pauses, so that a persistent error does not spin, and log lines when it
//! persists and when it is over.
//!
//! Floor 4.

use std::io;
use std::time::Duration;

/// The pause after the first error; most errors are of one message, or of a moment.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause. An error that has come to it lasts.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The errors of a socket in a row.
#[derive(Debug, Default)]
pub(super) struct SocketErrors {
    /// The last pause; none while all is well.
    pause: Option<Duration>,
}

impl SocketErrors {
    /// Notes an error; tells how long to pause for it.
    pub(super) fn failed(&mut self, name: &str, error: &io::Error) -> Duration {
        let grown = self.pause.map(|pause| pause * 2);
        let pause = grown.unwrap_or(FIRST_PAUSE).min(LONGEST_PAUSE);
        if pause == LONGEST_PAUSE && !self.lasts() {
            tracing::error!(name, %error, "a UDP socket fails and is tried again");
        }
        self.pause = Some(pause);
        pause
    }

    /// Notes that there is no error.
    pub(super) fn works(&mut self, name: &str) {
        if self.lasts() {
            tracing::info!(name, "a UDP socket works again");
        }
        self.pause = None;
    }

    fn lasts(&self) -> bool {
        self.pause == Some(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_longest_and_begin_anew_once_it_works() {
        let (mut failing, error) = (SocketErrors::default(), io::Error::other("down"));
        let mut pauses: Vec<_> = (0..10).map(|_| failing.failed("udp", &error)).collect();
        assert_eq!(pauses[0], FIRST_PAUSE);
        assert!(pauses.is_sorted());
        assert_eq!(pauses.pop(), Some(LONGEST_PAUSE));
        assert!(failing.lasts());
        failing.works("udp");
        assert_eq!(failing.failed("udp", &error), FIRST_PAUSE);
    }
}
