//! The data of records in presentation format: what `dig +nosplit` prints, on one line.
//!
//! The JSON forms, `lookup` and `export` need it, and `lookup` any type that a server may send. It is our own because
//! hickory prints more than ten types otherwise than dig, whose text people compare with. `layout` has the fields of each
//! type, `fields` prints each kind of field. Unknown types and data that does not match its type are printed in the
//! form of RFC 3597. It stands in `dns` since only `dns` knows the wire format.

mod bitmap;
mod fields;
mod layout;
mod location;
mod reader;
mod service;

use std::ops::Range;

use data_encoding::HEXLOWER;

use super::super::{Class, RecordType};
use layout::Field;
use reader::RdataReader;

/// Room for the data of most records, addresses, in characters.
const USUAL_CHARACTERS: usize = 16;

/// Prints the data of a record, which stands at `rdata` in `message`; names in it may be compressed.
///
/// A range that is not within the message gives the text of no data.
pub fn present_rdata(
    message: &[u8],
    rdata: Range<usize>,
    record_type: RecordType,
    class: Class,
) -> String {
    let mut text = String::with_capacity(USUAL_CHARACTERS);
    let known = layout::fields(record_type, class)
        .and_then(|fields| present(fields, RdataReader::new(message, rdata.clone()), &mut text));
    if known.is_none() {
        text.clear();
        present_unknown(message.get(rdata).unwrap_or_default(), &mut text);
    }
    text
}

/// Gives the data of a record with its names written out, so that it stands without its message.
///
/// Data that is not as its type says comes as it is.
pub fn expand_rdata(
    message: &[u8],
    rdata: Range<usize>,
    record_type: RecordType,
    class: Class,
) -> Vec<u8> {
    layout::fields(record_type, class)
        .and_then(|fields| expand(fields, RdataReader::new(message, rdata.clone())))
        .unwrap_or_else(|| message.get(rdata).unwrap_or_default().to_vec())
}

/// Copies field after field; none when the data is not what they say.
fn expand(fields: &[Field], mut reader: RdataReader<'_>) -> Option<Vec<u8>> {
    let (mut octets, mut text) = (Vec::new(), String::new());
    for &field in fields {
        if field == Field::Name {
            octets.extend_from_slice(reader.name()?.as_wire());
            continue;
        }
        let mut before = reader.clone();
        fields::present(field, &mut reader, &mut text)?;
        octets.extend_from_slice(before.take_until(&reader));
    }
    reader.is_empty().then_some(octets)
}

/// Prints field after field; none when the data is not what they say.
fn present(fields: &[Field], mut reader: RdataReader<'_>, text: &mut String) -> Option<()> {
    for &field in fields {
        let before = text.len();
        if before > 0 {
            text.push(' ');
        }
        let start = text.len();
        fields::present(field, &mut reader, text)?;
        // A field that has nothing to say leaves no gap.
        if text.len() == start {
            text.truncate(before);
        }
    }
    reader.is_empty().then_some(())
}

/// Prints data of no known form (RFC 3597 §5).
fn present_unknown(octets: &[u8], text: &mut String) {
    text.push_str(&format!("\\# {}", octets.len()));
    if !octets.is_empty() {
        text.push(' ');
        HEXLOWER.encode_append(octets, text);
    }
}
