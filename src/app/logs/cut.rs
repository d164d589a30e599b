//! Shortens a log line that is too long. A JSON line stays valid JSON.
//!
//! Floor 7.

use serde_json::{Map, Value};

use crate::config::LogFormat;

/// Room for the words that say how long the line was.
const WORDS_OCTETS: usize = 64;

/// Makes a line of at most about `most` octets out of a longer one; it tells how long that was.
pub(super) fn cut(line: &[u8], most: usize, format: LogFormat) -> Vec<u8> {
    match format {
        LogFormat::Text => cut_text(line, most),
        LogFormat::Json => cut_json(line, most).unwrap_or_default(),
    }
}

fn cut_text(line: &[u8], most: usize) -> Vec<u8> {
    let kept = most.saturating_sub(WORDS_OCTETS).min(line.len());
    // A character that is cut in two becomes a sign for that.
    let kept = String::from_utf8_lossy(&line[..kept]);
    // What a terminal was told (bold, a colour) ends there.
    let plain = if kept.contains('\x1b') { "\x1b[0m" } else { "" };
    format!("{kept}{plain} [cut, {} octets]\n", line.len()).into_bytes()
}

fn cut_json(line: &[u8], most: usize) -> Option<Vec<u8>> {
    let whole: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let mut share = most / whole.len().max(1);
    loop {
        let mut fields: Map<String, Value> = whole
            .iter()
            .map(|(name, value)| (name.clone(), shortened(value, share)))
            .collect();
        fields.insert("cut_octets".into(), line.len().into());
        let mut short = serde_json::to_vec(&fields).ok()?;
        if short.len() < most || share == 0 {
            short.push(b'\n');
            return Some(short);
        }
        share /= 2;
    }
}

/// Makes a value of at most `most` characters of text.
fn shortened(value: &Value, most: usize) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        small => return small.clone(),
    };
    text.chars().take(most).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_is_one_line_that_tells_its_length() {
        let line = format!("INFO {}\n", "ä".repeat(5000));
        for most in [200, 201, 4096] {
            let short = String::from_utf8(cut(line.as_bytes(), most, LogFormat::Text)).unwrap();
            assert!(short.len() <= most, "{}", short.len());
            assert!(short.ends_with(" [cut, 10006 octets]\n"), "{short}");
            assert_eq!(short.lines().count(), 1);
        }
    }

    #[test]
    fn a_line_of_json_that_is_cut_is_json_still() {
        let fields = serde_json::json!({
            "level": "WARN", "message": "\u{1b}\"".repeat(4000), "count": 7,
            "deep": {"text": "x".repeat(4000)},
        });
        for most in [256, 4096] {
            let short = cut(fields.to_string().as_bytes(), most, LogFormat::Json);
            assert!(short.len() <= most, "{}", short.len());
            let read: Value = serde_json::from_slice(&short).unwrap();
            assert_eq!(
                (&read["level"], &read["count"]),
                (&"WARN".into(), &7.into())
            );
            assert!(read["cut_octets"].as_u64().unwrap() > 8000);
        }
    }
}
