//! Names in a message, which may end in a compression pointer (RFC 1035 §4.1.4).

use super::super::{Name, NameError};

/// The most pointers that one name may go through; real messages need one or two.
const MOST_POINTERS: usize = 64;

/// Why the octets at a place of a message are no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressedNameError {
    /// The message ends before the name does.
    #[error("the message ends within a name")]
    Truncated,
    /// A pointer that does not point backwards, one whose target runs into it, or too many of them.
    #[error("a name goes round in circles")]
    Loop,
    /// A label with bits that RFC 1035 reserves.
    #[error("a label is of an unknown kind")]
    UnknownLabel,
    /// More octets than a name can have.
    #[error("a name is longer than 255 octets")]
    TooLong,
}

/// Reads the name at octet `at` of a message, and tells where what follows it begins.
///
/// # Errors
/// Octets that are no name; what a pointer points to has to lie before what it ends, so none can loop.
pub fn read_name(message: &[u8], at: usize) -> Result<(Name, usize), CompressedNameError> {
    let mut name = Name::ROOT;
    let (mut place, mut begin) = (at, at);
    let (mut end, mut pointers, mut limit) = (None, 0, message.len());
    loop {
        // The end of the message, or a name that runs into the one that points to it.
        if place >= limit && pointers > 0 {
            return Err(CompressedNameError::Loop);
        }
        let length = *message.get(place).ok_or(CompressedNameError::Truncated)?;
        match length >> 6 {
            0 if length == 0 => return Ok((name, end.unwrap_or(place + 1))),
            0 => {
                let next = place + 1 + usize::from(length);
                let label = message
                    .get(place + 1..next)
                    .ok_or(CompressedNameError::Truncated)?;
                name.push(label).map_err(|error| match error {
                    NameError::TooLong => CompressedNameError::TooLong,
                    // Cannot be: the length is 1 to 63.
                    _ => CompressedNameError::UnknownLabel,
                })?;
                place = next;
            }
            3 => {
                let low = *message
                    .get(place + 1)
                    .ok_or(CompressedNameError::Truncated)?;
                end = end.or(Some(place + 2));
                let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                pointers += 1;
                if target >= begin || pointers > MOST_POINTERS {
                    return Err(CompressedNameError::Loop);
                }
                (place, begin, limit) = (target, target, begin);
            }
            _ => return Err(CompressedNameError::UnknownLabel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], at: usize) -> Result<(String, usize), CompressedNameError> {
        read_name(message, at).map(|(name, end)| (format!("{name:?}"), end))
    }

    #[test]
    fn a_pointer_goes_on_where_it_points_and_what_follows_is_behind_it() {
        let message = b"\x01a\x01b\0\x01c\xc0\x02\xc0\x05!";
        assert_eq!(text(message, 0), Ok(("a.b.".to_owned(), 5)));
        assert_eq!(text(message, 5), Ok(("c.b.".to_owned(), 9)));
        assert_eq!(text(message, 9), Ok(("c.b.".to_owned(), 11)));
    }

    #[test]
    fn circles_and_forward_pointers_are_refused() {
        for message in [
            &b"\xc0\x00"[..],
            b"\xc0\x02\x01a\0",
            b"\x01a\xc0\x00",
            b"\x01a\xc0\x02",
        ] {
            assert_eq!(
                text(message, 0),
                Err(CompressedNameError::Loop),
                "{message:?}"
            );
        }
        // What it points to runs into it.
        assert_eq!(
            text(b"\x03\x01b\xc0\0\0", 1),
            Err(CompressedNameError::Loop)
        );
        // Each points to the one before: an end there is, but far.
        let mut chain = vec![0, 0];
        for at in 0..100_u16 {
            chain.extend_from_slice(&(0xc000 | (at * 2)).to_be_bytes());
        }
        assert_eq!(text(&chain, 200), Err(CompressedNameError::Loop));
        let after = |pointers: usize| text(&chain, 2 * pointers).map(|(name, _)| name);
        assert_eq!(after(MOST_POINTERS), Ok(".".to_owned()));
        assert_eq!(after(MOST_POINTERS + 1), Err(CompressedNameError::Loop));
        assert_eq!(text(&chain, 100), Ok((".".to_owned(), 102)));
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_refused() {
        assert_eq!(text(b"", 0), Err(CompressedNameError::Truncated));
        assert_eq!(text(b"\x02a", 0), Err(CompressedNameError::Truncated));
        assert_eq!(text(b"\xc0", 0), Err(CompressedNameError::Truncated));
        assert_eq!(text(b"\x41a\0", 0), Err(CompressedNameError::UnknownLabel));
        let long = [&[63][..], &[b'a'; 63]].concat().repeat(5);
        assert_eq!(text(&long, 0), Err(CompressedNameError::TooLong));
    }
}
