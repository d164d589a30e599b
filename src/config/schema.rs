//! The JSON schema of the configuration file (draft 2020-12), for editors and other tools.
//!
//! It is made of what `check` uses: the types of the defaults, `range`, `choice` and `lists`; the descriptions are those of
//! the example. `.ci/schema` proves with another program that it refuses what `check` refuses.

use serde_json::{Map, Value as Json, json};
use toml::Value;

use super::choice::choices;
use super::described::{Described, described};
use super::lists::{ListKey, ListKeyKind, ListOfSections};
use super::range::Range;
use super::words::known;

/// Makes the schema.
#[must_use]
pub fn schema() -> Json {
    let (known, mut properties) = (known(), Map::new());
    let described = described();
    for Described {
        key,
        text,
        is_section,
    } in &described
    {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        if *is_section {
            properties.insert(key.clone(), section_schema(text));
            continue;
        }
        let table = match section {
            "" => Some(&known),
            section => known.get(section).and_then(Value::as_table),
        };
        let Some(default) = table.and_then(|it| it.get(name)) else {
            continue;
        };
        let it = key_schema(key, text, default);
        let place = match section {
            "" => Some(&mut properties),
            section => properties
                .get_mut(section)
                .and_then(|it| it["properties"].as_object_mut()),
        };
        if let Some(place) = place {
            place.insert(name.to_owned(), it);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration file of nomadns",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn section_schema(text: &str) -> Json {
    json!({
        "description": text,
        "type": "object",
        "additionalProperties": false,
        "properties": {},
    })
}

fn key_schema(key: &str, text: &str, default: &Value) -> Json {
    let mut schema = match default {
        Value::Integer(_) => match Range::of(key) {
            Some(Range { least, most, .. }) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            None => json!({"type": "integer"}),
        },
        Value::Boolean(_) => json!({"type": "boolean"}),
        Value::Array(_) => match ListOfSections::of(key) {
            Some(list) => json!({"type": "array", "items": item_schema(list)}),
            None => json!({"type": "array", "items": text_schema(key)}),
        },
        _ => text_schema(key),
    };
    schema["description"] = text.into();
    schema["default"] = serde_json::to_value(default).unwrap_or_default();
    schema
}

fn text_schema(key: &str) -> Json {
    match choices(key) {
        Some(words) => json!({"type": "string", "enum": words}),
        None => json!({"type": "string"}),
    }
}

/// The schema of a section of a list.
fn item_schema(list: ListOfSections) -> Json {
    let of = |key: &ListKey| {
        let path = format!("{}.{}", list.key, key.name);
        let mut schema = match key.kind {
            ListKeyKind::Text => text_schema(&path),
            ListKeyKind::Texts => json!({"type": "array", "items": text_schema(&path)}),
            ListKeyKind::Boolean => json!({"type": "boolean"}),
        };
        schema["description"] = key.description.into();
        (key.name.to_owned(), schema)
    };
    let required: Vec<&str> = list
        .keys
        .iter()
        .filter(|it| it.is_required)
        .map(|it| it.name)
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": list.keys.iter().map(of).collect::<Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::words::keys;

    #[test]
    fn every_key_is_in_the_schema_with_its_default() {
        let schema = schema();
        for (key, default) in keys() {
            let path = key.replace('.', "/properties/");
            let found = &schema["properties"]
                .pointer(&format!("/{path}"))
                .unwrap_or_else(|| panic!("no {key}"));
            let default = serde_json::to_value(default).unwrap();
            assert_eq!(found["default"], default, "{key}");
        }
    }
}
