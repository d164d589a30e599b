//! How many instances in a namespace have each tag, in each datacenter and in all: whether anything exists below
//! `_TAG.NAMESPACE`.
//!
//! Floor 1. The writer updates it with each change; a look-up reads one number. Only a hash of each tag is stored, so
//! that a million tags stay small. If two tags have the same hash, a name may exist without anything below it, but no
//! name is wrongly denied.

use imbl::OrdMap;

use super::labels::LABEL_OCTETS;

/// The longest tag that `_TAG` has room for, in octets.
const TAG_OCTETS: usize = LABEL_OCTETS - 1;

/// How many instances carry each tag.
#[derive(Clone, Debug, Default)]
pub(super) struct TagCounts {
    /// Seeded, so that nobody can choose tags of one hash.
    hasher: ahash::RandomState,
    instances: OrdMap<u64, u32>,
}

/// Where a tag is carried.
#[derive(Clone, Copy)]
pub(super) struct TagPlace<'a> {
    pub(super) namespace: &'a [u8],
    /// Any where it is none.
    pub(super) datacenter: Option<&'a [u8]>,
}

impl TagCounts {
    /// Whether any instance carries a tag there.
    pub(super) fn has(&self, place: TagPlace<'_>, tag: &[u8]) -> bool {
        self.key(place, tag)
            .is_some_and(|key| self.instances.contains_key(&key))
    }

    /// Adds instances that carry a tag there, or takes some away; whether the first came or the last went.
    pub(super) fn add(&mut self, place: TagPlace<'_>, tag: &str, step: isize) -> bool {
        let Some(key) = self.key(place, tag.as_bytes()) else {
            return false;
        };
        let step = i32::try_from(step).unwrap_or(if step < 0 { i32::MIN } else { i32::MAX });
        let Some(held) = self.instances.get_mut(&key) else {
            let first = 0_u32.saturating_add_signed(step);
            if first > 0 {
                self.instances.insert(key, first);
            }
            return first > 0;
        };
        *held = held.saturating_add_signed(step);
        let is_gone = *held == 0;
        if is_gone {
            self.instances.remove(&key);
        }
        is_gone
    }

    /// The same for names that differ by letter case alone; none for what no name can say.
    fn key(&self, place: TagPlace<'_>, tag: &[u8]) -> Option<u64> {
        let mut buffers = [[0; LABEL_OCTETS]; 3];
        let [namespace, datacenter, tag_buffer] = &mut buffers;
        let tag = fold(tag, &mut tag_buffer[..TAG_OCTETS])?;
        let namespace = fold(place.namespace, namespace)?;
        let datacenter = match place.datacenter {
            Some(label) => Some(fold(label, datacenter)?),
            None => None,
        };
        Some(self.hasher.hash_one((namespace, datacenter, tag)))
    }
}

/// Writes a label in small letters; none when it has no octets or too many.
fn fold<'buffer>(label: &[u8], buffer: &'buffer mut [u8]) -> Option<&'buffer [u8]> {
    let folded = buffer.get_mut(..label.len())?;
    folded.copy_from_slice(label);
    folded.make_ascii_lowercase();
    (!label.is_empty()).then_some(&*folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_there_from_its_first_instance_to_its_last() {
        let place = |namespace: &'static str, datacenter: Option<&'static str>| TagPlace {
            namespace: namespace.as_bytes(),
            datacenter: datacenter.map(str::as_bytes),
        };
        let (anywhere, there) = (place("prod", None), place("prod", Some("dc1")));
        let mut tags = TagCounts::default();
        assert!(tags.add(anywhere, "Blue", 2));
        assert!(tags.add(there, "Blue", 2));
        assert!(!tags.add(place("PROD", None), "BLUE", 1));
        assert!(!tags.add(anywhere, "green", -1), "it never came");
        assert!(tags.has(place("Prod", None), b"bLUE"));
        assert!(tags.has(place("Prod", Some("DC1")), b"blue"));
        for other in [place("default", None), place("prod", Some("dc2"))] {
            assert!(!tags.has(other, b"blue"));
        }
        assert!(!tags.add(anywhere, "blue", -2));
        assert!(tags.add(anywhere, "blue", -1));
        assert!(!tags.has(anywhere, b"blue") && tags.has(there, b"blue"));
        assert!(tags.add(there, "blue", -2));
        assert!(tags.instances.is_empty());
        assert!(tags.add(there, "blue", isize::MAX));
        assert!(tags.add(there, "blue", isize::MIN));
    }

    #[test]
    fn tags_that_are_empty_or_too_long_for_a_label_are_not_counted() {
        let place = TagPlace {
            namespace: b"prod",
            datacenter: None,
        };
        let mut tags = TagCounts::default();
        let longest = "t".repeat(TAG_OCTETS);
        for (tag, is_held) in [
            ("", false),
            (&*longest, true),
            (&*(longest.clone() + "t"), false),
        ] {
            assert_eq!(tags.add(place, tag, 1), is_held, "{tag}");
            assert_eq!(tags.has(place, tag.as_bytes()), is_held, "{tag}");
        }
    }
}
