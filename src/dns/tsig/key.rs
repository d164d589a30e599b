//! A key: a name, an algorithm and a secret.

use std::fmt;

use ring::hmac;

use super::super::Name;
use super::super::signature::{KeyId, Signer};
use super::algorithm::Algorithm;
use super::record;

/// A key that messages are signed with. It shows its name and never its secret.
pub struct Key {
    id: KeyId,
    name: Name,
    algorithm: Algorithm,
    secret: hmac::Key,
}

/// Why a secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Shorter than half of what the algorithm makes (RFC 8945 §8).
    #[error("has {octets} octets; {algorithm} needs at least {}, better {}", .algorithm.output_octets() / 2, .algorithm.output_octets())]
    SecretTooShort {
        /// How many it has.
        octets: usize,
        /// What it was to be used for.
        algorithm: Algorithm,
    },
}

impl Key {
    /// Makes a key of a secret in octets.
    ///
    /// # Errors
    /// A secret shorter than half of what the algorithm makes.
    pub fn new(name: &Name, algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let octets = secret.len();
        if octets < algorithm.output_octets() / 2 {
            return Err(KeyError::SecretTooShort { octets, algorithm });
        }
        Ok(Self {
            id: KeyId::of(name),
            name: name.to_lower_case(),
            algorithm,
            secret: hmac::Key::new(algorithm.hash(), secret),
        })
    }

    /// The id that a query has which it signed.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The name, in small letters.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The octets that the TSIG record of a message takes.
    pub fn signed_octets(&self) -> usize {
        let names = self.name.as_wire().len() + self.algorithm.as_wire().len();
        names + record::FIXED_OCTETS + self.algorithm.output_octets()
    }

    pub(super) fn signer(&self) -> Signer {
        Signer {
            key: self.id,
            // Two names and a signature: some hundred octets at most.
            signed_octets: u16::try_from(self.signed_octets()).unwrap_or(u16::MAX),
        }
    }

    pub(super) fn secret(&self) -> &hmac::Key {
        &self.secret
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_no_secret_and_needs_half_of_what_its_algorithm_makes() {
        let name = "transfer.example".parse().unwrap();
        for algorithm in Algorithm::ALL {
            let half = algorithm.output_octets() / 2;
            let key = Key::new(&name, algorithm, &vec![b'S'; half]).unwrap();
            // As text, as numbers, in base 64 and in hex.
            let shown = format!("{key:?}");
            for secret in ["SS", "83, 83", "U1NT", "5353"] {
                assert!(!shown.contains(secret), "{shown}");
            }
            let error = Key::new(&name, algorithm, &vec![b'S'; half - 1]).unwrap_err();
            assert!(error.to_string().contains(algorithm.as_str()), "{error}");
        }
    }
}
