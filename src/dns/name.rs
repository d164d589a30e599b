//! A domain name in wire form, stored inline: handling a query allocates no name.
//!
//! Letter case is kept, and names are compared without it (RFC 4343). Text forms are made elsewhere.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::labels::Labels;

/// The longest name, in octets with its root label (RFC 1035 §2.3.4).
const NAME_OCTETS: usize = 255;
/// The longest label, in octets (RFC 1035 §2.3.4).
const LABEL_OCTETS: usize = 63;

/// A domain name, absolute and uncompressed.
#[derive(Clone, Copy)]
pub struct Name {
    pub(super) length: u8,
    pub(super) octets: [u8; NAME_OCTETS],
}

/// Why octets or labels are no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The octets end before the name does.
    #[error("the name ends before its root label")]
    Truncated,
    /// A label of more than 63 octets, a compression pointer or an unknown kind of label.
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// An empty label before the last.
    #[error("a label is empty")]
    EmptyLabel,
    /// More than 255 octets.
    #[error("the name is longer than 255 octets")]
    TooLong,
}

impl Name {
    /// The most octets of a name, with its root label (RFC 1035 §2.3.4).
    pub const OCTETS: usize = NAME_OCTETS;

    /// The root.
    pub const ROOT: Self = Self {
        length: 1,
        octets: [0; NAME_OCTETS],
    };

    /// Reads an uncompressed name from the start of `octets`; its length is that of `as_wire`.
    ///
    /// # Errors
    /// Octets that are no name, compression pointers among them: a question has none.
    pub fn from_wire(octets: &[u8]) -> Result<Self, NameError> {
        let mut end = 0;
        loop {
            match octets.get(end) {
                None => return Err(NameError::Truncated),
                Some(0) => break,
                Some(&length) if usize::from(length) > LABEL_OCTETS => {
                    return Err(NameError::LabelTooLong);
                }
                Some(&length) => end += 1 + usize::from(length),
            }
            if end >= NAME_OCTETS {
                return Err(NameError::TooLong);
            }
        }
        let mut name = Self::ROOT;
        name.octets[..=end].copy_from_slice(&octets[..=end]);
        // At most 255, as checked in the loop.
        name.length = u8::try_from(end + 1).map_err(|_| NameError::TooLong)?;
        Ok(name)
    }

    /// Builds a name from its labels, left to right, the root left out.
    ///
    /// # Errors
    /// A label that is empty or too long, or too many of them.
    pub fn from_labels<'label>(
        labels: impl IntoIterator<Item = &'label [u8]>,
    ) -> Result<Self, NameError> {
        let mut name = Self::ROOT;
        for label in labels {
            name.push(label)?;
        }
        Ok(name)
    }

    /// Appends a label before the root.
    ///
    /// # Errors
    /// A label that is empty or too long, or a name that becomes too long; the name stays as it was.
    pub fn push(&mut self, label: &[u8]) -> Result<(), NameError> {
        let at = usize::from(self.length) - 1;
        let length = match u8::try_from(label.len()) {
            Ok(0) => return Err(NameError::EmptyLabel),
            Ok(length) if label.len() <= LABEL_OCTETS => length,
            _ => return Err(NameError::LabelTooLong),
        };
        let whole = u8::try_from(at + label.len() + 2).map_err(|_| NameError::TooLong)?;
        self.octets[at] = length;
        self.octets[at + 1..=at + label.len()].copy_from_slice(label);
        self.octets[usize::from(whole) - 1] = 0;
        self.length = whole;
        Ok(())
    }

    /// The wire form, with the root label.
    pub fn as_wire(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.length == 1
    }

    /// Splits it into its labels.
    pub fn labels(&self) -> Labels<'_> {
        Labels::of(self.as_wire())
    }

    /// Whether it is `zone` or below it.
    pub fn is_within(&self, zone: &Self) -> bool {
        self.labels_above(zone).is_some()
    }

    /// How many labels it has more than `zone`; none when it is not within it.
    pub fn labels_above(&self, zone: &Self) -> Option<usize> {
        let start = usize::from(self.length).checked_sub(usize::from(zone.length))?;
        if !self.as_wire()[start..].eq_ignore_ascii_case(zone.as_wire()) {
            return None;
        }
        // The octets of the zone must begin where a label does.
        let (mut at, mut count) = (0, 0);
        while at < start {
            at += 1 + usize::from(self.octets[at]);
            count += 1;
        }
        (at == start).then_some(count)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // The octets of lengths are below those of letters, so all of it can be folded.
        self.as_wire().eq_ignore_ascii_case(other.as_wire())
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.to_lower_case().as_wire());
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in self.labels().iter() {
            write!(f, "{}.", label.escape_ascii())?;
        }
        if self.is_root() {
            f.write_str(".")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_labels(
            text.split('.')
                .filter(|label| !label.is_empty())
                .map(str::as_bytes),
        )
        .unwrap()
    }

    #[test]
    fn letter_case_is_kept_and_not_compared() {
        let (mixed, lower) = (name("ReDis.Default.NOMAD"), name("redis.default.nomad"));
        assert_eq!(mixed, lower);
        assert_ne!(mixed.as_wire(), lower.as_wire());
        assert_eq!(mixed.to_lower_case().as_wire(), lower.as_wire());
        let longest = |letter: u8| {
            let labels = [[letter; 63]; 3];
            let labels = labels.iter().map(<[u8; 63]>::as_slice);
            Name::from_labels(labels.chain([&[letter; 61][..]])).unwrap()
        };
        let folded = longest(b'Q').to_lower_case();
        assert_eq!(folded.as_wire(), longest(b'q').as_wire());
    }

    #[test]
    fn a_zone_matches_at_labels_only() {
        let zone = name("nomad");
        assert_eq!(name("a.b.nomad").labels_above(&zone), Some(2));
        assert_eq!(name("NOMAD").labels_above(&zone), Some(0));
        assert_eq!(name("xnomad").labels_above(&zone), None);
        assert_eq!(name("nomad.example").labels_above(&zone), None);
        // The octets of the zone stand in this label, but no label begins there.
        let tricky = Name::from_labels([b"a\x05nomad".as_slice()]).unwrap();
        assert_eq!(tricky.labels_above(&zone), None);
        assert_eq!(name("a.b").labels_above(&Name::ROOT), Some(2));
    }

    #[test]
    fn limits_of_rfc_1035_hold() {
        assert_eq!(
            Name::from_labels([[b'a'; 64].as_slice()]),
            Err(NameError::LabelTooLong)
        );
        assert_eq!(
            Name::from_labels([b"".as_slice()]),
            Err(NameError::EmptyLabel)
        );
        let label = [b'a'; 63];
        let longest = [&label[..], &label, &label, &label[..61]];
        assert_eq!(Name::from_labels(longest).unwrap().as_wire().len(), 255);
        assert_eq!(Name::from_labels([&label[..]; 4]), Err(NameError::TooLong));
        assert_eq!(Name::from_wire(&[3, b'a']), Err(NameError::Truncated));
        assert_eq!(Name::from_wire(&[0xc0, 0x0c]), Err(NameError::LabelTooLong));
        assert_eq!(
            Name::from_labels([b"a".as_slice(); 127])
                .unwrap()
                .labels()
                .len(),
            127
        );
    }
}
