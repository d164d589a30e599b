//! The mark by which a reader of an old snapshot learns that what it read was replaced.
//!
//! An answer keeps the cells of what it was made from; a cache looks at them (one load) before it gives
//! the answer out again. A cell is superseded before the new snapshot is published, and never revived.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether the part of the catalogue that it belongs to is still the current one.
#[derive(Clone, Debug, Default)]
pub struct Cell(Arc<AtomicBool>);

impl Cell {
    /// Says that what this cell stands for was replaced.
    pub(super) fn supersede(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether what this cell stands for was replaced.
    pub fn is_superseded(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The mark itself, for an answer to carry.
    pub fn mark(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
