//! Describes errors in the form of a file for operators: unknown keys and values of a wrong type.

use toml::{Table, Value};

use super::file::File;
use super::range::Range;

/// How alike two keys have to be for the one to be a slip of the other, from 0 to 1.
const ALIKE: f64 = 0.8;

/// Says that a key is none, and which one may be meant: a section, where one was written.
pub(super) fn unknown_key(key: &str, value: Option<&Value>) -> String {
    let known = known();
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let place = match section {
        "" => "of the file itself".to_owned(),
        section => format!("of [{section}]"),
    };
    let is_section = value.is_some_and(Value::is_table);
    let table = match known.get(section) {
        Some(Value::Table(table)) => table,
        _ => &known,
    };
    let alike = table.iter().filter(|(_, it)| it.is_table() == is_section);
    let beside: Vec<&String> = alike.map(|(name, _)| name).collect();
    if let Some(meant) = likest(name, &beside) {
        return format!("is not a key {place}; did you mean `{meant}`?");
    }
    let elsewhere = known.iter().find_map(|(of, value)| match value {
        Value::Table(table) if table.contains_key(name) => Some(format!("under [{of}]")),
        value if of == name && !value.is_table() => Some("before the first section".to_owned()),
        _ => None,
    });
    match elsewhere {
        Some(elsewhere) => format!("is not a key {place}; `{name}` belongs {elsewhere}"),
        None => {
            let names: Vec<&str> = beside.iter().map(|name| name.as_str()).collect();
            format!("is not a key {place}; the keys are {}", names.join(", "))
        }
    }
}

/// Says what is wrong with a section of a list, such as `[[forward]]`, without its values.
pub(super) fn of_list(path: &str, problem: &str) -> String {
    let name = path.split_once("].").map_or("", |(_, name)| name);
    let known = "the keys of [[forward]] are zone, upstreams, policy";
    if problem.starts_with("unknown field") {
        return format!("`{name}` is not a key; {known}");
    }
    match problem.strip_prefix("missing field ") {
        Some(missing) => format!("lacks {missing}; {known}"),
        None => format!(
            "`{name}` is of the wrong type; expected zone = \".\", upstreams = [\"udp://10.0.0.2\"], policy = \"fastest\""
        ),
    }
}

/// Says what a value of the wrong type is, and what would be right.
pub(super) fn wrong_type(key: &str, value: &Value) -> String {
    let expected = match default(key) {
        Some(Value::Array(_)) => match value {
            Value::Array(_) => {
                return format!(
                    "contains something other than strings; expected {}",
                    list(key)
                );
            }
            _ => list(key),
        },
        Some(Value::Integer(_)) => match Range::of(key) {
            Some(Range { least, most, .. }) => format!("a whole number, {least} to {most}"),
            None => "a whole number".to_owned(),
        },
        Some(Value::Boolean(_)) => "true or false".to_owned(),
        Some(Value::Table(_)) => format!("a section, [{key}]"),
        _ => "a text".to_owned(),
    };
    format!("is {}; expected {expected}", kind(value))
}

/// Whether there is such a key; a section is none.
pub(super) fn is_key(key: &str) -> bool {
    default(key).is_some_and(|value| !value.is_table())
}

/// Whether there is such a section.
pub(super) fn is_section(key: &str) -> bool {
    default(key).is_some_and(|value| value.is_table())
}

/// Says in other words what the decoder says of a value that has the right type.
pub(super) fn in_words(problem: &str) -> String {
    // It shows the value, which stands before it already, if it may.
    if let Some((_, expected)) = problem.split_once("`, expected ") {
        return format!("must be {expected}");
    }
    match problem {
        "invalid socket address syntax" => {
            "contains an invalid address; expected an address with a port, 0 to 65535, such as \"127.0.0.1:1053\" or \"[::1]:1053\""
        }
        "invalid IP address syntax" => {
            "contains an invalid address; expected an address such as \"10.0.0.5\" or \"fd00::5\""
        }
        other => other,
    }
    .to_owned()
}

/// What a list of texts looks like, for this key.
fn list(key: &str) -> String {
    let such = match key {
        "cookie_secrets" => "[\"<32 hex digits>\"]".to_owned(),
        "name_server_addresses" => "[\"10.0.0.5\"]".to_owned(),
        "listen.tls" | "listen.https" => "[\"127.0.0.1:0\"]".to_owned(),
        "clients.allow" | "clients.trusted_proxies" => "[\"192.0.2.0/24\"]".to_owned(),
        "forward" => {
            return "a [[forward]] section for each zone, with zone = \".\" and upstreams = [\"udp://10.0.0.2\"]".to_owned();
        }
        "clients.proxy_protocol" => "[\"tcp\"]".to_owned(),
        "nomad.exclude_tags" => "[\"canary\"]".to_owned(),
        "http.hosts" => "[\"dns.example\"]".to_owned(),
        "http.allow_origins" => "[\"https://dash.example\"]".to_owned(),
        key => default(key).map_or_else(String::new, |value| value.to_string()),
    };
    format!("a list of strings, such as {such}")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// The key that a word is a slip of, if there is one.
fn likest<'a>(word: &str, keys: &[&'a String]) -> Option<&'a String> {
    // Short words with one slip have little in common otherwise.
    let alike = |key: &String| match strsim::osa_distance(word, key) {
        1 => 1.0,
        _ => strsim::jaro_winkler(word, key),
    };
    let likest = keys.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(likest) >= ALIKE).then_some(*likest)
}

fn known() -> Table {
    // The defaults are TOML, as tests/house proves.
    Table::try_from(File::default()).unwrap_or_default()
}

fn default(key: &str) -> Option<Value> {
    let known = known();
    match key.split_once('.') {
        None => known.get(key).cloned(),
        Some((section, name)) => known.get(section)?.get(name).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_gets_a_suggestion_and_a_misplaced_one_its_section() {
        let (text, section) = (Value::from("x"), Value::from(Table::new()));
        for (key, value, part) in [
            (
                "nomad.adress",
                &text,
                "of [nomad]; did you mean `addresses`?",
            ),
            ("zone", &text, "of the file itself; did you mean `zones`?"),
            ("nomd", &section, "did you mean `nomad`?"),
            ("tsl", &section, "did you mean `tls`?"),
            ("token_file", &text, "`token_file` belongs under [nomad]"),
            (
                "nomad.zones",
                &text,
                "`zones` belongs before the first section",
            ),
            ("tls.qqq", &text, "the keys are certificate, check_seconds"),
        ] {
            let message = unknown_key(key, Some(value));
            assert!(message.contains(part), "{key}: {message}");
        }
    }
}
