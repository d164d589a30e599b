//! What an answer was made from: the cells of its look-ups.
//!
//! Floor 1. Only a [`super::View`] makes valid ones, so a cache cannot keep an answer that was made without one; and an
//! [`super::Epoch`], for answers from elsewhere that are valid for a short time.

use smallvec::SmallVec;

use super::{Cell, ReferenceBit};

/// The most cells: each costs a look at every hit, so what is made from more is not kept.
const CELLS_MAX: usize = 6;
/// How many need no memory of their own.
const CELLS_INLINE: usize = 3;

/// What an answer was made from, which tells whether it still holds.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// None for what is not to be given out again.
    cells: SmallVec<[Cell; CELLS_INLINE]>,
    /// The services that are asked for whenever it is given out.
    asked: SmallVec<[ReferenceBit; 1]>,
}

/// The sources while they are gathered.
#[derive(Debug, Default)]
pub(super) struct SourcesBuilder {
    sources: Sources,
    is_for_once: bool,
}

impl Sources {
    /// Of what answers one query and is not kept.
    pub fn once() -> Self {
        Self::default()
    }

    /// Of what holds as long as one cell does.
    pub(super) fn of_cell(cell: &Cell) -> Self {
        Self {
            cells: SmallVec::from_iter([cell.clone()]),
            asked: SmallVec::new(),
        }
    }

    /// Of what is made from both; it is for once if one of them is.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let is_for_once = self.cells.is_empty()
            || other.cells.is_empty()
            || self.cells.len() + other.cells.len() > CELLS_MAX;
        if is_for_once {
            return Self::once();
        }
        self.cells.extend(other.cells);
        self.asked.extend(other.asked);
        self
    }

    /// Whether all of it is still as it was.
    pub fn are_current(&self) -> bool {
        !self.cells.is_empty() && !self.cells.iter().any(Cell::is_superseded)
    }

    /// Notes that what was made from it is given out.
    pub fn note_asked(&self) {
        self.asked.iter().for_each(ReferenceBit::note);
    }
}

impl SourcesBuilder {
    /// Adds a cell, each once.
    pub(super) fn add(&mut self, cell: &Cell) {
        let cells = &mut self.sources.cells;
        if cells.iter().any(|held| held.is_same(cell)) {
            return;
        }
        if cells.len() == CELLS_MAX {
            self.is_for_once = true;
        } else {
            cells.push(cell.clone());
        }
    }

    /// Makes it one that is not kept.
    pub(super) fn set_once(&mut self) {
        self.is_for_once = true;
    }

    /// Has a service know when it is given out, each once.
    pub(super) fn add_asked(&mut self, asked: &ReferenceBit) {
        let all = &mut self.sources.asked;
        // Each has a cell too, so what has more of them is not kept.
        if all.len() < CELLS_MAX && !all.iter().any(|held| held.is_same(asked)) {
            all.push(asked.clone());
        }
    }

    /// What was gathered; where that is nothing, `least` tells when it no longer holds.
    pub(super) fn into_sources(mut self, least: &Cell) -> Sources {
        if self.is_for_once {
            return Sources::once();
        }
        if self.sources.cells.is_empty() {
            self.add(least);
        }
        self.sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_too_many_sources_is_not_kept() {
        let cells: Vec<Cell> = (0..=CELLS_MAX).map(|_| Cell::default()).collect();
        let gather = |cells: &[Cell]| {
            let mut gathered = SourcesBuilder::default();
            // A cell that is noted again is no other.
            cells
                .iter()
                .chain(cells)
                .for_each(|cell| gathered.add(cell));
            gathered.into_sources(&Cell::default())
        };
        let most = gather(&cells[1..]);
        assert!(most.are_current());
        assert!(!gather(&cells).are_current());
        cells[CELLS_MAX].supersede();
        assert!(!most.are_current());
    }

    #[test]
    fn sources_without_look_ups_are_valid_as_long_as_the_given_cell() {
        let least = Cell::default();
        let sources = SourcesBuilder::default().into_sources(&least);
        assert!(sources.are_current());
        least.supersede();
        assert!(!sources.are_current());
        assert!(!Sources::once().are_current());
    }

    #[test]
    fn services_that_are_asked_for_are_noted_once_each_and_no_more_than_cells() {
        let services: Vec<ReferenceBit> =
            (0..=CELLS_MAX).map(|_| ReferenceBit::default()).collect();
        let mut gathered = SourcesBuilder::default();
        gathered.add_asked(&services[0]);
        gathered.add_asked(&services[0]);
        assert_eq!(gathered.sources.asked.len(), 1);
        services.iter().for_each(|it| gathered.add_asked(it));
        assert_eq!(gathered.sources.asked.len(), CELLS_MAX);
    }
}
