//! Prints one field of a record's data.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::{BASE32HEX_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use time::OffsetDateTime;

use super::super::super::RecordType;
use super::super::escape::push_escaped;
use super::layout::Field;
use super::reader::RdataReader;
use super::{bitmap, location, service};

/// Prints the field that comes next; none when the data is not what it should be.
pub(super) fn present(field: Field, reader: &mut RdataReader<'_>, text: &mut String) -> Option<()> {
    // Writing to a string cannot fail.
    let written = match field {
        Field::U8 => write!(text, "{}", reader.u8()?),
        Field::U16 => write!(text, "{}", reader.u16()?),
        Field::U32 => write!(text, "{}", reader.u32()?),
        Field::Name => write!(text, "{}", reader.name()?),
        Field::Ipv4 => write!(text, "{}", Ipv4Addr::from(reader.array::<4>()?)),
        Field::Ipv6 => write!(text, "{}", Ipv6Addr::from(reader.array::<16>()?)),
        Field::Type => write!(text, "{}", RecordType(reader.u16()?)),
        // RFC 5155 §3.3.
        Field::Hash => encoded(&BASE32HEX_NOPAD, nonempty(reader.counted()?)?, text),
        Field::Timestamp => timestamp(reader.u32()?, text),
        Field::CertificateKind => mnemonic(reader.u16()?, &CERTIFICATE_KINDS, text),
        Field::Algorithm => mnemonic(reader.u8()?.into(), &ALGORITHMS, text),
        Field::Locator => {
            let [one, two, three, four] = std::array::from_fn(|_| reader.u16());
            write!(text, "{:x}:{:x}:{:x}:{:x}", one?, two?, three?, four?)
        }
        Field::Hex => encoded(&HEXUPPER, reader.rest(), text),
        Field::PrefixedHex => {
            text.push_str("0x");
            encoded(&HEXLOWER, reader.rest(), text)
        }
        Field::Salt => match reader.counted()? {
            [] => text.write_char('-'),
            salt => encoded(&HEXUPPER, salt, text),
        },
        Field::Base64 => {
            STANDARD.encode_string(reader.rest(), text);
            Ok(())
        }
        Field::OptionalText if reader.is_empty() => Ok(()),
        Field::Text | Field::OptionalText => quoted(reader.counted()?, text),
        Field::Texts => return texts(reader, text),
        Field::LongText => quoted(reader.rest(), text),
        Field::Tag => return tag(reader.counted()?, text),
        Field::Eui => return eui(reader.rest(), text),
        Field::Types => return bitmap::present(reader, text),
        Field::Location => return location::present(reader, text),
        Field::ServiceParameters => return service::present(reader, text),
    };
    written.ok()
}

fn nonempty(octets: &[u8]) -> Option<&[u8]> {
    (!octets.is_empty()).then_some(octets)
}

fn encoded(encoding: &Encoding, octets: &[u8], text: &mut String) -> std::fmt::Result {
    encoding.encode_append(octets, text);
    Ok(())
}

fn quoted(octets: &[u8], text: &mut String) -> std::fmt::Result {
    text.push('"');
    push_escaped(octets, text);
    text.write_char('"')
}

fn texts(reader: &mut RdataReader<'_>, text: &mut String) -> Option<()> {
    quoted(reader.counted()?, text).ok()?;
    while !reader.is_empty() {
        text.push(' ');
        quoted(reader.counted()?, text).ok()?;
    }
    Some(())
}

fn tag(octets: &[u8], text: &mut String) -> Option<()> {
    let tag = std::str::from_utf8(nonempty(octets)?).ok()?;
    let plain = tag.bytes().all(|octet| octet.is_ascii_alphanumeric());
    plain.then(|| text.push_str(tag))
}

fn eui(octets: &[u8], text: &mut String) -> Option<()> {
    if !matches!(octets.len(), 6 | 8) {
        return None;
    }
    for (place, octet) in octets.iter().enumerate() {
        let hyphen = if place == 0 { "" } else { "-" };
        write!(text, "{hyphen}{octet:02x}").ok()?;
    }
    Some(())
}

/// Prints `YYYYMMDDHHmmSS` of a time before 2106 (RFC 4034 §3.2).
fn timestamp(seconds: u32, text: &mut String) -> std::fmt::Result {
    let moment =
        OffsetDateTime::from_unix_timestamp(seconds.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.to_hms();
    let month = u8::from(month);
    write!(
        text,
        "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}"
    )
}

fn mnemonic(number: u16, table: &[(u16, &str)], text: &mut String) -> std::fmt::Result {
    match table.iter().find(|(known, _)| *known == number) {
        Some((_, mnemonic)) => text.write_str(mnemonic),
        None => write!(text, "{number}"),
    }
}

/// RFC 4398 §2.1.
const CERTIFICATE_KINDS: [(u16, &str); 10] = [
    (1, "PKIX"),
    (2, "SPKI"),
    (3, "PGP"),
    (4, "IPKIX"),
    (5, "ISPKI"),
    (6, "IPGP"),
    (7, "ACPKIX"),
    (8, "IACPKIX"),
    (253, "URI"),
    (254, "OID"),
];

/// IANA "DNS Security Algorithm Numbers".
const ALGORITHMS: [(u16, &str); 15] = [
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (5, "RSASHA1"),
    (6, "NSEC3DSA"),
    (7, "NSEC3RSASHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECCGOST"),
    (13, "ECDSAP256SHA256"),
    (14, "ECDSAP384SHA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_dates_to_the_end_of_their_range() {
        for (seconds, expected) in [(0, "19700101000000"), (u32::MAX, "21060207062815")] {
            let mut text = String::new();
            timestamp(seconds, &mut text).unwrap();
            assert_eq!(text, expected);
        }
    }
}
