//! What the octets of an entry say: decoded by the writer, for the formats that have text.
//!
//! Floor 2. What a client sent is text only through `Name`'s `Display`, which escapes all that is not printable, so no entry
//! can contain a line end or a control character.

use std::net::IpAddr;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::ClientPrefixes;
use super::entry::QueryLogEntry;
use crate::dns::wire::{self, Flag, HEADER_OCTETS, Header, Message};
use crate::dns::{Class, Name, Rcode, RecordType, Section, Transport};

/// An entry, decoded.
#[derive(Debug)]
pub(super) struct DecodedEntry {
    /// When the query came.
    pub(super) time: OffsetDateTime,
    pub(super) client: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) transport: Transport,
    pub(super) id: u16,
    pub(super) opcode: crate::dns::Opcode,
    /// None where the query has none that can be read.
    pub(super) question: Option<(Name, RecordType, Class)>,
    pub(super) query_octets: usize,
    /// The payload that the client takes; none without EDNS.
    pub(super) payload_octets: Option<u16>,
    pub(super) dnssec_ok: bool,
    /// None where no response was sent.
    pub(super) response: Option<DecodedResponse>,
    pub(super) duration: Duration,
}

/// What was sent.
#[derive(Debug)]
pub(super) struct DecodedResponse {
    pub(super) rcode: Rcode,
    pub(super) header: Header,
    pub(super) octets: usize,
    /// The codes of its extended errors (RFC 8914).
    pub(super) extended_errors: Vec<u16>,
}

/// Which time of day an instant is.
#[derive(Clone, Copy, Debug)]
pub(super) struct WallClock {
    now: OffsetDateTime,
    instant: Instant,
}

impl WallClock {
    pub(super) fn read() -> Self {
        Self {
            now: OffsetDateTime::now_utc(),
            instant: Instant::now(),
        }
    }

    pub(super) fn at(self, instant: Instant) -> OffsetDateTime {
        let ago = self.instant.saturating_duration_since(instant);
        self.now
            .checked_sub(ago.try_into().unwrap_or_default())
            .unwrap_or(self.now)
    }
}

impl DecodedEntry {
    /// Decodes an entry.
    pub(super) fn read(entry: &QueryLogEntry, prefixes: ClientPrefixes, clock: WallClock) -> Self {
        let header = Header::read(entry.query()).ok();
        let question = question(entry.query());
        let edns = match wire::decode(entry.query(), entry.transport, entry.client) {
            Ok(query) => query.edns,
            Err(wire::Rejection::NoQuestion(query)) => query.edns,
            Err(wire::Rejection::Bare(bare)) => bare.edns,
            Err(_) => None,
        };
        Self {
            time: clock.at(entry.begun),
            client: entry.client.map(|it| prefixes.shorten(it)),
            port: entry.port,
            transport: entry.transport,
            id: header.map_or(0, |it| it.id),
            opcode: header.map_or(crate::dns::Opcode::QUERY, Header::opcode),
            question,
            query_octets: entry.query().len(),
            payload_octets: edns.map(|it| it.payload_octets),
            dnssec_ok: edns.is_some_and(|it| it.dnssec_ok),
            response: DecodedResponse::read(entry),
            duration: entry.answered.saturating_duration_since(entry.begun),
        }
    }
}

impl DecodedResponse {
    fn read(entry: &QueryLogEntry) -> Option<Self> {
        let header = Header::read(entry.response()).ok()?;
        // It cannot be read where only the header was kept.
        let message = Message::read(entry.response()).ok();
        let opt = message.as_ref().and_then(Message::opt);
        let errors = opt.map(|it| it.extended_errors().map(|error| error.code).collect());
        Some(Self {
            rcode: message
                .as_ref()
                .map_or_else(|| header.rcode(), Message::rcode),
            header,
            octets: entry.response_octets,
            extended_errors: errors.unwrap_or_default(),
        })
    }

    /// How many records the answer section has.
    pub(super) fn answers(&self) -> u16 {
        self.header.record_count(Section::Answer)
    }

    /// The bits that are set, as they stand in the header.
    pub(super) fn flags(&self) -> Vec<&'static str> {
        let set = Flag::ALL.into_iter().filter(|flag| self.header.has(*flag));
        set.map(Flag::as_str).collect()
    }
}

/// The first question of a message, even of one that is malformed behind it.
fn question(message: &[u8]) -> Option<(Name, RecordType, Class)> {
    let header = Header::read(message).ok()?;
    if header.question_count() == 0 {
        return None;
    }
    let body = message.get(HEADER_OCTETS..)?;
    let name = Name::from_wire(body).ok()?;
    let &[t0, t1, c0, c1] = body.get(name.as_wire().len()..)?.first_chunk::<4>()?;
    let record_type = RecordType(u16::from_be_bytes([t0, t1]));
    Some((name, record_type, Class(u16::from_be_bytes([c0, c1]))))
}
