//! In which line of a file each key stands.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

/// The line of each key of a file that is TOML, from 1 on; for a list of sections that of the first.
pub(super) fn lines(text: &str) -> HashMap<String, usize> {
    let mut lines = HashMap::new();
    let Ok(table) = DeTable::parse(text) else {
        return lines;
    };
    let line = |at: usize| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        before.iter().filter(|octet| **octet == b'\n').count() + 1
    };
    for (name, value) in table.get_ref() {
        lines.insert(name.get_ref().to_string(), line(name.span().start));
        let DeValue::Table(section) = value.get_ref() else {
            continue;
        };
        for key in section.keys() {
            let path = format!("{}.{}", name.get_ref(), key.get_ref());
            lines.insert(path, line(key.span().start));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_line_however_it_is_written() {
        let text = "ttl = 1\nlog.level = \"warn\"\n\n[nomad]\n# why\nregion = \"eu\"\n[[hosts]]\nname = \"a\"\n[[hosts]]\n";
        let lines = lines(text);
        for (key, line) in [
            ("ttl", 1),
            ("log.level", 2),
            ("nomad", 4),
            ("nomad.region", 6),
            ("hosts", 7),
        ] {
            assert_eq!(lines.get(key), Some(&line), "{key}");
        }
    }
}
