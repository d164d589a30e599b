//! Describes errors in the form of a file for operators: values of a wrong type. Knows which keys there are.

use toml::{Table, Value};

use super::file::File;
use super::range::Range;

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
        "clients.allow" | "clients.trusted_proxies" | "transfer.allow" => {
            "[\"192.0.2.0/24\"]".to_owned()
        }
        "hosts" => {
            return "a [[hosts]] section for each name, with name = \"db.example\" and addresses = [\"10.0.0.5\"]".to_owned();
        }
        "forward" => {
            return "a [[forward]] section for each zone, with zone = \".\" and upstreams = [\"udp://10.0.0.2\"]".to_owned();
        }
        "transfer.keys" => {
            return "a [[transfer.keys]] section for each key, with name = \"transfer.example\" and secret_file = \"/etc/nomadns/transfer.key\"".to_owned();
        }
        "transfer.notify" => {
            return "a [[transfer.notify]] section for each secondary, with address = \"192.0.2.53\"".to_owned();
        }
        "reverse_zones" => "[\"10.0.0.0/8\"]".to_owned(),
        "clients.proxy_protocol" => "[\"tcp\"]".to_owned(),
        "metrics.names" => "[\"coredns\"]".to_owned(),
        "nomad.exclude_tags" => "[\"canary\"]".to_owned(),
        "query_log.names" => "[\"service.nomad\"]".to_owned(),
        "query_log.rcodes" => "[\"NXDOMAIN\", \"SERVFAIL\"]".to_owned(),
        "query_log.classes" => "[\"denial\", \"error\"]".to_owned(),
        "transfer.tag_prefixes" => "[\"public-\"]".to_owned(),
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

/// Every key with its section, and its default.
pub(super) fn keys() -> Vec<(String, Value)> {
    let mut keys = Vec::new();
    for (name, value) in known() {
        match value {
            Value::Table(section) => {
                keys.extend(
                    section
                        .into_iter()
                        .map(|(key, it)| (format!("{name}.{key}"), it)),
                );
            }
            value => keys.push((name, value)),
        }
    }
    keys
}

/// The defaults of all keys.
pub(super) fn known() -> Table {
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
