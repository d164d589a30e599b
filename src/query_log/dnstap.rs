//! dnstap (dnstap.proto of dnstap.info): an entry as the messages `CLIENT_QUERY` and `CLIENT_RESPONSE`, in Protocol Buffers.
//!
//! Floor 2. Only the fields that are used are encoded, each by its number; `frames` puts them into Frame Streams.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::ClientPrefixes;
use super::entry::QueryLogEntry;
use super::frames;
use super::record::WallClock;
use crate::dns::Transport;

/// The fields of `Dnstap`.
const IDENTITY: u8 = 1;
const VERSION: u8 = 2;
const MESSAGE: u8 = 14;
const KIND: u8 = 15;
const KIND_MESSAGE: u64 = 1;
/// The fields of `Message`.
const MESSAGE_TYPE: u8 = 1;
const SOCKET_FAMILY: u8 = 2;
const SOCKET_PROTOCOL: u8 = 3;
const QUERY_ADDRESS: u8 = 4;
const QUERY_PORT: u8 = 6;
const QUERY_TIME_SECONDS: u8 = 8;
const QUERY_TIME_NANOSECONDS: u8 = 9;
const QUERY_MESSAGE: u8 = 10;
const RESPONSE_TIME_SECONDS: u8 = 12;
const RESPONSE_TIME_NANOSECONDS: u8 = 13;
const RESPONSE_MESSAGE: u8 = 14;
const CLIENT_QUERY: u64 = 5;
const CLIENT_RESPONSE: u64 = 6;
const INET: u64 = 1;
const INET6: u64 = 2;

/// What stands in each message.
#[derive(Debug)]
pub(super) struct DnstapEncoder {
    /// The fields `identity` and `version`.
    prologue: Vec<u8>,
    prefixes: ClientPrefixes,
    message: Vec<u8>,
}

impl DnstapEncoder {
    pub(super) fn new(identity: &[u8], prefixes: ClientPrefixes) -> Self {
        let mut prologue = Vec::new();
        push_octets(&mut prologue, IDENTITY, identity);
        let version = concat!("nomadns ", env!("CARGO_PKG_VERSION"));
        push_octets(&mut prologue, VERSION, version.as_bytes());
        Self {
            prologue,
            prefixes,
            message: Vec::new(),
        }
    }

    /// Appends the frames of a query and of its response, if there is one.
    pub(super) fn append(&mut self, entry: &QueryLogEntry, clock: WallClock, out: &mut Vec<u8>) {
        self.begin(CLIENT_QUERY, entry, clock);
        push_octets(&mut self.message, QUERY_MESSAGE, entry.query());
        self.end(out);
        if entry.response().is_empty() {
            return;
        }
        self.begin(CLIENT_RESPONSE, entry, clock);
        let (seconds, nanoseconds) = split(clock.at(entry.answered));
        push_number(&mut self.message, RESPONSE_TIME_SECONDS, seconds);
        push_fixed(&mut self.message, RESPONSE_TIME_NANOSECONDS, nanoseconds);
        if entry.is_whole() {
            push_octets(&mut self.message, RESPONSE_MESSAGE, entry.response());
        }
        self.end(out);
    }

    fn begin(&mut self, kind: u64, entry: &QueryLogEntry, clock: WallClock) {
        let message = &mut self.message;
        message.clear();
        push_number(message, MESSAGE_TYPE, kind);
        let client = entry.client.map(|it| self.prefixes.shorten(it));
        let family = match client {
            Some(IpAddr::V6(_)) => INET6,
            Some(IpAddr::V4(_)) | None => INET,
        };
        push_number(message, SOCKET_FAMILY, family);
        push_number(message, SOCKET_PROTOCOL, protocol(entry.transport));
        match client {
            Some(IpAddr::V4(address)) => push_octets(message, QUERY_ADDRESS, &address.octets()),
            Some(IpAddr::V6(address)) => push_octets(message, QUERY_ADDRESS, &address.octets()),
            None => {}
        }
        if entry.port != 0 {
            push_number(message, QUERY_PORT, entry.port.into());
        }
        let (seconds, nanoseconds) = split(clock.at(entry.begun));
        push_number(message, QUERY_TIME_SECONDS, seconds);
        push_fixed(message, QUERY_TIME_NANOSECONDS, nanoseconds);
    }

    fn end(&self, out: &mut Vec<u8>) {
        frames::append_data(out, |out| {
            out.extend_from_slice(&self.prologue);
            push_octets(out, MESSAGE, &self.message);
            push_number(out, KIND, KIND_MESSAGE);
        });
    }
}

/// `SocketProtocol`.
fn protocol(transport: Transport) -> u64 {
    match transport {
        Transport::Udp => 1,
        Transport::Tcp => 2,
        Transport::Dot => 3,
        Transport::Doh | Transport::Json => 4,
    }
}

fn split(time: OffsetDateTime) -> (u64, u32) {
    let seconds = u64::try_from(time.unix_timestamp()).unwrap_or(0);
    (seconds, time.nanosecond())
}

/// A field of a number, as a varint.
fn push_number(out: &mut Vec<u8>, field: u8, number: u64) {
    push_varint(out, u64::from(field) << 3);
    push_varint(out, number);
}

/// A field of four octets.
fn push_fixed(out: &mut Vec<u8>, field: u8, number: u32) {
    push_varint(out, u64::from(field) << 3 | 5);
    out.extend_from_slice(&number.to_le_bytes());
}

/// A field of octets, behind their length.
fn push_octets(out: &mut Vec<u8>, field: u8, octets: &[u8]) {
    push_varint(out, u64::from(field) << 3 | 2);
    push_varint(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        out.push(low | 0x80);
        number >>= 7;
    }
    let [last, ..] = number.to_le_bytes();
    out.push(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_the_specification_of_protocol_buffers_shows_them() {
        let mut out = Vec::new();
        // The examples of its documentation: 150 in field 1, "testing" in field 2.
        push_number(&mut out, 1, 150);
        push_octets(&mut out, 2, b"testing");
        assert_eq!(out, b"\x08\x96\x01\x12\x07testing");
        out.clear();
        push_fixed(&mut out, QUERY_TIME_NANOSECONDS, 0x0102_0304);
        push_number(&mut out, KIND, u64::MAX);
        assert_eq!(out[..5], [0x4d, 4, 3, 2, 1]);
        assert_eq!(
            out[5..],
            [0x78, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
        );
    }
}
