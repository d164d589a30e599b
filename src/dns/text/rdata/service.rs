//! The parameters in the data of SVCB and HTTPS (RFC 9460 §2.1, §7).

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::escape::push_escaped;
use super::reader::RdataReader;

/// Prints the parameters with spaces between them; none when keys do not ascend or a value is broken.
pub(super) fn present(reader: &mut RdataReader<'_>, text: &mut String) -> Option<()> {
    let mut last = None;
    while !reader.is_empty() {
        let key = reader.u16()?;
        let length = reader.u16()?;
        let value = reader.take(length.into())?;
        if last.is_some_and(|last| last >= key) {
            return None;
        }
        if last.is_some() {
            text.push(' ');
        }
        last = Some(key);
        push_key(key, text);
        present_value(key, RdataReader::new(value, 0..value.len()), text)?;
    }
    Some(())
}

/// Prints one value behind its key, with the sign between them.
fn present_value(key: u16, mut value: RdataReader<'_>, text: &mut String) -> Option<()> {
    match key {
        NO_DEFAULT_ALPN | OHTTP => {}
        MANDATORY => list(&mut value, text, |value, text| {
            push_key(value.u16()?, text);
            Some(())
        })?,
        ALPN => {
            text.push_str("=\"");
            protocols(&mut value, text)?;
            text.push('"');
        }
        PORT => write!(text, "={}", value.u16()?).ok()?,
        IPV4_HINT => list(&mut value, text, |value, text| {
            write!(text, "{}", Ipv4Addr::from(value.array::<4>()?)).ok()
        })?,
        ECH => {
            text.push('=');
            STANDARD.encode_string(value.rest(), text);
        }
        IPV6_HINT => list(&mut value, text, |value, text| {
            write!(text, "{}", Ipv6Addr::from(value.array::<16>()?)).ok()
        })?,
        _ => {
            let value = value.rest();
            if !value.is_empty() {
                text.push_str("=\"");
                push_escaped(value, text);
                text.push('"');
            }
        }
    }
    value.is_empty().then_some(())
}

/// Prints one or more items with commas between them.
fn list(
    value: &mut RdataReader<'_>,
    text: &mut String,
    item: impl Fn(&mut RdataReader<'_>, &mut String) -> Option<()>,
) -> Option<()> {
    text.push('=');
    item(value, text)?;
    while !value.is_empty() {
        text.push(',');
        item(value, text)?;
    }
    Some(())
}

/// Prints the protocols, whose own commas and backslashes are escaped twice (RFC 9460 §A.1).
fn protocols(value: &mut RdataReader<'_>, text: &mut String) -> Option<()> {
    let mut first = true;
    while first || !value.is_empty() {
        if !first {
            text.push(',');
        }
        first = false;
        let protocol = value.counted()?;
        if protocol.is_empty() {
            return None;
        }
        for &octet in protocol {
            match octet {
                b',' => text.push_str("\\\\,"),
                b'\\' => text.push_str("\\\\\\\\"),
                b' ' => text.push_str("\\032"),
                _ => push_escaped(&[octet], text),
            }
        }
    }
    Some(())
}

fn push_key(key: u16, text: &mut String) {
    match KEYS.get(usize::from(key)) {
        Some(name) => text.push_str(name),
        None => text.push_str(&format!("key{key}")),
    }
}

const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;
const OHTTP: u16 = 8;

/// IANA "Service Parameter Keys (`SvcParamKeys`)", by number.
const KEYS: [&str; 9] = [
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
];
