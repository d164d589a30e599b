//! Classes as text (RFC 6895 §3.2, RFC 3597 §5).

use std::fmt;
use std::str::FromStr;

use super::super::Class;
use super::escape::shown;
use super::types::numbered;

/// Why text is no class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a class: a mnemonic such as `IN`, or `CLASS1` to `CLASS65535`, is expected")]
pub struct ClassTextError(String);

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match CLASSES.iter().find(|(number, _)| *number == self.0) {
            Some((_, mnemonic)) => f.pad(mnemonic),
            None => f.pad(&format!("CLASS{}", self.0)),
        }
    }
}

impl FromStr for Class {
    type Err = ClassTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        CLASSES
            .iter()
            .find(|(_, mnemonic)| mnemonic.eq_ignore_ascii_case(text))
            .map(|(number, _)| *number)
            .or_else(|| numbered(text, "CLASS"))
            .map(Self)
            .ok_or_else(|| ClassTextError(shown(text)))
    }
}

/// IANA "DNS CLASSes".
const CLASSES: [(u16, &str); 5] = [(1, "IN"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_a_mnemonic_or_a_number() {
        assert_eq!("ch".parse(), Ok(Class::CH));
        assert_eq!("CLASS32".parse(), Ok(Class(32)));
        assert_eq!(Class(32).to_string(), "CLASS32");
        assert_eq!(Class::ANY.to_string(), "ANY");
        assert!("INTERNET".parse::<Class>().is_err());
    }
}
