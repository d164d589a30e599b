//! What a query says about who signed it (TSIG, RFC 8945), small enough to go with every query.
//!
//! Floor 1. `wire` notes that there is a signature, `tsig` checks it, and what depends on the signer asks for the key.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::Name;

/// Which key signed a message: the same for keys of the same name, also when the secret is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

/// The signature of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// It has none.
    #[default]
    Absent,
    /// It has one that nobody has checked.
    Unchecked,
    /// It has one that is valid.
    Valid(Signer),
}

/// Who signed a query, and what it takes to sign the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The key.
    pub key: KeyId,
    /// The octets that the TSIG record of an answer takes.
    pub signed_octets: u16,
}

impl KeyId {
    /// The id of the key of this name, in any letter case.
    pub fn of(name: &Name) -> Self {
        // The names are the operator's, so the hash needs no secret.
        let mut hasher = SipHasher24::new();
        hasher.write(name.to_lower_case().as_wire());
        Self(hasher.finish().to_be_bytes())
    }
}

impl Signature {
    /// The key of a valid signature.
    pub fn key(self) -> Option<KeyId> {
        match self {
            Self::Valid(signer) => Some(signer.key),
            Self::Absent | Self::Unchecked => None,
        }
    }

    /// The octets that an answer has to leave free for its own signature.
    pub fn signed_octets(self) -> usize {
        match self {
            Self::Valid(signer) => signer.signed_octets.into(),
            Self::Absent | Self::Unchecked => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_name_in_any_letter_case() {
        let id = |text: &str| KeyId::of(&text.parse().unwrap());
        assert_eq!(id("Transfer.Example"), id("transfer.example."));
        assert_ne!(id("transfer.example"), id("transfer.example.org"));
    }
}
