//! `nomadns.example.toml` is complete, explained, and equal to the defaults of the code.

use nomadns::config::{File, RANGES, Range};
use toml::{Table, Value};

use crate::sources::{assert_none, read};
use crate::tables::{code, rows};

const EXAMPLE: &str = "nomadns.example.toml";

#[test]
fn the_example_is_the_defaults_when_its_keys_are_switched_on() {
    let table = switched_on(&read(EXAMPLE)).parse::<Table>().expect("TOML");
    assert_eq!(table.try_into::<File>().expect("our keys"), File::default());
}

#[test]
fn the_example_changes_nothing_as_it_is() {
    assert_eq!(
        toml::from_str::<File>(&read(EXAMPLE)).expect("our keys"),
        File::default()
    );
}

#[test]
fn the_example_has_every_key() {
    let table = switched_on(&read(EXAMPLE)).parse::<Table>().expect("TOML");
    let (shown, known) = (keys(&table), defaults());
    let missing = known.iter().filter(|key| !shown.contains(key));
    assert_none(
        &missing
            .map(|(key, _)| format!("{EXAMPLE} lacks {key}"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_key_of_the_example_is_explained() {
    assert_none(&unexplained(&read(EXAMPLE)));
}

#[test]
fn the_example_and_the_documents_say_the_range_of_every_number() {
    let example = read(EXAMPLE);
    let documents = ["docs/configuration.md", "docs/limits.md"];
    let rows = documents
        .map(|document| rows(&read(document), "Settings"))
        .concat();
    let mut findings = Vec::new();
    for Range { key, least, most } in RANGES {
        let range = format!("{least} to {most}");
        let row = rows.iter().find(|row| code(&row[0]) == Some(key));
        if !row.is_some_and(|row| says(&row[2], &range)) {
            findings.push(format!("docs/: the row of {key} does not say {range}"));
        }
        if !says(&explanation(&example, key), &range) {
            findings.push(format!(
                "{EXAMPLE}: the comment of {key} does not say {range}"
            ));
        }
    }
    let ranged = |key: &str| RANGES.iter().any(|range| range.key == key);
    let unranged = defaults()
        .into_iter()
        .filter(|(key, value)| value.is_integer() && !ranged(key));
    findings.extend(unranged.map(|(key, _)| format!("src/config/range.rs lacks {key}")));
    assert_none(&findings);
}

/// Whether a text has a range that is not a part of a longer number.
fn says(text: &str, range: &str) -> bool {
    let is_digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    text.match_indices(range).any(|(at, found)| {
        let (before, behind) = (&text[..at], &text[at + found.len()..]);
        !is_digit(before.chars().next_back()) && !is_digit(behind.chars().next())
    })
}

/// The comment above a key, as one line.
fn explanation(example: &str, key: &str) -> String {
    let (section, name) = key.split_once('.').unwrap_or(("", key));
    let (mut within, mut comment) = (String::new(), String::new());
    for line in example.lines() {
        if let Some(head) = line.strip_prefix('[') {
            within = head.trim_end_matches(']').to_owned();
        } else if let Some(text) = line.strip_prefix("# ") {
            comment = format!("{comment} {text}");
            continue;
        } else if within == section && line.starts_with(&format!("#{name} = ")) {
            return comment;
        }
        comment.clear();
    }
    String::new()
}

/// Every key of the configuration with its section, and its default.
pub(crate) fn defaults() -> Vec<(String, Value)> {
    keys(&Table::try_from(File::default()).expect("the defaults are TOML"))
}

fn keys(table: &Table) -> Vec<(String, Value)> {
    let mut keys = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(section) => {
                let inner = section.iter();
                keys.extend(inner.map(|(name, value)| (format!("{key}.{name}"), value.clone())));
            }
            value => keys.push((key.clone(), value.clone())),
        }
    }
    keys
}

/// The file with its keys, which stand behind a `#` without a space.
fn switched_on(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => format!("{key}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Keys without a comment in the line above, and sections likewise.
fn unexplained(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_comment = |line: &str| line.len() > 12 && line.starts_with("# ");
    let is_named = |line: &str| {
        let is_key = line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ");
        is_key || line.starts_with('[')
    };
    let pairs = lines.windows(2).enumerate();
    let found = pairs.filter(|(_, pair)| is_named(pair[1]) && !is_comment(pair[0]));
    found
        .map(|(place, pair)| format!("line {}: no comment above {}", place + 2, pair[1]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_switched_on_and_explanations_are_not() {
        assert_eq!(
            switched_on("# why = because\n#ttl = 30\n#\n[nomad]"),
            "# why = because\nttl = 30\n#\n[nomad]\n"
        );
    }

    #[test]
    fn a_range_is_found_in_the_comment_of_its_own_key() {
        let text = "# Up, 1 to 10.\n#a = 1\n\n[s]\n# Down,\n# 1 to 100.\n#a = 1";
        assert_eq!(explanation(text, "s.a"), " Down, 1 to 100.");
        assert!(says(&explanation(text, "a"), "1 to 10") && !says("1 to 100", "1 to 10"));
    }

    #[test]
    fn a_key_without_an_explanation_is_found() {
        let text = "# How long it is kept.\n#ttl = 30\n#zones = []\n\n[nomad]";
        assert_eq!(
            unexplained(text),
            [
                "line 3: no comment above #zones = []",
                "line 5: no comment above [nomad]"
            ]
        );
    }
}
