//! What every answer is held to.
//!
//! The states of the cluster stand in a row, a restored one as a new one at its end. An answer that is not marked shows
//! a service as it was in one of them, and never as in an earlier one than was shown before; a denial is such a showing.
//! Marked are SERVFAIL and what is stale. Nobody can tell which of two states is later while some server has not
//! restored yet what the others have: then an answer may be of any.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::table::{Addresses, STEADY, Service, Table};

/// What an answer says of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// These are its instances; with none the name is denied.
    Addresses {
        addresses: Arc<Addresses>,
        is_stale: bool,
    },
    /// It is not known.
    Unknown(String),
}

/// The states of the cluster, and how far each service was shown.
#[derive(Debug)]
pub(crate) struct Judge {
    states: Vec<Table>,
    shown: BTreeMap<Service, usize>,
}

impl Judge {
    pub(crate) fn new(first: Table) -> Self {
        Self {
            states: vec![first],
            shown: BTreeMap::new(),
        }
    }

    pub(crate) fn newest(&self) -> &Table {
        self.states.last().unwrap()
    }

    /// Adds a state; gives its number.
    pub(crate) fn push(&mut self, state: Table) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    /// Forgets what was shown, since the order of the states is open.
    pub(crate) fn forget(&mut self) {
        self.shown.clear();
    }

    /// Holds an answer to the rules; gives which state it shows.
    pub(crate) fn judge(
        &mut self,
        service: Service,
        shown: &Shown,
    ) -> Result<Option<usize>, String> {
        let Shown::Addresses {
            addresses,
            is_stale,
        } = shown
        else {
            return Ok(None);
        };
        if service == STEADY && addresses.is_empty() {
            return Err("the steady service is denied".to_owned());
        }
        let floor = self.shown.get(&service).copied().unwrap_or(0);
        let is_it = |number: &usize| self.states[*number].addresses(service) == addresses;
        let found = (floor..self.states.len()).find(is_it);
        match (found, (0..floor).rev().find(is_it)) {
            (Some(number), _) => {
                self.shown.insert(service, number);
                Ok(Some(number))
            }
            (None, _) if *is_stale => Ok(None),
            (None, Some(number)) => Err(format!(
                "state {number} is shown after state {floor}, and not marked as stale"
            )),
            (None, None) => Err("what is shown never was".to_owned()),
        }
    }
}
