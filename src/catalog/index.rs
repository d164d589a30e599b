//! The index of a large service: from a tag to the instances that have it.
//!
//! Floor 1. A service builds it at the first query for more than its name, and keeps it; a change makes a new
//! service. Instances with the same labels form one kind, and even a large service usually has few kinds. So the cost
//! of a name depends neither on the number of instances nor on their tags.

use std::collections::HashMap;

use ahash::RandomState;
use smallvec::SmallVec;

use super::labels::{LABEL_OCTETS, is_label};
use super::place_set::{Members, PlaceSet};
use super::{Group, Instance};

/// From what names say to the kinds of instances that it means.
#[derive(Debug)]
pub struct Index {
    kinds: usize,
    /// Where the instances of a kind end that stand together, and the kind.
    runs: Box<[(u32, u32)]>,
    tags: Labelled,
    datacenters: Labelled,
    port_labels: Labelled,
    most_tags: usize,
}

/// The kinds of each label, which is in small letters.
#[derive(Debug)]
struct Labelled {
    numbers: Numbers,
    members: Box<[Members]>,
}

/// A number for each label, in small letters, from 0.
type Numbers = HashMap<Box<[u8]>, u32, RandomState>;

/// What names can say of an instance beside the service, by the numbers of the labels: tags, datacenter, label of the
/// port.
type InstanceKind = (SmallVec<[u32; 16]>, Option<u32>, Option<u32>);

/// Labels while they are gathered.
#[derive(Default)]
struct IndexBuilder {
    numbers: Numbers,
    /// The number of a label, and a kind that has it; kinds in their order.
    pairs: Vec<(u32, u32)>,
}

impl Index {
    pub(super) fn new<'a>(name: &str, instances: impl Iterator<Item = &'a Instance>) -> Self {
        let mut kinds: HashMap<InstanceKind, u32, RandomState> = HashMap::default();
        let mut of_groups: HashMap<*const Group, u32, RandomState> = HashMap::default();
        let mut runs: Vec<(u32, u32)> = Vec::new();
        let [mut tags, mut datacenters, mut port_labels] =
            [(); 3].map(|()| IndexBuilder::default());
        let mut most_tags = 0;
        for (end, instance) in (1..).zip(instances) {
            let group = &instance.group;
            let kind = *of_groups.entry(&raw const **group).or_insert_with(|| {
                let mut carried: SmallVec<[u32; 16]> = group
                    .tags
                    .iter()
                    .filter_map(|tag| tags.number(tag))
                    .collect();
                carried.sort_unstable();
                carried.dedup();
                most_tags = most_tags.max(carried.len());
                let datacenter = datacenters.number(&group.datacenter);
                let port_label = group.port_label(name.as_bytes());
                let port_label = port_label.and_then(|label| port_labels.number(label));
                let next = number_of(kinds.len());
                *kinds
                    .entry((carried, datacenter, port_label))
                    .or_insert_with_key(|kind| {
                        tags.pairs.extend(kind.0.iter().map(|tag| (*tag, next)));
                        datacenters.pairs.extend(kind.1.map(|label| (label, next)));
                        port_labels.pairs.extend(kind.2.map(|label| (label, next)));
                        next
                    })
            });
            match runs.last_mut() {
                Some(run) if run.1 == kind => run.0 = end,
                _ => runs.push((end, kind)),
            }
        }
        let count = kinds.len();
        Self {
            kinds: count,
            runs: runs.into(),
            tags: tags.finish(count),
            datacenters: datacenters.finish(count),
            port_labels: port_labels.finish(count),
            most_tags,
        }
    }

    /// All kinds, to leave out others than those that are meant.
    pub fn all(&self) -> PlaceSet {
        PlaceSet::each(self.kinds)
    }

    /// None of the kinds.
    pub fn none(&self) -> PlaceSet {
        PlaceSet::none(self.kinds)
    }

    /// The same kinds, in the one form that there is of each set.
    pub fn settle(&self, taken: PlaceSet) -> PlaceSet {
        match taken == self.all() {
            true => PlaceSet::all(),
            false => taken,
        }
    }

    /// The most different tags that an instance carries.
    pub fn most_tags(&self) -> usize {
        self.most_tags
    }

    /// Leaves in `taken` what carries a tag.
    pub fn keep_tagged(&self, taken: &mut PlaceSet, tag: &[u8]) {
        taken.keep_members(self.tags.find(tag));
    }

    /// Leaves in `taken` what is in a datacenter.
    pub fn keep_in_datacenter(&self, taken: &mut PlaceSet, label: &[u8]) {
        taken.keep_members(self.datacenters.find(label));
    }

    /// Leaves in `taken` what carries a tag or has a port that is called so.
    pub fn keep_called(&self, taken: &mut PlaceSet, name: &[u8]) {
        let mut called = self.none();
        called.add(self.tags.find(name));
        called.add(self.port_labels.find(name));
        taken.keep(&called);
    }

    /// Goes through the places of the instances that are taken, those that stand together at once.
    pub(super) fn places<'a>(
        &'a self,
        taken: &'a PlaceSet,
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

impl Labelled {
    fn find(&self, label: &[u8]) -> Option<&Members> {
        let number = *self.numbers.get(folded(label, &mut [0; LABEL_OCTETS])?)?;
        self.members.get(number as usize)
    }
}

impl IndexBuilder {
    /// The number of a text; none where no label can be it.
    fn number(&mut self, text: &str) -> Option<u32> {
        let octets = &mut [0; LABEL_OCTETS];
        let label = folded(text.as_bytes(), octets).filter(|_| is_label(text))?;
        if let Some(number) = self.numbers.get(label) {
            return Some(*number);
        }
        let next = number_of(self.numbers.len());
        self.numbers.insert(label.into(), next);
        Some(next)
    }

    /// Puts the kinds of each label together.
    fn finish(self, kinds: usize) -> Labelled {
        // Where the kinds of each label end, once all before it are counted.
        let mut ends = vec![0; self.numbers.len()];
        for (label, _) in &self.pairs {
            ends[*label as usize] += 1;
        }
        let mut all = 0;
        for end in &mut ends {
            all += std::mem::replace(end, all);
        }
        let mut sorted = vec![0; all];
        for (label, kind) in self.pairs {
            let end = &mut ends[label as usize];
            sorted[*end] = kind;
            *end += 1;
        }
        let mut start = 0;
        let places = ends
            .into_iter()
            .map(|end| &sorted[std::mem::replace(&mut start, end)..end]);
        Labelled {
            members: places.map(|places| Members::new(places, kinds)).collect(),
            numbers: self.numbers,
        }
    }
}

/// A label in small letters; none where it is too long for one.
fn folded<'a>(label: &[u8], octets: &'a mut [u8; LABEL_OCTETS]) -> Option<&'a [u8]> {
    let folded = octets.get_mut(..label.len())?;
    folded.copy_from_slice(label);
    folded.make_ascii_lowercase();
    Some(folded)
}

/// There are no more of them than memory has room for.
fn number_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
