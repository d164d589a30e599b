//! The serial of a zone's SOA: which version of the zone an answer belongs to.
//!
//! Floor 1. Answers that have it are noted to depend on it, so that no cache gives out an old one. Who raises it, and when,
//! is `transfer`'s to say.

use arc_swap::ArcSwap;

use super::Cell;

/// The serial of one zone; whoever shares it sees it rise.
#[derive(Debug, Default)]
pub struct Serial(ArcSwap<Current>);

#[derive(Debug, Default)]
pub(super) struct Current {
    pub(super) number: u32,
    pub(super) cell: Cell,
}

impl Serial {
    /// The number.
    pub fn number(&self) -> u32 {
        self.0.load().number
    }

    /// Sets the number; answers that have the old one are given out no longer.
    pub fn set(&self, number: u32) {
        let next = Current {
            number,
            cell: Cell::default(),
        };
        self.0.swap(next.into()).cell.supersede();
    }

    pub(super) fn current(&self) -> arc_swap::Guard<std::sync::Arc<Current>> {
        self.0.load()
    }
}
