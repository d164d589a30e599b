//! The serials of the zones: they only rise, also over restarts.
//!
//! Floor 3. A serial is the time in seconds since 1970, or one more than the last, whichever is later (RFC 1982 §3.2). The
//! time alone keeps it rising over a restart if it rises no more than once a second. With a state folder, numbers are
//! reserved there before they are used, so that it may rise faster.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::answers::ZoneSettings;
use crate::catalog::Serial;
use crate::dns::Name;
use crate::sync::StateFolder;
use crate::unix_time::now_seconds_wrapping;

/// How many numbers are reserved at once.
const RESERVED: u32 = 8;

/// The serials of all zones that there are or were; each is shared with the answers that have it.
pub struct Serials {
    folder: Option<StateFolder>,
    held: Mutex<HashMap<Name, Held>>,
    /// What was reserved when the process began.
    stored: HashMap<Name, u32>,
}

#[derive(Debug)]
struct Held {
    serial: Arc<Serial>,
    /// The last number that is reserved.
    reserved: Option<u32>,
}

impl Serials {
    /// Makes them, those of an earlier process from a folder if there is one.
    pub fn new(folder: Option<StateFolder>) -> Self {
        let text = folder.as_ref().map(StateFolder::read_serials);
        let text = text.unwrap_or(Ok(None)).unwrap_or_else(|error| {
            tracing::warn!(%error, "the serials of the zones cannot be read from nomad.state_dir: they begin with the time");
            None
        });
        Self {
            stored: text.map(|text| parse(&text)).unwrap_or_default(),
            folder,
            held: Mutex::default(),
        }
    }

    /// Has the zones use the serials that are known by their names; others begin.
    pub fn share(&self, zones: &mut ZoneSettings) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for zone in zones.zones_mut() {
            zone.serial = self.begin(&mut held, zone.apex);
        }
        self.reserve(&mut held);
    }

    /// Raises the serial of a zone that no answers have, and which begins if it is not known; returns it.
    pub(super) fn raise(&self, apex: Name) -> u32 {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let serial = self.begin(&mut held, apex);
        drop(held);
        let next = self.next(&apex);
        serial.set(next);
        next
    }

    fn begin(&self, held: &mut HashMap<Name, Held>, apex: Name) -> Arc<Serial> {
        let known = held.entry(apex).or_insert_with(|| {
            let serial = Arc::new(Serial::default());
            let stored = self.stored.get(&apex);
            // One more than the time: whoever was here before may have used that.
            let first = now_seconds_wrapping().wrapping_add(1);
            let first = stored.map_or(first, |it| later(first, it.wrapping_add(1)));
            serial.set(first);
            Held {
                serial,
                reserved: None,
            }
        });
        Arc::clone(&known.serial)
    }

    /// Whether numbers are reserved on disk.
    pub fn are_stored(&self) -> bool {
        self.folder.is_some()
    }

    /// The number that a zone has next; it is to be set once what it stands for is in place.
    pub(super) fn next(&self, apex: &Name) -> u32 {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = held.get(apex) else {
            return now_seconds_wrapping();
        };
        let next = later(
            now_seconds_wrapping(),
            known.serial.number().wrapping_add(1),
        );
        let is_reserved = known
            .reserved
            .is_some_and(|it| it == next || later(it, next) == it);
        if !is_reserved {
            self.reserve_from(&mut held, apex, next);
        }
        next
    }

    fn reserve_from(&self, held: &mut HashMap<Name, Held>, apex: &Name, next: u32) {
        if let Some(known) = held.get_mut(apex) {
            known.reserved = Some(next.wrapping_add(RESERVED));
        }
        self.reserve(held);
    }

    /// Writes down what is reserved.
    fn reserve(&self, held: &mut HashMap<Name, Held>) {
        let Some(folder) = &self.folder else {
            return;
        };
        let mut reserved = self.stored.clone();
        for (apex, known) in held.iter_mut() {
            let number = known.serial.number();
            let last = *known
                .reserved
                .get_or_insert_with(|| number.wrapping_add(RESERVED));
            reserved.insert(*apex, last);
        }
        let mut lines: Vec<String> = reserved
            .iter()
            .map(|(apex, last)| format!("{last} {apex}\n"))
            .collect();
        lines.sort_unstable();
        if let Err(error) = folder.write_serials(&lines.concat()) {
            tracing::warn!(
                %error,
                "the serials of the zones cannot be written to nomad.state_dir: after a restart they begin with the time"
            );
        }
    }
}

impl fmt::Debug for Serials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serials").finish_non_exhaustive()
    }
}

/// The later of two serials (RFC 1982 §3.2).
pub(super) fn later(one: u32, other: u32) -> u32 {
    if is_later(other, one) { other } else { one }
}

/// Whether one serial is later than another (RFC 1982 §3.2).
pub(super) fn is_later(one: u32, than: u32) -> bool {
    one.wrapping_sub(than).cast_signed() > 0
}

fn parse(text: &str) -> HashMap<Name, u32> {
    let line = |line: &str| {
        let (number, apex) = line.split_once(' ')?;
        Some((apex.parse().ok()?, number.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Zone;

    fn zones() -> ZoneSettings {
        let zone = |text: &str| Zone::new(text.parse().unwrap()).unwrap();
        ZoneSettings::new(vec![zone("nomad"), zone("cluster.example")], 30, 5)
    }

    fn serial(zones: &ZoneSettings, apex: &str) -> u32 {
        let apex: Name = apex.parse().unwrap();
        let zone = zones.zones().iter().find(|zone| zone.apex == apex);
        zone.unwrap().serial.number()
    }

    #[test]
    fn after_any_restart_a_serial_is_later_than_all_that_were_told() {
        let folder = tempfile::TempDir::new().unwrap();
        let apex: Name = "nomad".parse().unwrap();
        let mut last = 0;
        for raised in [0, 1, 7, 8, 9, 100] {
            let serials = Serials::new(Some(StateFolder::new(folder.path().into())));
            let mut zones = zones();
            serials.share(&mut zones);
            assert!(is_later(serial(&zones, "nomad"), last), "{raised}");
            assert!(is_later(serial(&zones, "cluster.example"), 0));
            // Much faster than the clock.
            for _ in 0..raised {
                let next = serials.next(&apex);
                assert!(is_later(next, serial(&zones, "nomad")));
                let zone = zones.zones().iter().find(|zone| zone.apex == apex);
                zone.unwrap().serial.set(next);
            }
            last = serial(&zones, "nomad");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_costs_no_serial() {
        for text in ["", "x", "12", "99999999999 nomad.", "1 a..b\n\n\0"] {
            let folder = tempfile::TempDir::new().unwrap();
            let folder = StateFolder::new(folder.path().into());
            folder.write_serials(text).unwrap();
            let serials = Serials::new(Some(folder));
            let mut zones = zones();
            serials.share(&mut zones);
            assert!(serial(&zones, "nomad") > now_seconds_wrapping());
        }
        let serials = Serials::new(Some(StateFolder::new("/nonexistent/folder".into())));
        let mut zones = zones();
        serials.share(&mut zones);
        assert!(is_later(
            serials.next(&"nomad".parse().unwrap()),
            now_seconds_wrapping()
        ));
    }

    #[test]
    fn serials_are_compared_round_their_end() {
        for (one, than, later) in [
            (1, 0, true),
            (0, u32::MAX, true),
            (u32::MAX, 0, false),
            (5, 5, false),
            (1 << 31, 1, true),
        ] {
            assert_eq!(is_later(one, than), later, "{one} {than}");
        }
    }
}
