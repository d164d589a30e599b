//! Finds the OPT of a message that cannot be decoded, so that its answer has one too (RFC 6891 §6.1.1).
//!
//! Used for messages that the gate or the decoder rejects. It skips questions and records without interpreting them.
//! Each step consumes part of the message, so no count in a header can cause work.

use super::super::RecordType;
use super::super::edns::{Edns, EdnsOptions, PLAIN_UDP_OCTETS};

/// The type, the class, the TTL and the length of a record's data, in octets.
const FIXED_OCTETS: usize = 10;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OptPlace {
    /// No OPT.
    None,
    /// One; what it says but for its options.
    One(Edns),
    /// More than there may be; what the first says.
    Several(Edns),
}

/// Looks for the OPT in the additional section of a message; `body` is what is behind its header.
pub(super) fn find_opt(counts: [u16; 4], body: &[u8]) -> OptPlace {
    let [questions, others @ .., additional] = counts;
    let others: u32 = others.into_iter().map(u32::from).sum();
    let mut rest = body;
    for _ in 0..questions {
        match skip_name(rest).and_then(|rest| rest.get(4..)) {
            Some(behind) => rest = behind,
            None => return OptPlace::None,
        }
    }
    let mut found = OptPlace::None;
    for number in 0..others + u32::from(additional) {
        let Some((fixed, data)) = skip_name(rest).and_then(<[u8]>::split_first_chunk) else {
            break;
        };
        let &[t0, t1, p0, p1, v0, v1, v2, v3, l0, l1]: &[u8; FIXED_OCTETS] = fixed;
        if number >= others && u16::from_be_bytes([t0, t1]) == RecordType::OPT.0 {
            found = match found {
                OptPlace::None => {
                    let payload_octets = u16::from_be_bytes([p0, p1]);
                    OptPlace::One(Edns::without_options(payload_octets, [v0, v1, v2, v3]))
                }
                OptPlace::One(edns) | OptPlace::Several(edns) => OptPlace::Several(edns),
            };
        }
        match data.get(usize::from(u16::from_be_bytes([l0, l1]))..) {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    found
}

impl Edns {
    /// What the fixed part of an OPT says: its class, and its TTL.
    pub(super) fn without_options(payload_octets: u16, [_, version, flags, _]: [u8; 4]) -> Self {
        Self {
            payload_octets: payload_octets.max(PLAIN_UDP_OCTETS),
            version,
            dnssec_ok: flags & 0x80 != 0,
            options: EdnsOptions::default(),
        }
    }
}

/// What is behind the name that begins here; none when it does not end.
pub(super) fn skip_name(mut octets: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, rest) = octets.split_first()?;
        octets = match length >> 6 {
            0 if length == 0 => return Some(rest),
            0 => rest.get(usize::from(length)..)?,
            3 => return rest.get(1..),
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x05nomad\0\0\x06\0\x01";
    const RECORD: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x02??";
    const OPT: &[u8] = b"\0\0\x29\x02\0\0\x01\x80\0\0\0";

    fn find(counts: [u16; 4], parts: &[&[u8]]) -> OptPlace {
        find_opt(counts, &parts.concat())
    }

    #[test]
    fn an_opt_is_found_behind_whatever_stands_before_it() {
        let edns = Edns::without_options(512, [0, 1, 0x80, 0]);
        assert!(edns.dnssec_ok && edns.version == 1);
        for (counts, parts) in [
            ([0, 0, 0, 1], &[OPT][..]),
            ([1, 0, 0, 1], &[QUESTION, OPT]),
            ([2, 0, 0, 1], &[QUESTION, b"\xc0\x0c\0\x06\0\x01", OPT]),
            ([1, 1, 1, 2], &[QUESTION, RECORD, RECORD, RECORD, OPT]),
            ([1, 0, 0, 9], &[QUESTION, OPT, b"not nine"]),
            ([1, 0, 0, 1], &[QUESTION, &OPT[..9], b"\0\x09"]),
        ] {
            assert_eq!(find(counts, parts), OptPlace::One(edns), "{counts:?}");
        }
        assert_eq!(find([0, 0, 0, 2], &[OPT, OPT]), OptPlace::Several(edns));
    }

    #[test]
    fn no_opt_is_found_where_none_is_counted_or_what_precedes_it_is_cut() {
        for (counts, parts) in [
            ([0, 0, 0, 0], &[OPT][..]),
            ([0, 1, 0, 0], &[OPT]),
            ([1, 0, 0, 1], &[QUESTION]),
            ([1, 0, 0, 1], &[b"\x45nomad\0\0\x06\0\x01", OPT]),
            ([1, 0, 0, 1], &[QUESTION, &OPT[..10]]),
            (
                [1, 0, 0, 2],
                &[QUESTION, b"\0\0\x01\0\x01\0\0\0\0\xff\xff", OPT],
            ),
            ([u16::MAX; 4], &[QUESTION, OPT]),
        ] {
            assert_eq!(find(counts, parts), OptPlace::None, "{counts:?}");
        }
    }
}
