//! Octets and foreign text made safe to print.

/// The most of a text that an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 64;

/// What a text is repeated as in an error: cut, and without what would break a line.
pub(in super::super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARACTERS) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// Appends octets of a character string with what would end or change it escaped (RFC 1035 §5.1).
pub(super) fn push_escaped(octets: &[u8], out: &mut String) {
    for &octet in octets {
        match octet {
            b'"' | b'\\' => out.extend(['\\', char::from(octet)]),
            b' '..=b'~' => out.push(char::from(octet)),
            _ => out.push_str(&format!("\\{octet:03}")),
        }
    }
}

/// Appends octets in small hexadecimal digits.
pub(super) fn push_hex(octets: &[u8], out: &mut String) {
    for octet in octets {
        out.push_str(&format!("{octet:02x}"));
    }
}
