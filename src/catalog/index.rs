//! What names can say of the instances of a large service, the other way round: from a tag to those that carry it.
//!
//! Floor 1. A service makes it when it is asked for by more than its name, and keeps it; a change makes another service.
//! Instances of which names say the same are of one kind, and kinds are few where Nomad registers many instances. So
//! what a name costs depends neither on the instances nor on how many tags they carry.

use std::collections::HashMap;

use ahash::RandomState;

use super::labels::{LABEL_OCTETS, is_label};
use super::taken::{Members, Taken};
use super::{Group, Instance};

/// From what names say to the kinds of instances that it means.
#[derive(Debug)]
pub struct Index {
    kinds: usize,
    /// Where the instances of a kind end that stand together, and the kind.
    runs: Box<[(u32, u32)]>,
    tags: Labelled<Members>,
    datacenters: Labelled<Members>,
    port_labels: Labelled<Members>,
    most_tags: usize,
}

/// Something for each label, in small letters.
type Labelled<T> = HashMap<Box<[u8]>, T, RandomState>;

/// What names can say of an instance beside the service: tags, datacenter, label of the port.
type Kind = (Vec<Box<str>>, Option<Box<str>>, Option<Box<str>>);

impl Index {
    pub(super) fn new<'a>(name: &str, instances: impl Iterator<Item = &'a Instance>) -> Self {
        let mut kinds: HashMap<Kind, u32, RandomState> = HashMap::default();
        let mut of_groups: HashMap<*const Group, u32, RandomState> = HashMap::default();
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (end, instance) in (1..).zip(instances) {
            let group = &instance.group;
            let kind = *of_groups.entry(&raw const **group).or_insert_with(|| {
                // There are no more of them than instances.
                let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
                *kinds.entry(kind_of(group, name)).or_insert(next)
            });
            match runs.last_mut() {
                Some(run) if run.1 == kind => run.0 = end,
                _ => runs.push((end, kind)),
            }
        }
        let count = kinds.len();
        let most_tags = kinds.keys().map(|(tags, ..)| tags.len()).max();
        let members = |labels: fn(&Kind) -> &[Box<str>]| {
            let mut found: Labelled<Vec<u32>> = HashMap::default();
            for (kind, number) in &kinds {
                for label in labels(kind) {
                    let places = found.entry(label.as_bytes().into()).or_default();
                    places.push(*number);
                }
            }
            let found = found.into_iter();
            found
                .map(|(label, places)| (label, Members::new(&places, count)))
                .collect()
        };
        Self {
            kinds: count,
            runs: runs.into(),
            tags: members(|(tags, ..)| tags),
            datacenters: members(|(_, datacenter, _)| datacenter.as_slice()),
            port_labels: members(|(.., port_label)| port_label.as_slice()),
            most_tags: most_tags.unwrap_or(0),
        }
    }

    /// All kinds.
    pub fn all(&self) -> Taken {
        Taken::all(self.kinds)
    }

    /// None of the kinds.
    pub fn none(&self) -> Taken {
        Taken::none(self.kinds)
    }

    /// The most different tags that an instance carries.
    pub fn most_tags(&self) -> usize {
        self.most_tags
    }

    /// Leaves in `taken` what carries a tag.
    pub fn keep_tagged(&self, taken: &mut Taken, tag: &[u8]) {
        taken.keep_members(found(&self.tags, tag));
    }

    /// Leaves in `taken` what is in a datacenter.
    pub fn keep_in_datacenter(&self, taken: &mut Taken, label: &[u8]) {
        taken.keep_members(found(&self.datacenters, label));
    }

    /// Leaves in `taken` what carries a tag or has a port that is called so.
    pub fn keep_called(&self, taken: &mut Taken, name: &[u8]) {
        let mut called = self.none();
        called.add(found(&self.tags, name));
        called.add(found(&self.port_labels, name));
        taken.keep(&called);
    }

    /// Goes through the places of the instances that are taken, those that stand together at once.
    pub(super) fn places<'a>(
        &'a self,
        taken: &'a Taken,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        let mut start = 0;
        let runs = self.runs.iter().map(move |(end, kind)| {
            let end = *end as usize;
            (std::mem::replace(&mut start, end)..end, *kind as usize)
        });
        runs.filter(|(_, kind)| taken.has(*kind))
            .map(|(places, _)| places)
    }
}

fn found<'a, T>(labelled: &'a Labelled<T>, label: &[u8]) -> Option<&'a T> {
    let mut folded = [0; LABEL_OCTETS];
    let folded = folded.get_mut(..label.len())?;
    folded.copy_from_slice(label);
    folded.make_ascii_lowercase();
    labelled.get(&*folded)
}

fn kind_of(group: &Group, name: &str) -> Kind {
    let folded = |text: &str| is_label(text).then(|| text.to_ascii_lowercase().into_boxed_str());
    let mut tags: Vec<_> = group.tags.iter().filter_map(|tag| folded(tag)).collect();
    tags.sort_unstable();
    tags.dedup();
    let port_label = group.port_label(name.as_bytes());
    (tags, folded(&group.datacenter), port_label.and_then(folded))
}
