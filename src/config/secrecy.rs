//! What of a value may be shown: an error goes to logs and tickets, a secret must not.
//!
//! A secret is where one belongs, or where somebody has put it by mistake: under a misspelt key, in a URL, in the place of
//! a file's name. What is hidden is hidden as a whole, and the message says why instead.

use toml::Value;

use crate::nomad::without_user;

/// Keys whose values are secrets.
const SECRETS: [&str; 3] = ["nomad.token", "nomad.http_auth", "cookie_secrets"];

/// Keys that name a file or a folder, whose own text is sometimes written in their place.
const FILES: [&str; 11] = [
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
    texts(value).into_iter().find_map(|text| {
        if text.contains("-----BEGIN") {
            Some("is the PEM itself; write it into a file, and name the file here")
        } else if is_file && is_token(text) {
            Some("looks like a token itself; write it into a file, and name the file here")
        } else if key != ADDRESSES && text.contains("://") && without_user(text) != text {
            Some("has the user or the password of a URL in it, which is of no use here; leave it out")
        } else {
            None
        }
    })
}

/// A value as it may be shown; none when it may not.
pub(super) fn shown(key: &str, value: &Value) -> Option<String> {
    if is_secret(key) || misplaced(key, value).is_some() || has_table(value) {
        return None;
    }
    let value = match key {
        ADDRESSES => without_users(value),
        _ => value.clone(),
    };
    Some(value.to_string())
}

/// Whether a text has the form of Nomad's secret IDs, or of a JWT.
fn is_token(text: &str) -> bool {
    let text = text.trim();
    let is_jwt = text.starts_with("eyJ") && text.matches('.').count() == 2;
    is_jwt || uuid::Uuid::try_parse(text).is_ok()
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
