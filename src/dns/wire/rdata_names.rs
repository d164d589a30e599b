//! Where names stand in the data of a record that may be compressed: what is passed on has to have them whole.
//!
//! Floor 1. RFC 1035 allows pointers in the types that it has; others were sent with them before RFC 3597 §4 forbade it,
//! and a receiver is to take those too. Of all other types the octets stay as they are.

use smallvec::SmallVec;

use super::super::{Name, RecordType};
use super::compression::read_name;
use super::message::{MessageError, Record};

/// The data of a record, taken apart at its names.
#[derive(Debug)]
pub struct RdataParts<'message> {
    /// What stands before the names.
    pub head: &'message [u8],
    /// The names, whole.
    pub names: SmallVec<[Name; 2]>,
    /// What stands behind them.
    pub tail: &'message [u8],
}

/// What stands before the names of a type's data, and how many names there are.
enum NamePlace {
    /// So many octets.
    Behind(usize, usize),
    /// So many octets, and then so many character strings (RFC 3403 §4.1).
    BehindTexts(usize, usize),
}

fn place(record_type: RecordType) -> Option<NamePlace> {
    Some(match record_type.0 {
        // NS MD MF CNAME MB MG MR PTR NSAP-PTR NXT DNAME
        2..=5 | 7..=9 | 12 | 23 | 30 | 39 => NamePlace::Behind(0, 1),
        // SOA MINFO RP
        6 | 14 | 17 => NamePlace::Behind(0, 2),
        // MX AFSDB RT KX
        15 | 18 | 21 | 36 => NamePlace::Behind(2, 1),
        // SIG RRSIG
        24 | 46 => NamePlace::Behind(18, 1),
        // PX
        26 => NamePlace::Behind(2, 2),
        // SRV
        33 => NamePlace::Behind(6, 1),
        // NAPTR
        35 => NamePlace::BehindTexts(4, 3),
        _ => return None,
    })
}

impl<'message> RdataParts<'message> {
    /// Takes the data of a record of `message` apart.
    ///
    /// # Errors
    /// Data that ends before its names do, or names that are none.
    pub fn read(message: &'message [u8], record: &Record) -> Result<Self, MessageError> {
        let (start, end) = (record.rdata.start, record.rdata.end);
        let whole = message.get(start..end).ok_or(MessageError::Truncated)?;
        let (head, count) = match place(record.record_type) {
            None => (whole.len(), 0),
            Some(NamePlace::Behind(octets, count)) => (octets, count),
            Some(NamePlace::BehindTexts(octets, texts)) => {
                let mut at = octets;
                for _ in 0..texts {
                    let length = whole.get(at).ok_or(MessageError::Truncated)?;
                    at += 1 + usize::from(*length);
                }
                (at, 1)
            }
        };
        let (mut names, mut at) = (SmallVec::new(), start + head);
        for _ in 0..count {
            // A name is read with all before it in the message, and nothing of what is behind the data.
            let within = message.get(..end).ok_or(MessageError::Truncated)?;
            let (name, behind) = read_name(within, at)?;
            names.push(name);
            at = behind;
        }
        Ok(Self {
            head: whole.get(..head).ok_or(MessageError::Truncated)?,
            names,
            tail: message.get(at..end).ok_or(MessageError::Truncated)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Class;
    use super::*;

    fn record(record_type: u16, rdata: std::ops::Range<usize>) -> Record {
        Record {
            owner: Name::ROOT,
            record_type: RecordType(record_type),
            class: Class::IN,
            ttl: 0,
            rdata,
        }
    }

    #[test]
    fn names_are_made_whole_and_what_is_around_them_stays() {
        let message = b"\x01a\x01b\0\x00\x0a\x01c\xc0\x02\x01d\xc0\x00tail";
        let read = |record_type, rdata| RdataParts::read(message, &record(record_type, rdata));
        let mx = read(15, 5..11).unwrap();
        assert_eq!((mx.head, mx.tail), (&b"\x00\x0a"[..], &b""[..]));
        assert_eq!(mx.names[0].as_wire(), b"\x01c\x01b\0");
        let soa = read(6, 7..19).unwrap();
        assert_eq!(soa.names[1].as_wire(), b"\x01d\x01a\x01b\0");
        assert_eq!(soa.tail, b"tail");
        let unknown = read(65_280, 5..11).unwrap();
        assert_eq!(unknown.head, &message[5..11]);
        assert!(unknown.names.is_empty() && unknown.tail.is_empty());
    }

    #[test]
    fn data_that_ends_within_a_name_is_refused() {
        let message = b"\x01a\0\x00\x0a\x01c\x00";
        assert!(RdataParts::read(message, &record(15, 3..7)).is_err());
        assert!(RdataParts::read(message, &record(15, 3..4)).is_err());
        assert!(RdataParts::read(message, &record(35, 3..8)).is_err());
        assert!(RdataParts::read(message, &record(15, 3..8)).is_ok());
    }
}
