//! Finds the TSIG record of a message (RFC 8945 §5.2): the last of the additional section, and the only one.
//!
//! It skips questions and records without interpreting them. Each step consumes part of the message, so no count in a header
//! can cause work.

use super::super::RecordType;
use super::HEADER_OCTETS;
use super::find::skip_name;

/// The type, the class, the TTL and the length of a record's data, in octets.
const FIXED_OCTETS: usize = 10;

/// Where a message has a TSIG record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsigPlace {
    /// Nowhere, as far as it can be read.
    None,
    /// At its end, from this octet on.
    Last(usize),
    /// Where none may be, or cut short.
    Misplaced,
}

/// Looks for the TSIG record of a message.
pub fn find_tsig(message: &[u8]) -> TsigPlace {
    let Some((header, body)) = message.split_first_chunk::<HEADER_OCTETS>() else {
        return TsigPlace::None;
    };
    let count = |at: usize| u32::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let [questions, additional] = [count(4), count(10)];
    let records = count(6) + count(8) + additional;
    let mut rest = body;
    for _ in 0..questions {
        match skip_name(rest).and_then(|rest| rest.get(4..)) {
            Some(behind) => rest = behind,
            None => return TsigPlace::None,
        }
    }
    for number in 1..=records {
        let start = message.len() - rest.len();
        let Some((fixed, data)) = skip_name(rest).and_then(<[u8]>::split_first_chunk) else {
            return TsigPlace::None;
        };
        let &[t0, t1, .., l0, l1]: &[u8; FIXED_OCTETS] = fixed;
        let behind = data.get(usize::from(u16::from_be_bytes([l0, l1]))..);
        if u16::from_be_bytes([t0, t1]) == RecordType::TSIG.0 {
            let is_last = number == records && additional > 0;
            return match behind {
                Some([]) if is_last => TsigPlace::Last(start),
                _ => TsigPlace::Misplaced,
            };
        }
        match behind {
            Some(behind) => rest = behind,
            None => return TsigPlace::None,
        }
    }
    TsigPlace::None
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x05nomad\0\0\x06\0\x01";
    const RECORD: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x02??";
    const TSIG: &[u8] = b"\x01k\0\0\xfa\0\xff\0\0\0\0\0\x02??";

    fn find(counts: [u16; 4], parts: &[&[u8]]) -> TsigPlace {
        let header = [0; 2].into_iter().chain(counts).flat_map(u16::to_be_bytes);
        find_tsig(&[header.collect(), parts.concat()].concat())
    }

    #[test]
    fn a_tsig_is_found_at_the_end_only() {
        let at = HEADER_OCTETS + QUESTION.len();
        assert_eq!(find([1, 0, 0, 1], &[QUESTION, TSIG]), TsigPlace::Last(at));
        let behind = find([1, 0, 1, 2], &[QUESTION, RECORD, RECORD, TSIG]);
        assert_eq!(behind, TsigPlace::Last(at + 2 * RECORD.len()));
        for (counts, parts) in [
            ([1, 1, 0, 0], &[QUESTION, TSIG][..]),
            ([1, 0, 1, 0], &[QUESTION, TSIG]),
            ([1, 1, 0, 1], &[QUESTION, TSIG, RECORD]),
            ([1, 0, 0, 2], &[QUESTION, TSIG, RECORD]),
            ([1, 0, 0, 2], &[QUESTION, TSIG, TSIG]),
            ([1, 0, 0, 1], &[QUESTION, TSIG, b"more"]),
            ([1, 0, 0, 1], &[QUESTION, &TSIG[..TSIG.len() - 1]]),
            ([1, 0, 0, 2], &[QUESTION, TSIG]),
        ] {
            assert_eq!(find(counts, parts), TsigPlace::Misplaced, "{counts:?}");
        }
    }

    #[test]
    fn no_tsig_is_found_where_there_is_none_or_nothing_can_be_read() {
        for (counts, parts) in [
            ([1, 0, 0, 0], &[QUESTION, TSIG][..]),
            ([1, 0, 0, 1], &[QUESTION, RECORD]),
            ([1, 0, 0, 1], &[QUESTION, &TSIG[..9]]),
            ([2, 0, 0, 1], &[QUESTION]),
            ([u16::MAX; 4], &[QUESTION, TSIG]),
            (
                [1, 0, 0, 2],
                &[QUESTION, b"\0\0\x01\0\x01\0\0\0\0\xff\xff", TSIG],
            ),
        ] {
            assert_eq!(find(counts, parts), TsigPlace::None, "{counts:?}");
        }
        assert_eq!(find_tsig(&[0; 11]), TsigPlace::None);
    }
}
