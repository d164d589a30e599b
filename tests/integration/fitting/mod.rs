//! What of an answer a message has that does not hold all of it, at all sizes, as hickory reads it.
//!
//! Answers of every form are made at random; what is given of each is held against all of it.

mod asked;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, Record};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};
use nomadns::dns::Transport;
use nomadns::dns::wire::{Additions, Bounds, encode, encode_whole};
use proptest::prelude::*;

use self::asked::{Asked, Form, questions};

/// The most octets of a message, however its names are written.
const MESSAGE_OCTETS: usize = 65_535;
/// What padding can take.
const PADDING_OCTETS: usize = 468;

/// The message as somebody passes it on who writes all names in full; hickory says when it does not fit.
fn in_full(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = BinEncoder::new(&mut out);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    message.emit(&mut encoder).unwrap();
    out
}

/// All of an answer, and what a message has of it.
struct Given {
    asked: Asked,
    octets: usize,
    plain_octets: usize,
    all: Message,
    part: Message,
}

impl Given {
    fn new(asked: Asked) -> Self {
        let (answer, query, additions) = (asked.answer(), asked.query(), asked.additions());
        let (mut all, mut part) = (Vec::new(), Vec::new());
        encode_whole(&answer, &query, &Additions::default(), 0, &mut all);
        encode(
            &answer,
            &query,
            asked.bounds,
            &additions,
            asked.turn,
            &mut part,
        );
        let [all_message, part_message] =
            [&all, &part].map(|octets| Message::from_vec(octets).expect("hickory reads it"));
        Self {
            asked,
            octets: part.len(),
            plain_octets: in_full(&part_message).len(),
            all: all_message,
            part: part_message,
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let (all, part) = (&self.all, &self.part);
        prop_assert!(!all.metadata.truncation);
        prop_assert!(self.octets <= self.asked.limit(), "{} octets", self.octets);
        let again = Message::from_vec(&in_full(part)).unwrap();
        prop_assert_eq!(
            &again.answers,
            &part.answers,
            "it fits with all names in full"
        );
        prop_assert_eq!(again.metadata.truncation, part.metadata.truncation);
        prop_assert_eq!(part.edns.is_some(), self.asked.payload_octets.is_some());
        prop_assert_eq!(part.metadata.response_code, all.metadata.response_code);

        let chain = all.answers.iter().take_while(|it| is_link(it)).count();
        let links = part.answers.iter().take_while(|it| is_link(it)).count();
        prop_assert_eq!(
            &part.answers[..links],
            &all.answers[..links],
            "the chain keeps its order"
        );
        let (set, given) = (&all.answers[chain..], &part.answers[links..]);
        self.check_set(set, given)?;
        let wanted = self.asked.wanted(set.len());
        let is_whole =
            links == chain && given.len() == wanted && part.authorities == all.authorities;
        prop_assert_eq!(part.metadata.truncation, !is_whole);
        if is_whole {
            return self.check_additional(given.len() == set.len());
        }
        prop_assert!(
            part.additionals.is_empty(),
            "what was asked for comes before"
        );
        prop_assert!(links == chain || given.is_empty());
        if links == chain && given.len() < wanted {
            self.check_full(&set[0])?;
        }
        Ok(())
    }

    /// Neighbours in the set, of which any may be the first.
    fn check_set(&self, set: &[Record], given: &[Record]) -> Result<(), TestCaseError> {
        let Some(first) = given.first() else {
            return Ok(());
        };
        let at = set.iter().position(|record| record == first).unwrap();
        let is_turned = !matches!(self.asked.form, Form::Both { .. });
        prop_assert_eq!(
            at,
            if is_turned {
                self.asked.turn as usize % set.len()
            } else {
                0
            }
        );
        let turned = set[at..].iter().chain(&set[..at]);
        prop_assert!(given.iter().eq(turned.take(given.len())));
        Ok(())
    }

    /// One more record like this would not have fitted.
    fn check_full(&self, record: &Record) -> Result<(), TestCaseError> {
        let owner = name_octets(&record.name) + 10;
        let data = match &record.data {
            hickory_proto::rr::RData::SRV(srv) => 6 + name_octets(&srv.target),
            hickory_proto::rr::RData::AAAA(_) => 16,
            // Where both kinds are mixed, the longer may be next.
            _ if matches!(self.asked.form, Form::Both { .. }) => 16,
            _ => 4,
        };
        // A name that is not the question's is a label and a pointer at most.
        let written = owner.min(32) + data;
        let is_full = self.octets + written > self.asked.limit();
        let padding = if self.asked.options {
            PADDING_OCTETS
        } else {
            0
        };
        let is_full_in_full = self.plain_octets + owner + data + padding > MESSAGE_OCTETS;
        prop_assert!(is_full || is_full_in_full, "{} octets", self.octets);
        Ok(())
    }

    fn check_additional(&self, has_whole_set: bool) -> Result<(), TestCaseError> {
        let (all, part) = (&self.all.additionals, &self.part.additionals);
        for record in part {
            let of_name =
                |records: &[Record]| records.iter().filter(|it| it.name == record.name).count();
            prop_assert_eq!(of_name(part), of_name(all), "all of a name, or nothing");
        }
        let order = |record: &Record| all.iter().position(|it| it.name == record.name);
        let places: Vec<_> = part.iter().map(order).collect();
        let descents = places.windows(2).filter(|pair| pair[0] > pair[1]).count();
        prop_assert!(descents <= 1, "turned, not mixed");
        if has_whole_set && part.len() < all.len() {
            // Two addresses of one name are the most that there is to add, each with its name up to `nomad`, which is a
            // pointer to the question's, or in full.
            let is_full = self.octets + 2 * 30 > self.asked.limit();
            let padding = if self.asked.options {
                PADDING_OCTETS
            } else {
                0
            };
            let is_full_in_full = self.plain_octets + 2 * 35 + padding > MESSAGE_OCTETS;
            prop_assert!(is_full || is_full_in_full, "{} octets", self.octets);
        }
        Ok(())
    }
}

/// The octets of a name in full; hickory's `len` leaves the root's out.
fn name_octets(name: &Name) -> usize {
    name.len() + 1
}

fn is_link(record: &Record) -> bool {
    record.record_type() == hickory_proto::rr::RecordType::CNAME
}

// `PROPTEST_CASES` has more of them.
proptest! {
    #[test]
    fn a_message_has_whole_records_as_far_as_they_fit_and_tc_where_that_is_not_all(asked in questions()) {
        Given::new(asked).check()?;
    }
}

#[test]
fn a_message_one_octet_over_its_limit_loses_one_record() {
    let asked = Asked {
        form: Form::Both { records: 404 },
        labels: 2,
        transport: Transport::Tcp,
        payload_octets: Some(512),
        bounds: Bounds {
            udp_octets: 512,
            set_records: None,
        },
        options: false,
        turn: 0,
    };
    let given = Given::new(asked);
    given.check().unwrap();
    assert_eq!(given.part.answers.len(), 807);
    let aaaa_octets = name_octets(&given.all.answers[1].name) + 10 + 16;
    assert_eq!(given.plain_octets + aaaa_octets, MESSAGE_OCTETS + 1);
}

#[test]
fn a_denial_that_does_not_fit_is_cut_short() {
    let given = Given::new(Asked {
        form: Form::Denial {
            links: 0,
            mailbox_labels: 10,
        },
        labels: 10,
        transport: Transport::Udp,
        payload_octets: None,
        bounds: Bounds::default(),
        options: false,
        turn: 0,
    });
    given.check().unwrap();
    assert!(given.part.metadata.truncation && given.part.authorities.is_empty());
    assert_eq!(given.part.metadata.response_code, ResponseCode::NXDomain);
}
