//! Aliases that lead back to themselves: counted, and logged once for each name.
//!
//! Floor 2. Called only when a new answer is made and meets such a name. The number of remembered names is limited,
//! so neither memory nor the log grows without bound.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::dns::Name;

/// Names that are logged; further ones are only counted.
const LOGGED_MAX: usize = 1000;

/// The aliases that answers leave out since they lead back to themselves.
#[derive(Debug, Default)]
pub struct Loops {
    total: AtomicU64,
    logged: Mutex<HashSet<Name>>,
}

impl Loops {
    /// How many answers left one out.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Notes that an answer leaves out the alias of a name.
    pub(super) fn note(&self, name: &Name) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= LOGGED_MAX || !logged.insert(*name) {
            return;
        }
        let is_last = logged.len() == LOGGED_MAX;
        drop(logged);
        tracing::warn!(
            ?name,
            "the address of this service leads back to its own name: its CNAME is left out"
        );
        if is_last {
            tracing::warn!("too many aliases lead back to themselves: others are only counted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_remembered_up_to_a_limit_and_all_are_counted() {
        let loops = Loops::default();
        for nth in 0..=LOGGED_MAX {
            let name: Name = format!("n{nth}.default.nomad").parse().unwrap();
            loops.note(&name);
            loops.note(&name);
        }
        assert_eq!(loops.total(), 2 * (LOGGED_MAX as u64 + 1));
        assert_eq!(loops.logged.lock().unwrap().len(), LOGGED_MAX);
    }
}
