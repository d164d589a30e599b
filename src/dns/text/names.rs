//! Domain names as text (RFC 1035 §5.1, RFC 4343 §2.1), internationalised ones by UTS 46.
//!
//! All names are absolute: the dot at the end is optional in input and always printed.

use std::fmt::{self, Write};
use std::str::{Chars, FromStr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::super::{Name, NameError};
use super::escape::shown;

/// The longest text that can be a name, in octets: each octet of a name can take four.
const TEXT_OCTETS: usize = 1024;

/// Why text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameTextError {
    /// No text at all.
    #[error("the name is empty; the root is written `.`")]
    Empty,
    /// Two dots in a row, or one at the beginning.
    #[error("`{0}` has an empty label: no two dots in a row, and none at the beginning")]
    EmptyLabel(String),
    /// A label of more octets than fit.
    #[error("the label `{0}` is longer than 63 octets")]
    LabelTooLong(String),
    /// A name of more octets than fit.
    #[error("`{0}` is longer than a name can be: 253 characters without escapes")]
    TooLong(String),
    /// A backslash with neither a character nor three digits of an octet behind it.
    #[error(
        "`{0}` has a broken escape: a backslash takes one character, or the three digits of an \
         octet from `\\000` to `\\255`"
    )]
    BrokenEscape(String),
    /// A label that UTS 46 has no ASCII form for.
    #[error(
        "the label `{0}` is not a valid internationalised label; letters, digits and hyphens are safe"
    )]
    NotInternational(String),
}

impl Name {
    /// Its text, as `Display` writes it, in one allocation for most names.
    pub(in super::super) fn to_text(self) -> String {
        let mut text = String::with_capacity(self.as_wire().len());
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
        text
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels().iter() {
            write_label(label, f)?;
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl FromStr for Name {
    type Err = NameTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => return Err(NameTextError::Empty),
            "." => return Ok(Self::ROOT),
            _ if text.len() > TEXT_OCTETS => return Err(NameTextError::TooLong(shown(text))),
            _ => {}
        }
        let mut name = Self::ROOT;
        let mut characters = text.chars();
        let mut last = LabelEnd::AtDot;
        while !(last == LabelEnd::AtEnd || !name.is_root() && characters.as_str().is_empty()) {
            let mut label = Label::default();
            last = label.read(&mut characters, text)?;
            let octets = label.into_octets()?;
            name.push(&octets).map_err(|error| match error {
                NameError::EmptyLabel => NameTextError::EmptyLabel(shown(text)),
                NameError::LabelTooLong => NameTextError::LabelTooLong(lossy(&octets)),
                NameError::TooLong | NameError::Truncated => NameTextError::TooLong(shown(text)),
            })?;
        }
        Ok(name)
    }
}

/// Writes one label with what would not read back escaped, as BIND does.
fn write_label(label: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Most labels have nothing to escape: they are written at once.
    if label
        .iter()
        .all(|octet| octet.is_ascii_graphic() && !is_special(*octet))
        && let Ok(text) = std::str::from_utf8(label)
    {
        return f.write_str(text);
    }
    for &octet in label {
        match octet {
            _ if is_special(octet) => {
                f.write_char('\\')?;
                f.write_char(char::from(octet))?;
            }
            b'!'..=b'~' => f.write_char(char::from(octet))?,
            _ => write!(f, "\\{octet:03}")?,
        }
    }
    Ok(())
}

/// Whether a character that can be printed means something else in a master file.
fn is_special(octet: u8) -> bool {
    matches!(
        octet,
        b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$'
    )
}

/// Whether a label was the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LabelEnd {
    AtDot,
    AtEnd,
}

/// One label as it is read.
#[derive(Default)]
struct Label {
    octets: Vec<u8>,
    escapes: usize,
    international: usize,
}

impl Label {
    fn read(&mut self, characters: &mut Chars<'_>, whole: &str) -> Result<LabelEnd, NameTextError> {
        let mut utf8 = [0; 4];
        while let Some(character) = characters.next() {
            match character {
                // UTS 46 §2.3: what East Asian keyboards write for a dot is one.
                '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => return Ok(LabelEnd::AtDot),
                '\\' => {
                    let octet = read_escape(characters)
                        .ok_or_else(|| NameTextError::BrokenEscape(shown(whole)))?;
                    self.octets.push(octet);
                    self.escapes += 1;
                }
                _ => {
                    let encoded = character.encode_utf8(&mut utf8).as_bytes();
                    self.octets.extend_from_slice(encoded);
                    self.international += usize::from(!character.is_ascii());
                }
            }
        }
        Ok(LabelEnd::AtEnd)
    }

    fn into_octets(self) -> Result<Vec<u8>, NameTextError> {
        let ascii = match (self.international, self.escapes) {
            (0, _) => return Ok(self.octets),
            (_, 0) => Uts46::new()
                .to_ascii(
                    &self.octets,
                    AsciiDenyList::EMPTY,
                    Hyphens::Allow,
                    DnsLength::Ignore,
                )
                .ok(),
            // An escape says octets, the rest says characters: what is meant cannot be known.
            _ => None,
        };
        ascii
            .map(|ascii| ascii.as_bytes().to_vec())
            .ok_or_else(|| NameTextError::NotInternational(lossy(&self.octets)))
    }
}

/// Reads what stands behind a backslash.
fn read_escape(characters: &mut Chars<'_>) -> Option<u8> {
    let first = characters.next()?;
    let Some(hundreds) = first.to_digit(10) else {
        return u8::try_from(first).ok().filter(u8::is_ascii);
    };
    let tens = characters.next()?.to_digit(10)?;
    let ones = characters.next()?.to_digit(10)?;
    u8::try_from(hundreds * 100 + tens * 10 + ones).ok()
}

fn lossy(octets: &[u8]) -> String {
    shown(&String::from_utf8_lossy(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> Vec<u8> {
        text.parse::<Name>().unwrap().as_wire().to_vec()
    }

    fn error(text: &str) -> String {
        text.parse::<Name>().unwrap_err().to_string()
    }

    #[test]
    fn the_dot_at_the_end_may_be_left_out() {
        assert_eq!(wire("a.b"), b"\x01a\x01b\0");
        assert_eq!(wire("a.b."), b"\x01a\x01b\0");
        assert_eq!(wire("."), b"\0");
        assert_eq!(
            "WeB.Nomad".parse::<Name>().unwrap().to_string(),
            "WeB.Nomad."
        );
        assert_eq!(Name::ROOT.to_string(), ".");
    }

    #[test]
    fn escapes_are_decimal_and_what_would_not_read_back_is_escaped() {
        assert_eq!(wire(r"a\.b.c\046\255"), b"\x03a.b\x03c.\xff\0");
        let odd = Name::from_labels([b"a b.\\\"();@$*_/".as_slice(), b"\0\x7f\xff"]).unwrap();
        assert_eq!(
            odd.to_string(),
            r#"a\032b\.\\\"\(\)\;\@\$*_/.\000\127\255."#
        );
        assert_eq!(
            odd.to_string().parse::<Name>().unwrap().as_wire(),
            odd.as_wire()
        );
    }

    #[test]
    fn international_names_become_a_labels() {
        assert_eq!(wire("Bücher.nomad"), b"\x0dxn--bcher-kva\x05nomad\0");
        assert_eq!(wire("_a.bücher。nomad"), wire("_a.xn--bcher-kva.nomad"));
        assert!(error("\u{fffd}.nomad").contains("international"));
        assert!(error(r"b\252cher.ü\065").contains("international"));
    }

    #[test]
    fn what_is_no_name_is_refused_with_what_would_be_one() {
        assert!(error("").contains("root is written `.`"));
        for text in [".a", "a..b", "a..", ".."] {
            assert!(error(text).contains("empty label"), "{text}");
        }
        for text in [r"a\", r"a\25", r"a\256", r"a\2x5", "a\\ü"] {
            assert!(error(text).contains("broken escape"), "{text}");
        }
        assert!(error(&"a".repeat(64)).contains("63 octets"));
        assert!(error(&"a.".repeat(128)).contains("longer than a name"));
        assert!(error(&"a".repeat(100_000)).len() < 400);
        assert!(!error("a..\nb").contains('\n'));
    }
}
