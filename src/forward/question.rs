//! A question as it goes upstream: our own query, which has nothing of the client's but what its answer depends on.
//!
//! Floor 2. It is also what the cache and the queries under way are found by: letter case is no matter, DO and CD are.

use std::hash::{Hash, Hasher};

use super::policy::EdnsUse;
use crate::dns::wire::encode_query;
use crate::dns::{
    Class, Edns, EdnsOptions, Name, Query, QueryFlags, RecordType, Signature, Transport,
};

/// The UDP payload that upstreams may send, in octets: what fits without fragments (DNS flag day 2020).
const PAYLOAD_OCTETS: u16 = 1232;

/// A question, as far as its answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forward) struct ForwardQuestion {
    /// The name, in small letters.
    pub(in crate::forward) name: Name,
    /// The type.
    pub(in crate::forward) record_type: RecordType,
    /// Whether DNSSEC records are wanted (DO).
    pub(in crate::forward) dnssec_ok: bool,
    /// Whether the upstream is not to validate (CD).
    pub(in crate::forward) checking_disabled: bool,
}

impl ForwardQuestion {
    /// What a client's query asks; its class is IN.
    pub(in crate::forward) fn of(query: &Query) -> Self {
        Self {
            name: query.name.to_lower_case(),
            record_type: query.record_type,
            dnssec_ok: query.edns.is_some_and(|edns| edns.dnssec_ok),
            checking_disabled: query.flags.checking_disabled,
        }
    }

    /// The type together with the bits, as one number.
    fn kind(&self) -> u32 {
        let bits = u32::from(self.dnssec_ok) << 16 | u32::from(self.checking_disabled) << 17;
        u32::from(self.record_type.0) | bits
    }

    /// The message that asks it, with a random id; its letters are capital where `capitals` has a bit.
    pub(super) fn message(&self, capitals: Option<[u8; 32]>, edns: EdnsUse) -> Vec<u8> {
        self.message_with(capitals, edns, true)
    }

    /// The message that finds out whether anybody is there; a server that reaches no other one answers it at once where
    /// recursion is not desired.
    pub(super) fn probe(&self, recursion_desired: bool) -> Vec<u8> {
        self.message_with(None, EdnsUse::Sent, recursion_desired)
    }

    fn message_with(
        &self,
        capitals: Option<[u8; 32]>,
        edns: EdnsUse,
        recursion_desired: bool,
    ) -> Vec<u8> {
        let query = Query {
            id: rand::random(),
            flags: QueryFlags {
                recursion_desired,
                checking_disabled: self.checking_disabled,
                // RFC 6840 §5.7: to be told whether the upstream has validated.
                authentic_data: true,
            },
            name: capitals.map_or(self.name, |bits| self.name.with_capitals(bits)),
            record_type: self.record_type,
            class: Class::IN,
            edns: (edns == EdnsUse::Sent).then(|| Edns {
                payload_octets: PAYLOAD_OCTETS,
                version: 0,
                dnssec_ok: self.dnssec_ok,
                options: EdnsOptions::default(),
            }),
            transport: Transport::Udp,
            client: None,
            signature: Signature::Absent,
        };
        let mut message = Vec::with_capacity(64);
        encode_query(&query, &mut message);
        message
    }

    /// About how much memory it takes as a key, in octets.
    pub(super) const fn octets() -> usize {
        size_of::<Self>()
    }
}

impl Hash for ForwardQuestion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The name is in small letters already.
        state.write(self.name.as_wire());
        state.write_u32(self.kind());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::wire::decode;

    #[test]
    fn what_goes_upstream_is_our_own_query() {
        let question = ForwardQuestion {
            name: "www.example".parse().unwrap(),
            record_type: RecordType::AAAA,
            dnssec_ok: true,
            checking_disabled: true,
        };
        let sent = decode(
            &question.message(Some([0xff; 32]), EdnsUse::Sent),
            Transport::Udp,
            None,
        )
        .unwrap();
        assert_eq!(sent.name.as_wire(), b"\x03WWW\x07EXAMPLE\0");
        assert!(sent.flags.recursion_desired && sent.flags.checking_disabled);
        let edns = sent.edns.unwrap();
        assert_eq!((edns.payload_octets, edns.dnssec_ok), (1232, true));
        assert_eq!(edns.options, EdnsOptions::default());
        assert_eq!(ForwardQuestion::of(&sent), question);
        let plain = question.message(None, EdnsUse::LeftOut);
        let plain = decode(&plain, Transport::Udp, None).unwrap();
        assert_eq!(plain.name.as_wire(), b"\x03www\x07example\0");
        assert_eq!(plain.edns, None);
    }

    #[test]
    fn ids_and_letters_are_random() {
        let question = ForwardQuestion {
            name: "a-name-with-letters.example".parse().unwrap(),
            record_type: RecordType::A,
            dnssec_ok: false,
            checking_disabled: false,
        };
        let ids: std::collections::HashSet<Vec<u8>> = (0..1000)
            .map(|_| question.message(None, EdnsUse::Sent)[..2].to_vec())
            .collect();
        assert!(ids.len() > 950, "{}", ids.len());
        let names: std::collections::HashSet<Vec<u8>> = (0..1000)
            .map(|_| question.message(Some(rand::random()), EdnsUse::Sent)[12..40].to_vec())
            .collect();
        assert!(names.len() > 990, "{}", names.len());
    }
}
