//! A mark that tells a reader of an old snapshot that what it read was replaced.
//!
//! A cached answer keeps the cells of everything that it was made from, and the cache checks them (one load each)
//! before it returns the answer. A cell is superseded before the new snapshot is published, and never becomes valid
//! again.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether the part of the catalogue that it belongs to is still the current one.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell(Arc<AtomicBool>);

impl Cell {
    /// Says that what this cell stands for was replaced.
    pub(super) fn supersede(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether what this cell stands for was replaced.
    pub(super) fn is_superseded(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Whether it is the cell of the same thing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Tells cells apart that are both held.
    pub(super) fn hash(&self, state: &mut impl Hasher) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Whether somebody asked for a service since it was last looked at; shared by its answers.
///
/// It is written once in a while and not at each query, so that no two workers write one cache line at each hit.
#[derive(Clone, Debug, Default)]
pub(super) struct ReferenceBit(Arc<AtomicBool>);

impl ReferenceBit {
    /// Notes that somebody asks.
    pub(super) fn note(&self) {
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it is that of the same service.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes the note back; whether there was one.
    pub(super) fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}
