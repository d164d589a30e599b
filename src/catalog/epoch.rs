//! What holds for a short time, such as a second, and then all at once no longer.
//!
//! Floor 1. What is answered for others has TTLs that count down. A cache that knows no clock gives such an answer out
//! only as long as the cell of its time is the current one: whoever has the clock ends it for all of them.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Cell, Sources};

/// The current time of answers that last no longer than it.
#[derive(Debug, Default)]
pub struct Epoch(ArcSwap<Cell>);

impl Epoch {
    /// The sources of what holds until this time ends.
    pub fn sources(&self) -> Sources {
        Sources::of_cell(&self.0.load())
    }

    /// Ends this time and begins the next: what was made in it no longer holds.
    pub fn end(&self) {
        self.0.swap(Arc::default()).supersede();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_in_a_time_holds_until_it_ends() {
        let epoch = Epoch::default();
        let (one, other) = (epoch.sources(), epoch.sources());
        assert!(one.are_current() && other.are_current());
        epoch.end();
        assert!(!one.are_current() && !other.are_current());
        assert!(epoch.sources().are_current());
    }
}
