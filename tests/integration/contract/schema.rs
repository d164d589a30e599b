//! As much of JSON Schema as `openapi.yaml` uses.

use serde_json::Value;

use super::description::Description;

/// Checks a value against a schema.
pub(super) fn check(
    description: &Description,
    schema: &Value,
    value: &Value,
) -> Result<(), String> {
    let schema = description.resolve(schema);
    let types = match &schema["type"] {
        // Anything, and so what is in it.
        Value::Null => return Ok(()),
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let mut right = false;
    for each in &types {
        right |= is_of(each, value)?;
    }
    if !right {
        return Err(format!("{value} is no {}", schema["type"]));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Err(format!("{value} is not {}", schema["const"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{value} is none of {words:?}"));
    }
    check_text(schema, value)?;
    for item in value.as_array().into_iter().flatten() {
        check(description, &schema["items"], item)?;
    }
    check_object(description, schema, value)
}

fn is_of(name: &Value, value: &Value) -> Result<bool, String> {
    Ok(match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        other => return Err(format!("a type that the test does not know: {other:?}")),
    })
}

fn check_text(schema: &Value, value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    // The patterns of the description, in words: the crate for them is not worth it here.
    let right = match schema["pattern"].as_str() {
        None => true,
        Some("^[0-9]+$") => is_number(text),
        Some("^((private, )?max-age=[0-9]+|no-store)$") => {
            let shared = text.strip_prefix("private, ").unwrap_or(text);
            text == "no-store" || shared.strip_prefix("max-age=").is_some_and(is_number)
        }
        Some("^(Bearer|Basic) realm=\"nomadns\"") => ["Bearer", "Basic"]
            .iter()
            .any(|scheme| text.starts_with(&format!("{scheme} realm=\"nomadns\""))),
        Some("^[0-9A-F]+$") => text
            .bytes()
            .all(|octet| matches!(octet, b'0'..=b'9' | b'A'..=b'F')),
        Some("^[A-Za-z0-9_-]+={0,2}$") => text
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"_-=".contains(&octet)),
        Some(pattern) => return Err(format!("a pattern that the test does not know: {pattern}")),
    };
    if right {
        Ok(())
    } else {
        Err(format!("{text} is not {}", schema["pattern"]))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit())
}

fn check_object(description: &Description, schema: &Value, value: &Value) -> Result<(), String> {
    let Some(fields) = value.as_object() else {
        return Ok(());
    };
    for (name, value) in fields {
        let described = schema["properties"].get(name);
        // What may grow says so, and only what it promises is described.
        if described.is_none() && schema["additionalProperties"] == true {
            continue;
        }
        let Some(schema) = described.or_else(|| {
            let others = &schema["additionalProperties"];
            others.is_object().then_some(others)
        }) else {
            return Err(format!("{name} is not described"));
        };
        check(description, schema, value).map_err(|error| format!("{name}: {error}"))?;
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        let required = required.as_str().unwrap_or_default();
        if !fields.contains_key(required) {
            return Err(format!("{required} is missing"));
        }
    }
    Ok(())
}
