//! The EDNS options of queries and answers.

use std::net::IpAddr;

use super::super::edns::{ClientSubnet, Cookie, EdnsOptions};
use super::super::{Age, ExtendedError, Query, Recursion};
use super::opt::{EXTENDED_ERROR, Opt};

// The codes of the registry.
const NSID: u16 = 3;
const CLIENT_SUBNET: u16 = 8;
const COOKIE: u16 = 10;
const KEEPALIVE: u16 = 11;
const PADDING: u16 = 12;
const ZONE_VERSION: u16 = 19;

/// The type of a version that is the serial of the SOA (RFC 9660 §6.2).
const SOA_SERIAL: u8 = 0;

/// What an encrypted answer is padded to a multiple of, in octets (RFC 8467 §4.1).
const PADDING_BLOCK_OCTETS: usize = 468;
/// The longest NSID that is told, in octets.
pub const NSID_OCTETS: usize = 128;
/// Room for all options but the padding, in octets.
const ROOM_OCTETS: usize = 336;

/// What the server adds to an answer by EDNS, as far as the query asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Additions<'server> {
    /// Which server this is; cut after `NSID_OCTETS`.
    pub nsid: &'server [u8],
    /// The zone of the question, if it is one of the cluster's.
    pub zone: Option<AnsweredZone>,
    /// How long an idle connection is kept, in tenths of a second; only where there are connections.
    pub keepalive_tenths: Option<u16>,
    /// The server's part of the cookie.
    pub cookie: Option<[u8; 16]>,
    /// Whether what answers are made from is as new as it should be.
    pub age: Age,
    /// Whether the way is encrypted, so that padding hides something.
    pub may_pad: bool,
    /// Whether names of other zones are forwarded (RA); clients with EDNS and without are told.
    pub recursion: Recursion,
}

/// The zone that a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredZone {
    /// How many labels its apex has.
    pub labels: u8,
    /// Its serial.
    pub serial: u32,
}

impl EdnsOptions {
    /// Reads the options of an OPT; none when one that is known is malformed.
    pub(super) fn read(opt: &Opt<'_>) -> Option<Self> {
        let mut options = Self::default();
        for (code, data) in opt.options() {
            match code {
                NSID => options.wants_nsid = true,
                PADDING => options.wants_padding = true,
                ZONE_VERSION => options.wants_zone_version = true,
                // RFC 7828 §3.2.1: a client says nothing in it; some servers' clients do.
                KEEPALIVE if matches!(data.len(), 0 | 2) => options.wants_keepalive = true,
                KEEPALIVE => return None,
                COOKIE => {
                    let cookie = read_cookie(data)?;
                    options.cookie.get_or_insert(cookie);
                }
                CLIENT_SUBNET => {
                    let subnet = read_client_subnet(data)?;
                    options.client_subnet.get_or_insert(subnet);
                }
                _ => {}
            }
        }
        Some(options)
    }
}

/// RFC 7873 §5.2.2: 8 octets, or 16 to 40.
fn read_cookie(data: &[u8]) -> Option<Cookie> {
    let (client, server) = data.split_first_chunk::<8>()?;
    match server.len() {
        0 | 8..=32 => Some(Cookie {
            client: *client,
            server: server.try_into().ok(),
        }),
        _ => None,
    }
}

/// RFC 7871 §6 and §7.1.1: what is not whole, or says more bits than it counts, is malformed.
fn read_client_subnet(data: &[u8]) -> Option<ClientSubnet> {
    let (&[f0, f1, prefix, scope], octets) = data.split_first_chunk::<4>()?;
    let (most, family) = match u16::from_be_bytes([f0, f1]) {
        0 => (0, None),
        1 => (32, Some(4)),
        2 => (128, Some(16)),
        _ => return None,
    };
    let bits = usize::from(prefix);
    let unused = octets.len() * 8 - bits.min(octets.len() * 8);
    let last = octets.last().copied().unwrap_or(0);
    let counted = unused == 0 || last.trailing_zeros() as usize >= unused;
    if scope != 0 || prefix > most || octets.len() != bits.div_ceil(8) || !counted {
        return None;
    }
    let mut whole = [0; 16];
    whole[..octets.len()].copy_from_slice(octets);
    let address = family.map(|length| match length {
        4 => IpAddr::from([whole[0], whole[1], whole[2], whole[3]]),
        _ => IpAddr::from(whole),
    });
    Some(ClientSubnet { address, prefix })
}

/// Whether an answer is given with authority (AA).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    Ours,
    None,
}

/// The options of one answer, in wire form.
pub(super) struct AnswerOptions {
    octets: [u8; ROOM_OCTETS],
    length: usize,
    room: usize,
    pad: bool,
    /// The octets of the TSIG record that comes behind them.
    signed_octets: usize,
}

impl AnswerOptions {
    /// No options.
    pub(super) fn none() -> Self {
        Self {
            octets: [0; ROOM_OCTETS],
            length: 0,
            room: 0,
            pad: false,
            signed_octets: 0,
        }
    }

    /// Writes what this query is owed, as far as `room` octets hold it.
    ///
    /// They are written in place, since to give them back copies them all.
    pub(super) fn put_owed(
        &mut self,
        query: &Query,
        (authority, error): (Authority, Option<ExtendedError>),
        additions: &Additions<'_>,
        room: usize,
    ) {
        let Some(edns) = &query.edns else { return };
        self.room = room.min(ROOM_OCTETS);
        let asked = &edns.options;
        if asked.wants_nsid && !additions.nsid.is_empty() {
            let length = additions.nsid.len().min(NSID_OCTETS);
            self.put(NSID, &[&additions.nsid[..length]]);
        }
        // RFC 9660 §3.2: only what is answered with authority.
        if asked.wants_zone_version
            && let (Authority::Ours, Some(zone)) = (authority, additions.zone)
        {
            let version = zone.serial.to_be_bytes();
            self.put(ZONE_VERSION, &[&[zone.labels, SOA_SERIAL], &version]);
        }
        if let Some(subnet) = asked.client_subnet {
            self.put_client_subnet(subnet);
        }
        if let (Some(cookie), Some(server)) = (asked.cookie, additions.cookie) {
            self.put(COOKIE, &[&cookie.client, &server]);
        }
        if let (true, Some(tenths)) = (asked.wants_keepalive, additions.keepalive_tenths) {
            self.put(KEEPALIVE, &[&tenths.to_be_bytes()]);
        }
        if let Some(error) = error {
            self.put(
                EXTENDED_ERROR,
                &[&error.code.to_be_bytes(), error.text.as_bytes()],
            );
        }
        self.pad = asked.wants_padding && additions.may_pad;
        self.signed_octets = query.signature.signed_octets();
    }

    /// The most octets that they take in any message.
    pub(super) fn most_octets(&self) -> usize {
        self.length
            + if self.pad {
                4 + PADDING_BLOCK_OCTETS - 1
            } else {
                0
            }
    }

    /// The length of the options in a message that has `before` octets before them.
    pub(super) fn octets_after(&self, before: usize) -> usize {
        self.length + self.padding_after(before).map_or(0, |padding| 4 + padding)
    }

    /// Appends the options; `before` is where they begin in their message.
    pub(super) fn append(&self, before: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets[..self.length]);
        if let Some(padding) = self.padding_after(before) {
            out.extend_from_slice(&PADDING.to_be_bytes());
            out.extend_from_slice(&u16::try_from(padding).unwrap_or(0).to_be_bytes());
            out.resize(out.len() + padding, 0);
        }
    }

    /// How many octets fill the message up to a whole block; none when nothing is to be padded.
    fn padding_after(&self, before: usize) -> Option<usize> {
        let length = before + self.length + 4 + self.signed_octets;
        let whole = length
            .next_multiple_of(PADDING_BLOCK_OCTETS)
            .min(super::MESSAGE_OCTETS);
        self.pad.then(|| whole.saturating_sub(length))
    }

    /// RFC 7871 §7.2.1: the answer is the same for all networks, which scope 0 says.
    fn put_client_subnet(&mut self, subnet: ClientSubnet) {
        let octets = usize::from(subnet.prefix.div_ceil(8));
        match subnet.address {
            None => self.put(CLIENT_SUBNET, &[&[0, 0, 0, 0]]),
            Some(IpAddr::V4(address)) => {
                let head = [0, 1, subnet.prefix, 0];
                self.put(CLIENT_SUBNET, &[&head, &address.octets()[..octets.min(4)]]);
            }
            Some(IpAddr::V6(address)) => {
                let head = [0, 2, subnet.prefix, 0];
                self.put(CLIENT_SUBNET, &[&head, &address.octets()[..octets.min(16)]]);
            }
        }
    }

    /// Appends an option, if there is room; only where a client of UDP takes very little is there none for all.
    fn put(&mut self, code: u16, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let end = self.length + 4 + length;
        let (Some(space), Ok(length)) = (
            self.octets[..self.room].get_mut(self.length..end),
            u16::try_from(length),
        ) else {
            return;
        };
        space[..2].copy_from_slice(&code.to_be_bytes());
        space[2..4].copy_from_slice(&length.to_be_bytes());
        let mut at = 4;
        for part in parts {
            space[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        self.length = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_kept_for_options_is_what_the_longest_padding_takes_and_no_more() {
        let options = AnswerOptions {
            pad: true,
            length: 11,
            ..AnswerOptions::none()
        };
        let taken = (0..PADDING_BLOCK_OCTETS).map(|before| options.octets_after(before));
        assert_eq!(taken.max(), Some(options.most_octets()));
    }
}
