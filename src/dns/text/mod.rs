//! The text of DNS: names, mnemonics and the data of records, as `dig` prints them and people write them.
//!
//! `Display` makes text, `FromStr` reads it. Used by the JSON form, the `/resolve` parameters, the config
//! and the command. It reads no master files; what it prints can stand in one.

mod class;
mod codes;
mod extended_errors;
mod names;
mod rdata;
mod types;

pub use class::ClassTextError;
pub use extended_errors::extended_error_purpose;
pub use names::NameTextError;
pub use rdata::present_rdata;
pub use types::TypeTextError;

/// The number behind a prefix such as `TYPE`, in any letter case, without sign or spaces.
fn numbered(text: &str, prefix: &str) -> Option<u16> {
    let (head, digits) = text.split_at_checked(prefix.len())?;
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    (plain && head.eq_ignore_ascii_case(prefix)).then(|| digits.parse().ok())?
}

/// Appends octets of a character string with what would end or change it escaped (RFC 1035 §5.1).
fn push_escaped(octets: &[u8], out: &mut String) {
    for &octet in octets {
        match octet {
            b'"' | b'\\' => out.extend(['\\', char::from(octet)]),
            b' '..=b'~' => out.push(char::from(octet)),
            _ => out.push_str(&format!("\\{octet:03}")),
        }
    }
}

/// Appends octets in small hexadecimal digits.
fn push_hex(octets: &[u8], out: &mut String) {
    for octet in octets {
        out.push_str(&format!("{octet:02x}"));
    }
}
