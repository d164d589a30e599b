//! The signature itself: a keyed hash of a message and of what its TSIG record says (RFC 8945 §4.3).

use ring::hmac;
use subtle::ConstantTimeEq;

use super::super::wire::HEADER_OCTETS;
use super::key::Key;
use super::record::{NewRecord, TsigRecord, Variables};

/// The longest signature that there is, in octets: that of SHA-512.
const MAC_OCTETS: usize = 64;

/// A signature as it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mac {
    octets: [u8; MAC_OCTETS],
    length: u8,
}

/// How much of the record is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MacScope {
    /// All of it.
    Variables,
    /// The time and the fudge: in all messages of a sequence but the first (RFC 8945 §5.3.1).
    Timers,
}

impl Mac {
    /// Takes a signature that was received; none when it is longer than any.
    pub(super) fn received(octets: &[u8]) -> Option<Self> {
        let mut mac = Self {
            octets: [0; MAC_OCTETS],
            length: u8::try_from(octets.len()).ok()?,
        };
        mac.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(mac)
    }

    pub(super) fn as_octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }

    /// Whether a signature that was received is this one, or the beginning of it; in a time that does not tell where they differ.
    pub(super) fn begins_with(&self, received: &[u8]) -> bool {
        let compared = self.as_octets().get(..received.len());
        compared.is_some_and(|octets| octets.ct_eq(received).into())
    }
}

impl<'a> NewRecord<'a> {
    /// The record of a message that was signed.
    pub(super) fn of(key: &'a Key, variables: Variables<'a>, mac: &'a Mac) -> Self {
        Self {
            key_name: key.name().as_wire(),
            algorithm: key.algorithm().as_wire(),
            variables,
            mac: mac.as_octets(),
        }
    }
}

/// Signs a message that has no TSIG record yet; `prior` is the signature that it answers or follows.
pub(super) fn sign(
    key: &Key,
    prior: Option<&Mac>,
    message: &[u8],
    (variables, scope): (Variables<'_>, MacScope),
) -> Mac {
    let mut hash = begin(key, prior);
    hash.update(message);
    end(hash, key, variables, scope)
}

/// Makes the signature that a message with this TSIG record must have.
pub(super) fn expected(
    key: &Key,
    prior: Option<&Mac>,
    message: &[u8],
    (record, scope): (&TsigRecord<'_>, MacScope),
) -> Mac {
    let mut hash = begin(key, prior);
    // RFC 8945 §4.3.2: as it was before the record was added, and before anybody changed the id.
    let mut header = [0; HEADER_OCTETS];
    header.copy_from_slice(&message[..HEADER_OCTETS]);
    header[..2].copy_from_slice(&record.original_id.to_be_bytes());
    let additional = u16::from_be_bytes([header[10], header[11]]).saturating_sub(1);
    header[10..].copy_from_slice(&additional.to_be_bytes());
    hash.update(&header);
    hash.update(&message[HEADER_OCTETS..record.start]);
    end(hash, key, record.variables(), scope)
}

fn begin(key: &Key, prior: Option<&Mac>) -> hmac::Context {
    let mut hash = hmac::Context::with_key(key.secret());
    if let Some(prior) = prior {
        hash.update(&u16::from(prior.length).to_be_bytes());
        hash.update(prior.as_octets());
    }
    hash
}

fn end(mut hash: hmac::Context, key: &Key, variables: Variables<'_>, scope: MacScope) -> Mac {
    let [_, _, time @ ..] = variables.time.to_be_bytes();
    if scope == MacScope::Variables {
        hash.update(key.name().as_wire());
        // Class ANY, and a TTL of 0.
        hash.update(&[0, 255, 0, 0, 0, 0]);
        hash.update(key.algorithm().as_wire());
    }
    hash.update(&time);
    hash.update(&variables.fudge.to_be_bytes());
    if scope == MacScope::Variables {
        hash.update(&variables.error.to_be_bytes());
        // Only a time goes there, of six octets.
        let length = u16::try_from(variables.other.len()).unwrap_or(u16::MAX);
        hash.update(&length.to_be_bytes());
        hash.update(variables.other);
    }
    let tag = hash.sign();
    let mut mac = Mac {
        octets: [0; MAC_OCTETS],
        length: 0,
    };
    for (place, octet) in mac.octets.iter_mut().zip(tag.as_ref()) {
        *place = *octet;
        mac.length += 1;
    }
    mac
}
