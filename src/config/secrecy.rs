//! Which part of a value a message may show: errors go to logs and tickets, secrets must not.
//!
//! A secret may be where it belongs, or in a wrong place by mistake: under a misspelt key, in a URL, or instead of a
//! file's name. A hidden value is hidden completely, and the message says why.

use std::path::Path;

use toml::Value;

use crate::nomad::without_user;

/// Keys whose values are secrets.
const SECRETS: [&str; 3] = ["nomad.token", "nomad.http_auth", "cookie_secrets"];

/// Keys that name a file or a folder, whose own text is sometimes written in their place.
const FILES: [&str; 13] = [
    "hosts_file",
    "forwarding.ca_file",
    "nomad.token_file",
    "nomad.ca_file",
    "nomad.ca_path",
    "nomad.client_certificate",
    "nomad.client_key",
    "nomad.state_dir",
    "tls.certificate",
    "tls.key",
    "tls.client_ca_file",
    "http.bearer_tokens_file",
    "http.basic_users_file",
];

/// Those of them whose file has a secret.
const FILES_OF_SECRETS: [&str; 5] = [
    "nomad.token_file",
    "nomad.client_key",
    "tls.key",
    "http.bearer_tokens_file",
    "http.basic_users_file",
];

/// The key whose values are URLs, with a user and a password if need be.
const ADDRESSES: &str = "nomad.addresses";

/// Whether a key, or what is below it, is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.iter().any(|secret| {
        key == *secret
            || key
                .strip_prefix(secret)
                .is_some_and(|it| it.starts_with(['.', '[']))
    })
}

/// Says what is wrong with a value that has a secret where none belongs; it is not to be shown then.
pub(super) fn misplaced(key: &str, value: &Value) -> Option<&'static str> {
    let is_file = FILES.contains(&key);
    let is_of_secret = FILES_OF_SECRETS.contains(&key);
    texts(value).into_iter().find_map(|text| {
        if text.contains("-----BEGIN") {
            Some("is the PEM itself; write it into a file and name that file here")
        } else if is_file && (has_token(text) || is_of_secret && !is_path(text)) {
            Some(
                "names no file that is there, or is what belongs into one; write the secret into a file, and name the \
                 file here",
            )
        } else if !is_file && !is_secret(key) && key != "nsid" && has_token(text) {
            Some("looks like a token; write it into a file and name that file in nomad.token_file")
        } else if key != ADDRESSES && text.contains("://") && without_user(text) != text {
            Some("contains the user or password of a URL, which is not used here; remove it")
        } else {
            None
        }
    })
}

/// A value as it may be shown; none when it may not.
pub(super) fn shown(key: &str, value: &Value) -> Option<String> {
    let is_of_keys = key == KEYS.0;
    if is_secret(key) || is_of_keys || misplaced(key, value).is_some() || has_table(value) {
        return None;
    }
    let value = match key {
        ADDRESSES => without_users(value),
        _ => value.clone(),
    };
    Some(value.to_string())
}

/// The key whose sections have a secret each, and its name there.
const KEYS: (&str, &str) = ("transfer.keys", "secret");

/// What stands for a secret.
pub(super) const SECRET: &str = "(secret)";

/// A value that is in force as it may be shown, and whether something is left out of it.
pub(super) fn in_force(key: &str, value: &Value) -> (Value, bool) {
    let is_empty = texts(value).iter().all(|text| text.is_empty());
    if !is_empty && (is_secret(key) || misplaced(key, value).is_some()) {
        return (SECRET.into(), true);
    }
    match key {
        ADDRESSES => {
            let shown = without_users(value);
            let is_less = shown != *value;
            (shown, is_less)
        }
        _ if key == KEYS.0 => without_secrets(value),
        _ => (value.clone(), false),
    }
}

/// Whether a word of a text has the form of Nomad's secret IDs, or of a JWT.
fn has_token(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let is_jwt = word.starts_with("eyJ") && word.matches('.').count() == 2;
        is_jwt || uuid::Uuid::try_parse(word).is_ok()
    })
}

/// Whether a text names a file, be it there or not; a bare word that names none that is there may be a secret.
fn is_path(text: &str) -> bool {
    let begins = ["/", "./", "../"];
    begins.iter().any(|begin| text.starts_with(begin)) || Path::new(text).exists()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Table(table) => table.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn has_table(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(values) => values.iter().any(has_table),
        _ => false,
    }
}

/// The sections of a list, each without its secret.
fn without_secrets(value: &Value) -> (Value, bool) {
    let mut value = value.clone();
    let sections = value.as_array_mut().into_iter().flatten();
    let mut is_less = false;
    for table in sections.filter_map(Value::as_table_mut) {
        if let Some(secret) = table.get_mut(KEYS.1) {
            *secret = SECRET.into();
            is_less = true;
        }
    }
    (value, is_less)
}

fn without_users(value: &Value) -> Value {
    match value {
        Value::String(text) => without_user(text).into(),
        Value::Array(values) => values.iter().map(without_users).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(key: &str, value: impl Into<Value>) -> Option<String> {
        shown(key, &value.into())
    }

    #[test]
    fn a_secret_is_not_shown_wherever_it_stands() {
        for (key, value) in [
            ("nomad.token", "hunter2"),
            ("nomad.token_file", "c0ffee00-1111-4222-8333-444444444444"),
            ("tls.key", "-----BEGIN PRIVATE KEY-----\nhunter2"),
            ("http.allow_origins", "https://u:hunter2@host"),
            ("http.basic_users_file", "admin:hunter2"),
            ("http.bearer_tokens_file", "hunter2"),
            (
                "nomad.token_file",
                "Bearer c0ffee00-1111-4222-8333-444444444444",
            ),
            ("zones", "c0ffee00-1111-4222-8333-444444444444"),
        ] {
            assert_eq!(shows(key, value), None, "{key}");
        }
        assert!(is_secret("nomad.token.a") && is_secret("cookie_secrets[0]"));
        assert!(!is_secret("nomad.token_file"));
        let table = toml::Table::from_iter([("token".to_owned(), Value::from("hunter2"))]);
        assert_eq!(shows("nomad", vec![table]), None);
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        assert_eq!(shows("ttl", 5).as_deref(), Some("5"));
        assert_eq!(
            shows("nomad.addresses", vec!["http://u:hunter2@host:99999"]).as_deref(),
            Some("[\"http://***@host:99999\"]")
        );
        assert_eq!(
            shows("nomad.token_file", "/secrets/nomad_token").as_deref(),
            Some("\"/secrets/nomad_token\"")
        );
        assert!(shows("nomad.filter", "Tags contains \"a@b\"").is_some());
    }
}
