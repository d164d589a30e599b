//! Reads the data of one record from left to right, never beyond its end.

use std::ops::Range;

use super::super::super::Name;
use super::super::super::wire::read_name;

/// What is left of the data of a record.
#[derive(Clone, Debug)]
pub(super) struct RdataReader<'message> {
    /// The message up to the end of the data.
    octets: &'message [u8],
    at: usize,
}

impl<'message> RdataReader<'message> {
    /// Reads the data at a place of a message; one that is not in it is as empty data.
    pub(super) fn new(message: &'message [u8], rdata: Range<usize>) -> Self {
        let octets = message.get(..rdata.end).unwrap_or_default();
        Self {
            octets,
            at: rdata.start.min(octets.len()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.octets.len()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'message [u8]> {
        let taken = self.octets.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    /// Takes what another that read on from here has read.
    pub(super) fn take_until(&mut self, other: &Self) -> &'message [u8] {
        other
            .at
            .checked_sub(self.at)
            .and_then(|length| self.take(length))
            .unwrap_or_default()
    }

    pub(super) fn rest(&mut self) -> &'message [u8] {
        let rest = &self.octets[self.at..];
        self.at = self.octets.len();
        rest
    }

    pub(super) fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        self.take(LENGTH)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes what an octet before it gives the length of (RFC 1035 §3.3).
    pub(super) fn counted(&mut self) -> Option<&'message [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// Takes a name, compressed or not.
    pub(super) fn name(&mut self) -> Option<Name> {
        let (name, end) = read_name(self.octets, self.at).ok()?;
        self.at = end;
        Some(name)
    }
}
