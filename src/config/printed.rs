//! Writes the configuration in force as TOML that `check` reads again, and as JSON.

use std::fmt::Write as _;

use toml::Value;

use super::effective::ConfigValue;
use super::secrecy::SECRET;

/// Writes values as a file, each with a comment that says where it comes from.
///
/// A line whose value is not shown is itself a comment, so that nobody takes `(secret)` for the secret.
#[must_use]
pub fn to_toml(values: &[ConfigValue]) -> String {
    let (mut out, mut section) = (String::new(), "");
    let is_list = |it: &&ConfigValue| sections(&it.value).is_some();
    for it in values.iter().filter(|it| !is_list(it)) {
        let (of, name) = it.key.split_once('.').unwrap_or(("", &it.key));
        if of != section {
            section = of;
            let _ = write!(out, "\n[{section}]\n");
        }
        let hidden = if it.is_secret { "# " } else { "" };
        let _ = writeln!(out, "{hidden}{name} = {}  # {}", it.value, it.origin);
    }
    // They come last: what is behind such a section would be part of it.
    for it in values.iter().filter(is_list) {
        for keys in sections(&it.value).unwrap_or_default() {
            let _ = write!(out, "\n[[{}]]  # {}\n", it.key, it.origin);
            for (name, value) in keys {
                let is_hidden = value.as_str() == Some(SECRET);
                let hidden = if is_hidden { "# " } else { "" };
                let _ = writeln!(out, "{hidden}{name} = {value}");
            }
        }
    }
    out
}

/// Writes values as JSON: a list of objects with key, value and origin.
///
/// # Errors
/// None that a value of TOML can cause.
pub fn to_json(values: &[ConfigValue]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(values)
}

/// The sections of a list that has some.
fn sections(value: &Value) -> Option<Vec<&toml::Table>> {
    let sections: Vec<_> = value.as_array()?.iter().map(Value::as_table).collect();
    let sections: Option<Vec<_>> = sections.into_iter().collect();
    sections.filter(|it| !it.is_empty())
}
