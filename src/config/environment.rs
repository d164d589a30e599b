//! Environment variables: `NOMADNS_` and a key for each key, and those of the Nomad CLI, read as it and its API package
//! read them.
//!
//! `NOMAD_NAMESPACE` is ignored: Nomad sets it in every task, and a gateway usually serves more than the namespace
//! that it runs in.

use toml::{Table, Value};

use super::Source;
use super::lists::ListOfSections;
use super::{unknown, words};

/// How the variables of the keys begin.
const PREFIX: &str = "NOMADNS_";
/// The variable that names the file, which is no key.
const CONFIG: &str = "NOMADNS_CONFIG";
/// What Kubernetes sets for a service of the name `nomadns` begins so behind the prefix, and is not meant for us.
const SERVICE_LINKS: [&str; 3] = ["SERVICE_HOST", "SERVICE_PORT", "PORT"];

/// Variables whose text is the value of a key.
const TEXTS: [(&str, &str); 7] = [
    ("NOMAD_REGION", "nomad.region"),
    ("NOMAD_HTTP_AUTH", "nomad.http_auth"),
    ("NOMAD_CACERT", "nomad.ca_file"),
    ("NOMAD_CAPATH", "nomad.ca_path"),
    ("NOMAD_CLIENT_CERT", "nomad.client_certificate"),
    ("NOMAD_CLIENT_KEY", "nomad.client_key"),
    ("NOMAD_TLS_SERVER_NAME", "nomad.tls_server_name"),
];

/// Lays the variables that `read` gives over what is in `source`; those of the keys win over those of the Nomad CLI. An
/// empty one is as if it were not there.
pub fn apply(source: &mut Source, read: impl Fn(&str) -> Option<String>) {
    let read = |name: &str| read(name).filter(|value| !value.is_empty());
    of_nomad_cli(source, &read);
    let (token, file) = ("nomad.token", "nomad.token_file");
    // The one stands above the other where it was said in a lower place.
    for (said, other) in [(token, file), (file, token)] {
        if read(&variable(said)).is_some() {
            source.remove(other);
        }
    }
    for (key, default) in words::keys() {
        let name = variable(&key);
        if let Some(text) = read(&name) {
            source.set(&key, value(&key, &text, &default), name);
        }
    }
}

/// The variable of a key: `nomad.token_file` is `NOMADNS_NOMAD_TOKEN_FILE`.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Notes the variables of the environment that look as if they were of a key, and are of none.
pub fn note_unknown(source: &mut Source, names: impl Iterator<Item = String>) {
    let keys: Vec<String> = words::keys().into_iter().map(|(key, _)| key).collect();
    let known: Vec<String> = keys.iter().map(|key| variable(key)).collect();
    for name in names.filter(|name| !known.contains(name) && name != CONFIG) {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let is_link = |of: &&str| {
            let port = rest.strip_prefix(of);
            port.is_some_and(|it| it.is_empty() || it.starts_with('_'))
        };
        if SERVICE_LINKS.iter().any(is_link) {
            continue;
        }
        let words = match meant(rest, &keys) {
            Some(key) => format!("is no variable of nomadns; did you mean {}?", variable(key)),
            None => {
                "is no variable of nomadns; docs/configuration.md says how they are named".into()
            }
        };
        source.note(&name.escape_debug().to_string(), words);
    }
}

/// The key that is meant by what stands behind the prefix: one without its section, or a slip.
fn meant<'a>(rest: &str, keys: &'a [String]) -> Option<&'a String> {
    let word = rest.to_lowercase();
    let without_section = |key: &&String| key.rsplit('.').next() == Some(&*word);
    let written: Vec<String> = keys.iter().map(|key| key.replace('.', "_")).collect();
    keys.iter().find(without_section).or_else(|| {
        let alike = unknown::likest(&word, &written.iter().collect::<Vec<_>>())?;
        keys.iter().find(|key| key.replace('.', "_") == *alike)
    })
}

/// The value that a text is for a key with such a default; a text where it is none, which is told as the wrong type.
fn value(key: &str, text: &str, default: &Value) -> Value {
    let text = text.trim();
    let as_text = || Value::from(text);
    match default {
        Value::Integer(_) => text.parse::<i64>().map_or_else(|_| as_text(), Value::from),
        Value::Boolean(_) => text.parse::<bool>().map_or_else(|_| as_text(), Value::from),
        Value::Array(_) => match list(text) {
            Some(list) => list,
            None if ListOfSections::of(key).is_some() => as_text(),
            None => text
                .split(',')
                .map(|it| Value::from(it.trim()))
                .collect::<Vec<_>>()
                .into(),
        },
        // The only way to say it: nothing at all is as if the variable were not there.
        _ if text == "\"\"" => "".into(),
        _ => as_text(),
    }
}

/// A list in brackets, as the file has it or as JSON, which has `:` for `=`.
fn list(text: &str) -> Option<Value> {
    if !text.starts_with('[') {
        return None;
    }
    let toml = format!("it = {text}").parse::<Table>().ok();
    let toml = toml.and_then(|mut table| table.remove("it"));
    let value = toml.or_else(|| serde_json::from_str(text).ok())?;
    value.is_array().then_some(value)
}

/// What the Nomad CLI reads.
fn of_nomad_cli(source: &mut Source, read: &impl Fn(&str) -> Option<String>) {
    if let Some(address) = read("NOMAD_ADDR") {
        source.set("nomad.addresses", vec![address], "NOMAD_ADDR");
    } else if let Some(address) = read("NOMAD_UNIX_ADDR")
        && !source.has("nomad.addresses")
    {
        source.set("nomad.addresses", vec![address], "NOMAD_UNIX_ADDR");
    }
    if let Some(token) = read("NOMAD_TOKEN") {
        // It stands above the file, and so above a token file that is named there; but that one would be read again.
        let aside = source
            .has("nomad.token_file")
            .then(|| source.origin("nomad.token_file"));
        source.remove("nomad.token_file");
        source.set("nomad.token", token, "NOMAD_TOKEN");
        if let Some(origin) = aside {
            let words = format!(
                "NOMAD_TOKEN is used instead of the file that {origin} names: the environment stands above the file; \
                 unset NOMAD_TOKEN, or name the file with --token-file"
            );
            source.note("nomad.token_file", words);
        }
    }
    for (name, key) in TEXTS {
        if let Some(value) = read(name) {
            source.set(key, value, name);
        }
    }
    // Go's strconv.ParseBool; what it cannot read is ignored, as Nomad's CLI does.
    match read("NOMAD_SKIP_VERIFY").as_deref() {
        Some("1" | "t" | "T" | "TRUE" | "true" | "True") => {
            source.set("nomad.skip_verify", true, "NOMAD_SKIP_VERIFY");
        }
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => {
            source.set("nomad.skip_verify", false, "NOMAD_SKIP_VERIFY");
        }
        _ => {}
    }
    if let Some(ttl) = read("NOMAD_TTL") {
        match ttl.parse::<i64>() {
            Ok(ttl) => source.set("ttl", ttl, "NOMAD_TTL"),
            Err(_) => source.set("ttl", ttl, "NOMAD_TTL"),
        }
    }
}
