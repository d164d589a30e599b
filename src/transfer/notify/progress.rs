//! How far a secondary is with a zone: its serial, and since when it lacks ours.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::super::serials::is_later;

/// The most serials that are kept until the secondary has them.
const MOST_STEPS: usize = 64;

/// How far a secondary is with one zone.
#[derive(Debug, Default)]
pub(super) struct SerialProgress {
    /// The serials that it is not known to have, each with when it was ours, the oldest first.
    lacking: VecDeque<(u32, Instant)>,
    /// The serial that it was last seen with.
    seen: Option<u32>,
}

impl SerialProgress {
    /// Notes that we have a new serial.
    pub(super) fn step(&mut self, serial: u32, now: Instant) {
        if self.lacking.len() == MOST_STEPS {
            // The oldest says how long it is behind, the newest which serial ends that.
            self.lacking.remove(1);
        }
        self.lacking.push_back((serial, now));
    }

    /// Notes the serial that it has.
    pub(super) fn saw(&mut self, serial: u32) {
        self.seen = Some(serial);
        let newest = self.lacking.back().map(|(ours, _)| *ours);
        if newest.is_some_and(|newest| is_later(serial, newest)) {
            // It takes ours only when that is later (RFC 1982), so it does not have what we have.
            return;
        }
        while let Some((ours, _)) = self.lacking.front()
            && !is_later(*ours, serial)
        {
            self.lacking.pop_front();
        }
    }

    /// The serial that it was last seen with.
    pub(super) fn seen(&self) -> Option<u32> {
        self.seen
    }

    /// Since when it lacks a serial of ours; none when it has the newest.
    pub(super) fn behind_since(&self) -> Option<Instant> {
        self.lacking.front().map(|(_, since)| *since)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_secondary_is_behind_since_the_first_serial_that_it_lacks() {
        let (mut progress, begin) = (SerialProgress::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(progress.behind_since(), None);
        progress.step(u32::MAX, at(1));
        progress.step(0, at(2));
        progress.step(1, at(3));
        assert_eq!(progress.behind_since(), Some(at(1)));
        progress.saw(u32::MAX);
        assert_eq!(
            (progress.behind_since(), progress.seen()),
            (Some(at(2)), Some(u32::MAX))
        );
        progress.saw(1);
        assert_eq!((progress.behind_since(), progress.seen()), (None, Some(1)));
    }

    #[test]
    fn a_secondary_whose_serial_is_later_than_ours_is_behind() {
        let mut progress = SerialProgress::default();
        progress.step(7, Instant::now());
        progress.saw(9);
        assert!(progress.behind_since().is_some());
    }

    #[test]
    fn of_many_serials_that_it_lacks_the_first_and_the_newest_are_kept() {
        let (mut progress, begin) = (SerialProgress::default(), Instant::now());
        for serial in 0..10_000 {
            progress.step(serial, begin + Duration::from_millis(serial.into()));
        }
        assert_eq!(progress.lacking.len(), MOST_STEPS);
        assert_eq!(progress.behind_since(), Some(begin));
        progress.saw(9998);
        assert!(progress.behind_since().is_some());
        progress.saw(9999);
        assert_eq!(progress.behind_since(), None);
    }
}
