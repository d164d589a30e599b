//! The TSIG record in a message (RFC 8945 §4.2): read from its end, and appended to it.

use super::super::wire::{HEADER_OCTETS, TsigPlace, find_tsig, read_name};
use super::super::{Class, Name, RecordType};
use super::FUDGE_SECONDS;
use super::error::TsigError;

/// All of a record but its two names, its signature and its other data, in octets.
pub(super) const FIXED_OCTETS: usize = 26;

/// A TSIG record that is the last of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct TsigRecord<'message> {
    /// Where it begins.
    pub(super) start: usize,
    pub(super) key_name: Name,
    pub(super) algorithm: Name,
    /// When it was signed, in seconds since 1970.
    pub(super) time: u64,
    pub(super) fudge: u16,
    pub(super) mac: &'message [u8],
    pub(super) original_id: u16,
    pub(super) error: u16,
    pub(super) other: &'message [u8],
}

/// What is appended.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewRecord<'a> {
    /// The name of the key, in wire form.
    pub(super) key_name: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) variables: Variables<'a>,
    pub(super) mac: &'a [u8],
}

/// What is signed beside the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variables<'other> {
    /// When, in seconds since 1970.
    pub(super) time: u64,
    pub(super) fudge: u16,
    pub(super) error: u16,
    pub(super) other: &'other [u8],
}

impl Variables<'static> {
    /// Those of a message that is signed now.
    pub(super) fn at(now: u64) -> Self {
        Self {
            time: now,
            fudge: FUDGE_SECONDS,
            error: 0,
            other: &[],
        }
    }
}

impl<'message> TsigRecord<'message> {
    /// Reads the record that a message ends with.
    ///
    /// # Errors
    /// `Missing` and `Malformed`.
    pub(super) fn read(message: &'message [u8]) -> Result<Self, TsigError> {
        match find_tsig(message) {
            TsigPlace::None => Err(TsigError::Missing),
            TsigPlace::Misplaced => Err(TsigError::Malformed),
            TsigPlace::Last(start) => Self::read_at(message, start).ok_or(TsigError::Malformed),
        }
    }

    fn read_at(message: &'message [u8], start: usize) -> Option<Self> {
        let (key_name, at) = read_name(message, start).ok()?;
        let (&[_, _, c0, c1, ttl @ .., _, _], rdata) = message[at..].split_first_chunk::<10>()?;
        if Class(u16::from_be_bytes([c0, c1])) != Class::ANY || ttl != [0; 4] {
            return None;
        }
        // RFC 3597 §4: names in the data of newer types are not compressed.
        let algorithm = Name::from_wire(rdata).ok()?;
        let rest = &rdata[algorithm.as_wire().len()..];
        let (&[t0, t1, t2, t3, t4, t5, f0, f1, m0, m1], rest) = rest.split_first_chunk::<10>()?;
        let (mac, rest) = rest.split_at_checked(u16::from_be_bytes([m0, m1]).into())?;
        let (&[i0, i1, e0, e1, o0, o1], other) = rest.split_first_chunk::<6>()?;
        if other.len() != usize::from(u16::from_be_bytes([o0, o1])) {
            return None;
        }
        Some(Self {
            start,
            key_name,
            algorithm,
            time: u64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5]),
            fudge: u16::from_be_bytes([f0, f1]),
            mac,
            original_id: u16::from_be_bytes([i0, i1]),
            error: u16::from_be_bytes([e0, e1]),
            other,
        })
    }

    pub(super) fn variables(&self) -> Variables<'message> {
        Variables {
            time: self.time,
            fudge: self.fudge,
            error: self.error,
            other: self.other,
        }
    }

    /// Takes it out of its message, whose id becomes the original one again.
    pub(super) fn remove(start: usize, original_id: u16, message: &mut Vec<u8>) {
        message.truncate(start);
        message[..2].copy_from_slice(&original_id.to_be_bytes());
        change_count(&mut message[..HEADER_OCTETS], |count| {
            count.saturating_sub(1)
        });
    }
}

impl NewRecord<'_> {
    /// Appends it to the message that begins at octet `begin`, and counts it there.
    pub(super) fn append(&self, out: &mut Vec<u8>, begin: usize) {
        let id = [out[begin], out[begin + 1]];
        let [_, _, time @ ..] = self.variables.time.to_be_bytes();
        let (mac, other) = (self.mac, self.variables.other);
        let data = self.algorithm.len() + 16 + mac.len() + other.len();
        out.extend_from_slice(self.key_name);
        out.extend_from_slice(&RecordType::TSIG.0.to_be_bytes());
        out.extend_from_slice(&Class::ANY.0.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&length(data));
        out.extend_from_slice(self.algorithm);
        out.extend_from_slice(&time);
        out.extend_from_slice(&self.variables.fudge.to_be_bytes());
        out.extend_from_slice(&length(mac.len()));
        out.extend_from_slice(mac);
        out.extend_from_slice(&id);
        out.extend_from_slice(&self.variables.error.to_be_bytes());
        out.extend_from_slice(&length(other.len()));
        out.extend_from_slice(other);
        let header = &mut out[begin..begin + HEADER_OCTETS];
        change_count(header, |count| count.saturating_add(1));
    }
}

/// Changes how many records the additional section has.
fn change_count(header: &mut [u8], change: impl Fn(u16) -> u16) {
    let count = change(u16::from_be_bytes([header[10], header[11]]));
    header[10..12].copy_from_slice(&count.to_be_bytes());
}

/// A length that is some hundred octets at most.
fn length(octets: usize) -> [u8; 2] {
    u16::try_from(octets).unwrap_or(u16::MAX).to_be_bytes()
}
