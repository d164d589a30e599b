//! `nomadns.example.toml` is complete, explained, and equal to the defaults of the code.

use nomadns::config::File;
use toml::{Table, Value};

use crate::sources::{assert_none, read};

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
