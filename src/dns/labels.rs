//! The labels of a name, located once, then accessible in any order.

use std::fmt;

/// The most labels that fit into a name, the root not counted.
const MOST_LABELS: usize = 127;

/// The labels of a name from left to right, the root left out.
#[derive(Clone, Copy)]
pub struct Labels<'name> {
    octets: &'name [u8],
    starts: [u8; MOST_LABELS],
    count: usize,
}

impl<'name> Labels<'name> {
    /// Finds the labels of a name in wire form, which ends with its root label.
    pub(super) fn of(octets: &'name [u8]) -> Self {
        let mut labels = Self {
            octets,
            starts: [0; MOST_LABELS],
            count: 0,
        };
        let mut at = 0;
        while octets[at] != 0 && labels.count < MOST_LABELS {
            // A name has at most 255 octets.
            labels.starts[labels.count] = u8::try_from(at).unwrap_or(u8::MAX);
            labels.count += 1;
            at += 1 + usize::from(octets[at]);
        }
        labels
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether the name is the root.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The label at a place, 0 being the leftmost.
    pub fn at(&self, place: usize) -> Option<&'name [u8]> {
        let start = usize::from(*self.starts[..self.count].get(place)?);
        let length = usize::from(self.octets[start]);
        self.octets.get(start + 1..=start + length)
    }

    /// Goes through them from left to right.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'name [u8]> + use<'name, '_> {
        (0..self.count).filter_map(|place| self.at(place))
    }
}

impl fmt::Debug for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(<[u8]>::escape_ascii))
            .finish()
    }
}
