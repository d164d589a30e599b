//! What the instances of a service are called: by their tags, and by the labels of their ports.
//!
//! Floor 2.

use std::collections::BTreeMap;

use crate::catalog::{Instance, is_label};

/// What the instances of a place are called, in lower case, with their places.
#[derive(Default)]
pub(super) struct Called {
    pub(super) tags: BTreeMap<String, Vec<usize>>,
    /// By a tag, or by the label of a port.
    pub(super) all: BTreeMap<String, Vec<usize>>,
}

impl Called {
    pub(super) fn of(service: &str, there: &[&Instance]) -> Self {
        let mut called = Self::default();
        let add = |to: &mut BTreeMap<String, Vec<usize>>, label: &str, place: usize| {
            let places = to.entry(label.to_ascii_lowercase()).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        };
        for (place, instance) in there.iter().enumerate() {
            for tag in instance.group.tags.iter().filter(|tag| is_label(tag)) {
                add(&mut called.tags, tag, place);
                add(&mut called.all, tag, place);
            }
            if let Some(label) = instance.group.port_label(service.as_bytes()) {
                add(&mut called.all, label, place);
            }
        }
        called
    }
}
