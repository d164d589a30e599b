//! Whether a message that came is the response to the query that was sent: by its id and its question alone.
//!
//! Floor 1. It is looked at before any decoder runs, so that what somebody else has written costs next to nothing and
//! ends no wait. What the response says, `received` reads.

use super::super::{Name, Rcode};
use super::HEADER_OCTETS;

const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const TRUNCATED: u8 = 0x02;
/// The code of a response, in the fourth octet.
const RCODE: u8 = 0x0f;
/// The type and the class behind a question's name, in octets.
const QUESTION_TAIL_OCTETS: usize = 4;

/// What a message is to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMatch {
    /// Its response, the question the same octet for octet; or an error without any question, of a server that could not
    /// read the query (RFC 6891 §7).
    Same,
    /// Its response but for the letter case of the question: of a server that does not keep it, or of somebody who
    /// could not know it.
    OtherCase,
    /// Something else.
    None,
}

/// What tells the response to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseId {
    /// The id, and the question.
    Checked,
    /// The question: the way that it came has told by its id, or its place, which it belongs to.
    Known,
}

/// Tells what `received` is to the query or the NOTIFY `sent`, which has one question.
pub fn match_response(sent: &[u8], received: &[u8], id: ResponseId) -> ResponseMatch {
    let Some((head, body)) = received.split_first_chunk::<HEADER_OCTETS>() else {
        return ResponseMatch::None;
    };
    let has_id = id == ResponseId::Known || sent.get(..2) == Some(&head[..2]);
    let opcode = sent.get(2).map_or(0, |bits| bits & OPCODE);
    let is_response = head[2] & (RESPONSE | OPCODE) == RESPONSE | opcode;
    if has_id && is_response && is_bare_error(head) {
        return ResponseMatch::Same;
    }
    let is_response = is_response && head[4..6] == [0, 1];
    let asked = sent.get(HEADER_OCTETS..).unwrap_or_default();
    let length = Name::from_wire(asked).map(|name| name.as_wire().len());
    let Some(length) = length.ok().filter(|_| is_response && has_id) else {
        return ResponseMatch::None;
    };
    let end = length + QUESTION_TAIL_OCTETS;
    match (asked.get(..end), body.get(..end)) {
        (Some(asked), Some(answered)) if asked == answered => ResponseMatch::Same,
        // Only the name has letters; a type or a class that looks like another letter is another one.
        (Some(asked), Some(answered))
            if asked[length..] == answered[length..]
                && asked[..length].eq_ignore_ascii_case(&answered[..length]) =>
        {
            ResponseMatch::OtherCase
        }
        _ => ResponseMatch::None,
    }
}

/// Whether a header is of an error that comes without a question and without records but for an OPT: it denies nothing.
fn is_bare_error(head: &[u8; HEADER_OCTETS]) -> bool {
    let is_error = ![Rcode::NOERROR, Rcode::NXDOMAIN].contains(&Rcode((head[3] & RCODE).into()));
    is_error && head[4..10] == [0; 6]
}

/// Whether a response says that it is cut short (TC).
pub fn is_truncated(received: &[u8]) -> bool {
    received.get(2).is_some_and(|bits| bits & TRUNCATED != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03wWw\x07eXample\0\0\x01\0\x01";

    fn changed(change: impl FnOnce(&mut Vec<u8>)) -> ResponseMatch {
        let mut received = SENT.to_vec();
        received[2] |= RESPONSE;
        change(&mut received);
        match_response(SENT, &received, ResponseId::Checked)
    }

    #[test]
    fn only_the_same_id_and_question_is_the_response() {
        assert_eq!(changed(|_| {}), ResponseMatch::Same);
        assert_eq!(changed(|it| it[13] ^= 0x20), ResponseMatch::OtherCase);
        let place = |place: usize, bits: u8| changed(|it| it[place] ^= bits);
        for (octet, bits) in [
            (0, 1),    // the id
            (2, 0x80), // a query
            (2, 0x08), // another opcode
            (5, 1),    // no question
            (14, 1),   // another name
            (12, 0x20),
            (26, 0x20), // the type
            (28, 2),    // the class
        ] {
            assert_eq!(place(octet, bits), ResponseMatch::None, "octet {octet}");
        }
        assert_eq!(changed(|it| it.truncate(20)), ResponseMatch::None);
        assert_eq!(changed(|it| it.truncate(3)), ResponseMatch::None);
    }

    #[test]
    fn an_error_may_come_without_the_question_and_nothing_else_may() {
        let bare = |rcode: u8, change: fn(&mut Vec<u8>)| {
            changed(|it| {
                it.truncate(HEADER_OCTETS);
                it[5] = 0;
                it[3] |= rcode;
                change(it);
            })
        };
        for rcode in 0..16 {
            let expected = match rcode {
                0 | 3 => ResponseMatch::None,
                _ => ResponseMatch::Same,
            };
            assert_eq!(bare(rcode, |_| {}), expected, "{rcode}");
        }
        assert_eq!(bare(1, |it| it[0] ^= 1), ResponseMatch::None);
        assert_eq!(bare(1, |it| it[7] = 1), ResponseMatch::None);
        assert_eq!(bare(1, |it| it[2] ^= RESPONSE), ResponseMatch::None);
    }

    #[test]
    fn a_notify_is_answered_by_its_own_opcode() {
        let mut sent = SENT.to_vec();
        sent[2] = 0x24;
        let mut received = sent.clone();
        received[2] |= RESPONSE;
        let matched = |received: &[u8]| match_response(&sent, received, ResponseId::Checked);
        assert_eq!(matched(&received), ResponseMatch::Same);
        received[2] = RESPONSE;
        assert_eq!(matched(&received), ResponseMatch::None);
    }

    #[test]
    fn where_the_way_tells_whose_it_is_the_id_may_differ() {
        let mut received = SENT.to_vec();
        (received[0], received[2]) = (0, 0x83);
        let matched = match_response(SENT, &received, ResponseId::Known);
        assert_eq!(matched, ResponseMatch::Same);
        assert!(is_truncated(&received) && !is_truncated(SENT) && !is_truncated(&[]));
    }
}
