//! What is registered under one DNS name.
//!
//! Nomad's names differ by letter case, DNS names do not: `Redis` and `redis` are two services there and
//! one here. A `Service` keeps each of Nomad's as a part, so that a change of one leaves the other alone.

use std::sync::Arc;

use super::{Asked, Cell, Doubt, Instance};

/// All instances that one DNS name stands for.
#[derive(Clone, Debug)]
pub struct Service {
    /// One part for each spelling in Nomad, at least one.
    pub parts: Vec<Part>,
    /// Why it is not known whether the instances are still those.
    pub doubt: Option<Doubt>,
    /// Superseded when any part changes, or the doubt.
    pub(super) cell: Cell,
    /// Whether somebody asked for it lately; stays the same when it changes.
    pub(super) asked: Asked,
}

/// The instances of one service as Nomad spells it.
#[derive(Clone, Debug)]
pub struct Part {
    /// The namespace, in Nomad's letter case.
    pub namespace: Arc<str>,
    /// The service, in Nomad's letter case.
    pub name: Arc<str>,
    /// Its instances, at least one, in the order in which Nomad gave them.
    pub instances: Arc<[Instance]>,
}

impl Service {
    /// Goes through the instances of all parts.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> + Clone {
        self.parts.iter().flat_map(|part| part.instances.iter())
    }

    /// Whether it has instances, and all of them are known to be of no use.
    pub(super) fn is_all_bad(&self) -> bool {
        self.instances().all(|instance| instance.health.is_bad())
    }

    pub(super) fn part(&self, namespace: &str, name: &str) -> Option<usize> {
        self.parts
            .iter()
            .position(|part| *part.namespace == *namespace && *part.name == *name)
    }
}
