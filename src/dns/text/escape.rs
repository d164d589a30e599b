//! Escapes octets and untrusted text so that they are safe to print.

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

/// Escapes what a server could take in no name of a master file: Knot DNS wants more escaped than BIND writes.
///
/// `text` is names and numbers with blanks between them, escaped as BIND does; what it means stays.
pub fn strictly_escaped(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        match octet {
            // What follows is escaped already; of three digits the others are as good as they are.
            b'\\' => strict.extend(std::iter::once('\\').chain(octets.next().map(char::from))),
            b' ' | b'.' | b'-' | b'_' | b'*' | b'/' => strict.push(char::from(octet)),
            _ if octet.is_ascii_alphanumeric() => strict.push(char::from(octet)),
            _ => strict.push_str(&format!("\\{octet:03}")),
        }
    }
    strict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_usual_in_a_name_is_escaped_once() {
        for (text, strict) in [
            ("_a-b.c/d.*.nomad.", "_a-b.c/d.*.nomad."),
            (r"x=1.a\032b\.c.nomad.", r"x\0611.a\032b\.c.nomad."),
            (
                r"10 10 80 \.`.\0001.nomad.",
                r"10 10 80 \.\096.\0001.nomad.",
            ),
        ] {
            assert_eq!(strictly_escaped(text), strict);
        }
    }
}
