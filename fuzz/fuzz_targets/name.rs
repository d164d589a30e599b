//! Names: text that is read, printed and read again; octets that are read as another decoder reads them; and the text of
//! any data of a record, which stays on its line.
#![no_main]

use hickory_proto::rr::Name as TheirName;
use hickory_proto::serialize::binary::{BinDecodable as _, BinDecoder};
use libfuzzer_sys::fuzz_target;
use nomadns::dns::text::{expand_rdata, present_rdata, strictly_escaped};
use nomadns::dns::wire::read_name;
use nomadns::dns::{Class, Name, RecordType};

fuzz_target!(|octets: &[u8]| {
    if let Ok(text) = std::str::from_utf8(octets) {
        match text.parse::<Name>() {
            Ok(name) => round_trip(&name),
            Err(error) => {
                let words = error.to_string();
                assert!(
                    words.len() < 4096 && !words.contains(char::is_control),
                    "{words:?}"
                );
            }
        }
    }
    if let Ok(name) = Name::from_wire(octets) {
        round_trip(&name);
    }
    let ours = read_name(octets, 0);
    let mut decoder = BinDecoder::new(octets);
    let theirs = TheirName::read(&mut decoder);
    match (&ours, theirs) {
        (Ok((name, end)), Ok(theirs)) => {
            round_trip(name);
            assert_eq!(*end, decoder.index());
            let theirs: Vec<_> = theirs.iter().map(<[u8]>::to_vec).collect();
            assert!(name.labels().iter().eq(theirs.iter().map(|it| &**it)));
        }
        // Others follow any number of pointers; we bound them.
        (Err(_), _) | (Ok(_), Err(_)) => {}
    }
    if let [high, low, rest @ ..] = octets {
        record(rest, RecordType(u16::from_be_bytes([*high & 1, *low])));
    }
});

/// Its text gives the name again, as does the form that stands in master files, and its octets do.
fn round_trip(name: &Name) {
    let text = name.to_string();
    assert!(text.is_ascii() && !text.contains(|it: char| it.is_control() || it == ' '));
    assert_eq!(text.parse::<Name>().as_ref(), Ok(name), "{text}");
    let strict = strictly_escaped(&text);
    assert_eq!(strict.parse::<Name>().as_ref(), Ok(name), "{strict}");
    assert_eq!(Name::from_wire(name.as_wire()).as_ref(), Ok(name));
    assert!(name.as_wire().len() <= 255);
}

/// Data is printed on one line, bounded by its own length; with its names written out it says the same.
fn record(message: &[u8], record_type: RecordType) {
    let text = present_rdata(message, 0..message.len(), record_type, Class::IN);
    assert!(!text.contains(|it: char| it.is_control()), "{text:?}");
    let whole = expand_rdata(message, 0..message.len(), record_type, Class::IN);
    assert_eq!(
        present_rdata(&whole, 0..whole.len(), record_type, Class::IN),
        text
    );
}
