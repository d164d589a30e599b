//! The text of DNS against second opinions: what `dig` printed, what hickory reads, and itself there and back.

use nomadns::dns::text::present_rdata;
use nomadns::dns::wire::{Message, read_name};
use nomadns::dns::{Class, Name, RecordType, Section};
use proptest::prelude::*;

/// What `dig` printed: number of the type, data in hexadecimal, text.
const DIG: &str = include_str!("../fixtures/dns/rdata.tsv");

#[test]
fn rdata_is_printed_as_dig_prints_it() {
    let cases = DIG.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for case in cases {
        let [number, data, dig] = case.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {case}");
        };
        let record_type = RecordType(number.parse().unwrap());
        let octets = from_hex(data);
        let text = present_rdata(&octets, 0..octets.len(), record_type, Class::IN);
        assert_eq!(text, meant(dig), "{record_type} {data}");
        count += 1;
    }
    assert!(count > 90, "{count}");
}

/// Why records are printed by code of ours: once most of hickory's text is as dig prints it, that can go.
#[test]
fn hickory_prints_records_otherwise_than_dig() {
    let (mut same, mut other) = (0, Vec::new());
    for case in DIG.lines().filter(|line| !line.starts_with('#')) {
        let [number, data, dig] = case.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {case}");
        };
        match printed_by_hickory(number.parse().unwrap(), &from_hex(data)) {
            Some(text) if text == dig => same += 1,
            text => other.push((number.to_owned(), dig, text)),
        }
    }
    let types: std::collections::HashSet<_> = other.iter().map(|(number, ..)| number).collect();
    assert!(types.len() > 10, "{same} are the same, and not {other:#?}");
}

/// The text of one record's data; none where hickory does not read it.
fn printed_by_hickory(record_type: u16, data: &[u8]) -> Option<String> {
    // A response with one answer: of the root, class IN, TTL 0.
    let mut message = vec![0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    message.extend(record_type.to_be_bytes());
    message.extend([0, 1, 0, 0, 0, 0]);
    message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    message.extend(data);
    let message = hickory_proto::op::Message::from_vec(&message).ok()?;
    Some(message.answers.first()?.data.to_string())
}

/// What we print where dig prints something else.
fn meant(dig: &str) -> String {
    if dig.starts_with("\\#") {
        // RFC 3597 §5 has hexadecimal in either case; ours is small everywhere but where a type's RFC
        // has examples in capitals.
        return dig.to_lowercase();
    }
    // RFC 9461 §5 gave key 7 its name after this dig was made.
    dig.replace(" key7=", " dohpath=")
}

#[test]
fn data_that_is_not_as_its_type_says_is_printed_as_unknown() {
    for (record_type, octets) in [
        (RecordType::A, &b"\x0a\0\0"[..]),
        (RecordType::A, b"\x0a\0\0\x01\x02"),
        (RecordType::TXT, b""),
        (RecordType::TXT, b"\x05abc"),
        (RecordType::MX, b"\0\x0a\x02mx"),
        (RecordType::SOA, b"\0\0"),
        // A pointer to itself.
        (RecordType::NS, b"\xc0\0"),
        // A parameter twice, an empty protocol, a port of three octets, an empty hint.
        (
            RecordType::HTTPS,
            b"\0\x01\0\0\x03\0\x02\x01\xbb\0\x03\0\x02\x01\xbb",
        ),
        (RecordType::HTTPS, b"\0\x01\0\0\x01\0\x01\0"),
        (RecordType::HTTPS, b"\0\x01\0\0\x03\0\x03\x01\xbb\0"),
        (RecordType::HTTPS, b"\0\x01\0\0\x04\0\0"),
        // A bit map whose windows do not ascend, and one that is longer than a window.
        (RecordType(47), b"\0\x01\x01\x40\x01\x01\x40"),
        (RecordType(47), b"\0\0\x21\x40"),
        // A tag with a blank.
        (RecordType(257), b"\0\x02a b"),
    ] {
        let text = present_rdata(octets, 0..octets.len(), record_type, Class::IN);
        let prefix = format!("\\# {}", octets.len());
        assert!(text.starts_with(&prefix), "{record_type}: {text}");
    }
}

#[test]
fn an_address_of_another_class_is_printed_as_unknown() {
    let text = present_rdata(&[10, 0, 0, 1], 0..4, RecordType::A, Class::CH);
    assert_eq!(text, r"\# 4 0a000001");
}

#[test]
fn names_in_data_are_followed_through_the_message() {
    let message = b"\x07example\0 \0\x0a\x02mx\xc0\0";
    let text = present_rdata(message, 10..message.len(), RecordType::MX, Class::IN);
    assert_eq!(text, "10 mx.example.");
}

proptest! {
    #[test]
    fn a_name_reads_back_from_its_text(labels in labels()) {
        let Ok(name) = Name::from_labels(labels.iter().map(Vec::as_slice)) else {
            return Ok(());
        };
        let text = name.to_string();
        prop_assert!(text.ends_with('.') && text.bytes().all(|octet| octet.is_ascii_graphic()));
        let again: Name = text.parse().unwrap();
        prop_assert_eq!(again.as_wire(), name.as_wire());
        let without_dot = if name.is_root() { "." } else { &text[..text.len() - 1] };
        let again: Name = without_dot.parse().unwrap();
        prop_assert_eq!(again.as_wire(), name.as_wire());
    }

    #[test]
    fn no_text_makes_the_reader_of_names_panic(text in any::<String>()) {
        if let Ok(name) = text.parse::<Name>() {
            prop_assert!(name.as_wire().len() <= 255);
        }
    }

    #[test]
    fn a_name_is_read_from_a_message_as_hickory_reads_it(octets in message_octets(), at in 0_usize..64) {
        use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
        let at = at.min(octets.len());
        let ours = read_name(&octets, at);
        let mut decoder = BinDecoder::new(&octets).clone(u16::try_from(at).unwrap());
        let theirs = hickory_proto::rr::Name::read(&mut decoder);
        // Ours may refuse more (a chain of pointers without end in sight), never less.
        if let Ok((name, end)) = ours {
            let theirs = theirs.unwrap();
            let labels: Vec<_> = theirs.iter().map(<[u8]>::to_vec).collect();
            let ours: Vec<_> = name.labels().iter().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(ours, labels);
            prop_assert_eq!(end, decoder.index());
        }
    }

    #[test]
    fn no_octets_make_the_reader_of_messages_panic(octets in message_octets()) {
        if let Ok(message) = Message::read(&octets) {
            for section in [Section::Answer, Section::Authority, Section::Additional] {
                let records: Vec<_> = message.records(section).collect();
                prop_assert_eq!(records.len(), usize::from(message.header().record_count(section)));
                for record in records {
                    present_rdata(&octets, record.rdata, record.record_type, record.class);
                }
            }
            prop_assert_eq!(message.questions().count(), usize::from(message.header().question_count()));
        }
    }

    #[test]
    fn no_data_makes_the_printer_panic(
        octets in prop::collection::vec(any::<u8>(), 0..64),
        number in prop_oneof![0_u16..300, any::<u16>()],
    ) {
        let text = present_rdata(&octets, 0..octets.len(), RecordType(number), Class::IN);
        prop_assert!(text.bytes().all(|octet| matches!(octet, b' '..=b'~')), "{}", text);
        present_rdata(&octets, 50..200, RecordType(number), Class::IN);
    }
}

fn labels() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..64), 0..6)
}

/// Octets with the lengths, pointers and small counts that make a message interesting.
fn message_octets() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![3 => 0_u8..4, 1 => Just(0xc0), 1 => 0_u8..40, 1 => any::<u8>()];
    let header = prop::collection::vec(0_u8..3, 4).prop_map(|counts| {
        let mut header = vec![0; 12];
        for (place, count) in counts.into_iter().enumerate() {
            header[5 + 2 * place] = count;
        }
        header
    });
    (header, prop::collection::vec(octet, 0..120))
        .prop_map(|(header, body)| [header, body].concat())
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("the fixture is hexadecimal"))
        .collect()
}
