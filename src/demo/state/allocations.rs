//! The table of allocations with their checks. A row is removed with its last registration.

use std::sync::Arc;

use super::table::Shared;
use crate::demo::model::{Allocation, Check, Registration};

/// All allocations, by ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allocations {
    rows: Shared<Row>,
    checks: Shared<Arc<[Check]>>,
}

#[derive(Clone, Debug)]
struct Row {
    allocation: Arc<Allocation>,
    registrations: usize,
}

impl Allocations {
    pub(crate) fn get(&self, id: &str) -> Option<&Allocation> {
        self.rows.get(id).map(|row| &*row.allocation)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Allocation> {
        self.rows.values().map(|row| &*row.allocation)
    }

    pub(crate) fn checks(&self, id: &str) -> &[Check] {
        self.checks.get(id).map_or(&[], |checks| checks)
    }

    pub(crate) fn set_checks(&mut self, id: &str, checks: Vec<Check>) {
        self.checks.insert(id.into(), checks.into());
    }

    /// Puts a row in as it is.
    pub(crate) fn put(&mut self, allocation: Allocation) {
        let registrations = self
            .rows
            .get(allocation.id.as_str())
            .map_or(0, |row| row.registrations);
        self.rows.insert(
            allocation.id.as_str().into(),
            Row {
                allocation: Arc::new(allocation),
                registrations,
            },
        );
    }

    /// Counts a new registration in its allocation, which is made where there is none.
    pub(super) fn enter(&mut self, registration: &Registration, index: u64, ordinal: usize) {
        let row = self
            .rows
            .entry(registration.alloc_id.as_str().into())
            .or_insert_with(|| Row {
                allocation: Arc::new(Allocation::running(registration, index, ordinal)),
                registrations: 0,
            });
        row.registrations += 1;
    }

    /// Counts a registration out.
    pub(super) fn leave(&mut self, id: &str) {
        let Some(row) = self.rows.get_mut(id) else {
            return;
        };
        row.registrations = row.registrations.saturating_sub(1);
        if row.registrations == 0 {
            self.rows.remove(id);
            self.checks.remove(id);
        }
    }
}
