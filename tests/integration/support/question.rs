//! A question of a test, as it goes out and as it has to come back.

use std::fmt;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};

use super::decoded::{name_text, text_of};

/// The most that a client of UDP takes, in octets.
const UDP_OCTETS: u16 = 1232;

/// A question: the octets of its labels, and its type.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) labels: Vec<Vec<u8>>,
    pub(crate) record_type: RecordType,
}

impl Question {
    /// Makes the question of a name, in which dots and octets may be escaped.
    pub(crate) fn new(name: &str, record_type: RecordType) -> Self {
        Self {
            labels: labels_of(name),
            record_type,
        }
    }

    pub(crate) fn name(&self) -> String {
        name_text(self.labels.iter().map(Vec::as_slice))
    }

    /// The question as a message, with EDNS.
    pub(crate) fn message(&self, id: u16) -> Vec<u8> {
        let mut name = Name::from_labels(self.labels.iter().map(Vec::as_slice)).unwrap();
        name.set_fqdn(true);
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_OCTETS);
        message.edns = Some(edns);
        message.add_query(Query::query(name, self.record_type));
        message.to_vec().unwrap()
    }

    /// Decodes what answers it, and checks that it does: id and question come back as they went out.
    pub(crate) fn read(&self, id: u16, octets: &[u8]) -> Message {
        let message = Message::from_vec(octets).expect("hickory decodes the answer");
        assert_eq!(message.metadata.id, id, "{self:?}");
        assert_eq!(message.metadata.message_type, MessageType::Response);
        let [query] = &message.queries[..] else {
            panic!("{self:?} was answered with {message}");
        };
        let asked = (self.name(), self.record_type);
        assert_eq!((text_of(query.name()), query.query_type()), asked);
        message
    }
}

/// The labels of a name as text (RFC 1035 §5.1); empty ones are left out.
pub(crate) fn labels_of(text: &str) -> Vec<Vec<u8>> {
    let mut labels = vec![Vec::new()];
    let mut rest = text.as_bytes();
    while let [octet, after @ ..] = rest {
        let label = labels.last_mut().unwrap();
        rest = after;
        match (octet, after) {
            (b'.', _) => labels.push(Vec::new()),
            (b'\\', [b'0'..=b'9', _, _, after @ ..]) => {
                let digits = &rest[..3];
                label.push(std::str::from_utf8(digits).unwrap().parse().unwrap());
                rest = after;
            }
            (b'\\', [escaped, after @ ..]) => {
                label.push(*escaped);
                rest = after;
            }
            _ => label.push(*octet),
        }
    }
    labels.retain(|label| !label.is_empty());
    labels
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.record_type)
    }
}
