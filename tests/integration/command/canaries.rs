//! A secret shows in no message, wherever in file, environment or flags somebody has put it, right or wrong.

use std::path::Path;

use nomadns::config::{File, Settings, Source, apply_environment};
use toml::{Table, Value};

use super::{Config, run};

pub(super) const CANARY: &str = "c0ffee00-cafe-4bad-8bad-c0ffeec0ffee";
/// What of it is looked for: no message may have even a part of it.
const PARTS: [&str; 4] = ["c0ffee", "cafe-4bad", "8bad", "YzBmZmVl"];

/// Keys that are secrets themselves.
const SECRETS: [&str; 3] = ["nomad.token", "nomad.http_auth", "cookie_secrets"];

pub(super) fn assert_hidden(output: &str, of: &str) {
    for part in PARTS {
        assert!(!output.contains(part), "{of}\nshows it: {output}");
    }
}

/// Every key with its section, and whether it names a file.
fn keys() -> Vec<(String, bool)> {
    let defaults = Table::try_from(File::default()).unwrap();
    let is_file = |name: &str| {
        ["file", "path", "dir", "certificate", "key"]
            .iter()
            .any(|word| name.ends_with(word))
    };
    let mut keys = Vec::new();
    for (name, value) in &defaults {
        match value {
            Value::Table(section) => keys.extend(
                section
                    .keys()
                    .map(|key| (format!("{name}.{key}"), is_file(key))),
            ),
            _ => keys.push((name.clone(), is_file(name))),
        }
    }
    assert!(keys.len() > 70, "{keys:?}");
    keys
}

/// The places of a secret in the value of a key, as TOML.
fn values(key: &str, is_file: bool) -> Vec<String> {
    let urls = [
        format!("http://user:{CANARY}@host:99999"),
        format!("http://user:{CANARY}@host/?a"),
        format!("http://{CANARY}@host:x"),
        format!("https://u:1/{CANARY}@host"),
        format!("ftp://u:p{CANARY}@host"),
        format!("-----BEGIN PRIVATE KEY-----\\n{CANARY}"),
    ];
    let is_secret = SECRETS.contains(&key);
    let one = [CANARY.to_owned()];
    let two = [format!("{CANARY}\\n{CANARY}")];
    let one = one.iter().filter(|_| is_secret || is_file);
    let texts = urls
        .iter()
        .chain(one)
        .chain(two.iter().filter(|_| is_secret));
    let mut values: Vec<String> = texts
        .flat_map(|text| {
            [
                format!("\"{text}\""),
                format!("[\"{text}\"]"),
                format!("[[\"{text}\"]]"),
            ]
        })
        .collect();
    values.push(format!("{{ value = \"{CANARY}\" }}"));
    values.push(format!("[{{ value = \"{CANARY}\" }}]"));
    if is_secret {
        // Lines that are not TOML, and values that are cut.
        values.extend([
            CANARY.to_owned(),
            format!("\"{CANARY}"),
            format!("\"\\q{CANARY}\""),
        ]);
        values.extend([
            format!("[\"{CANARY}\""),
            format!("\"{CANARY}\" \"{CANARY}\""),
        ]);
    }
    values
}

/// The messages about a file: the error, or the warnings.
fn messages_about(text: &str, path: &Path) -> String {
    std::fs::write(path, text).unwrap();
    let checked = Source::from_file(path).and_then(|source| Settings::check(&source));
    match checked {
        Ok(settings) => settings.warnings.iter().map(ToString::to_string).collect(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn no_value_of_a_file_that_may_be_a_secret_is_in_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nomadns.toml");
    for (key, is_file) in keys() {
        let (section, name) = key.split_once('.').unwrap_or(("", &key));
        let head = match section {
            "" => String::new(),
            section => format!("[{section}]\n"),
        };
        let (slip, section) = (format!("{head}{name}_ = \"{CANARY}\""), head.clone());
        for value in values(&key, is_file) {
            let text = format!("{head}{name} = {value}");
            assert_hidden(&messages_about(&text, &path), &text);
        }
        assert_hidden(&messages_about(&slip, &path), &slip);
        for text in [
            format!("{section}{name}_ = [\"{CANARY}\"]"),
            format!("{section}[x.{name}]\ntoken = \"{CANARY}\""),
        ] {
            assert_hidden(&messages_about(&text, &path), &text);
        }
    }
    for section in [
        "nomad", "listen", "tls", "http", "clients", "limits", "cache", "log", "nomd",
    ] {
        for text in [
            format!("{section} = \"{CANARY}\""),
            format!("{section} = [\"{CANARY}\"]"),
            format!("[[{section}]]\ntoken = \"{CANARY}\""),
            format!("[{section}]\ntokn = \"{CANARY}\""),
            format!("[{section}]\ntoken = \"{CANARY}\"\ntoken = \"{CANARY}\""),
        ] {
            assert_hidden(&messages_about(&text, &path), &text);
        }
    }
}

#[test]
fn no_variable_that_may_hold_a_secret_is_in_a_message() {
    let url = format!("http://user:{CANARY}@host:99999");
    for (name, values) in [
        (
            "NOMAD_ADDR",
            vec![url.clone(), format!("user:{CANARY}@host")],
        ),
        ("NOMAD_UNIX_ADDR", vec![format!("unix://{CANARY}@host")]),
        (
            "NOMAD_TOKEN",
            vec![format!("{CANARY}\n{CANARY}"), format!("{CANARY}\u{1}")],
        ),
        ("NOMAD_HTTP_AUTH", vec![CANARY.to_owned()]),
        ("NOMAD_CACERT", vec![url.clone(), CANARY.to_owned()]),
        ("NOMAD_CAPATH", vec![url.clone(), CANARY.to_owned()]),
        ("NOMAD_CLIENT_CERT", vec![url.clone(), CANARY.to_owned()]),
        (
            "NOMAD_CLIENT_KEY",
            vec![format!("-----BEGIN EC PRIVATE KEY-----\n{CANARY}")],
        ),
        ("NOMAD_TLS_SERVER_NAME", vec![url.clone()]),
        ("NOMAD_TTL", vec![url]),
    ] {
        for value in values {
            let mut source = Source::default();
            let read = |asked: &str| (asked == name).then(|| value.clone());
            apply_environment(&mut source, read);
            let error = Settings::check(&source).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
            assert_hidden(&error, name);
        }
    }
}

#[test]
fn the_program_shows_no_secret_of_a_mistake_whichever_command_meets_it() {
    let files = [
        format!("[nomad]\naddresses = [\"http://admin:{CANARY}@host:99999\"]"),
        format!("[nomad]\ntokn = \"{CANARY}\""),
        format!("[nomad]\ntoken = [\"{CANARY}\"]"),
        format!("[nomad]\ntoken = {CANARY}"),
        format!("[nomad]\nhttp_auth = \"{CANARY}\""),
        format!("[nomad]\ntoken_file = \"{CANARY}\""),
        format!("cookie_secrets = [\"{CANARY}\"]"),
    ];
    for text in files {
        let config = Config::new(&text);
        let path = config.path();
        for command in [
            &["check"][..],
            &["check", "--connect"],
            &["serve"],
            &["export"],
        ] {
            let (code, out, error) = run(&[command, &["--config", &path]].concat());
            assert_eq!((code, error.lines().count()), (2, 1), "{error}");
            assert_hidden(&(out + &error), &text);
        }
    }
    for flags in [
        [
            "serve",
            "--nomad-address",
            &format!("http://admin:{CANARY}@host:99999"),
        ],
        ["check", "--token-file", CANARY],
        [
            "check",
            "--tls-key",
            &format!("{CANARY}\n-----BEGIN PRIVATE KEY-----"),
        ],
    ] {
        let (code, out, error) = run(&flags);
        assert_eq!(code, 2, "{error}");
        assert_hidden(&(out + &error), flags[1]);
    }
    for flag in [
        format!("--token={CANARY}"),
        format!("--nomad-token={CANARY}"),
    ] {
        let (code, out, error) = run(&["serve", &flag]);
        assert_eq!(code, 2, "{error}");
        assert_hidden(&(out + &error), &flag);
    }
}

#[test]
fn lists_of_credentials_with_a_mistake_show_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    for (key, text) in [
        ("bearer_tokens_file", format!("{CANARY} {CANARY}\n")),
        ("basic_users_file", format!("{CANARY}\n")),
    ] {
        std::fs::write(&path, text).unwrap();
        let config = Config::new(&format!("[http]\n{key} = {path:?}"));
        let (code, out, error) = run(&["check", "--config", &config.path()]);
        assert_eq!(code, 2, "{error}");
        assert!(
            error.contains(&format!("http.{key}")) && error.contains("line 1"),
            "{error}"
        );
        assert_hidden(&(out + &error), key);
    }
}
