//! `nomadns config`: the configuration in force is shown with where it comes from, and no secret; the schema is complete.

use nomadns::config::File;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::{Config, nomadns, run};

/// Runs the program with variables: exit code, standard output, standard error.
pub(super) fn run_with(variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let variables = variables.iter().copied();
    let output = nomadns(arguments).envs(variables).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

/// What `config show --json` says of each key.
pub(super) fn shown(variables: &[(&str, &str)], arguments: &[&str]) -> Vec<Json> {
    let arguments = [&["config", "show", "--json"], arguments].concat();
    let (code, out, error) = run_with(variables, &arguments);
    assert_eq!((code, &*error), (0, ""));
    serde_json::from_str(&out).unwrap()
}

/// What it says of one key.
pub(super) fn of<'shown>(shown: &'shown [Json], key: &str) -> &'shown Json {
    shown.iter().find(|it| it["key"] == key).unwrap()
}

/// Every key, and its default.
pub(super) fn keys() -> Vec<(String, Value)> {
    let mut keys = Vec::new();
    for (name, value) in Table::try_from(File::default()).unwrap() {
        match value {
            Value::Table(section) => keys.extend(
                section
                    .into_iter()
                    .map(|(key, value)| (format!("{name}.{key}"), value)),
            ),
            value => keys.push((name, value)),
        }
    }
    keys
}

const EVERYTHING: &str = "zones = [\"a\", \"b.c\"]\nttl = 7\nnsid = \"it's \\\"me\\\"\\u001b\"\n\
    [nomad]\nfilter = \"Tags contains \\\"a\\\"\"\ntoken = \"hunter2\"\n\
    [log]\nlevel = \"warn\"\n\
    [[hosts]]\nname = \"db.example\"\naddresses = [\"10.0.0.5\"]\n\
    [[forward]]\nzone = \".\"\nupstreams = [\"udp://192.0.2.1\"]\n\
    [[forward]]\nzone = \"corp.example\"\nupstreams = [\"udp://192.0.2.2\"]\nprivate_addresses = true\n";

#[test]
fn the_configuration_in_force_is_read_again_as_it_is_shown() {
    let first = Config::new(EVERYTHING);
    for flags in [&[] as &[&str], &["--changed"]] {
        let path = first.path();
        let arguments = [
            &["config", "show", "--config", &path, "--negative-ttl", "9"],
            flags,
        ]
        .concat();
        let (code, text, error) = run(&arguments);
        assert_eq!((code, &*error), (0, ""));
        let second = Config::new(&text);
        let (code, _, error) = run(&["check", "--config", &second.path()]);
        assert_eq!((code, &*error), (0, ""), "{text}");
        let values = |config: &Config, flags: &[&str]| -> Vec<(Json, Json)> {
            let path = config.path();
            let shown = shown(&[], &[&["--config", &path], flags].concat());
            // The token is not in what was printed.
            let mut shown = shown;
            shown.retain(|it| it["key"] != "nomad.token");
            shown
                .into_iter()
                .map(|it| (it["key"].clone(), it["value"].clone()))
                .collect()
        };
        assert_eq!(
            values(&first, &["--negative-ttl", "9"]),
            values(&second, &[])
        );
    }
}

#[test]
fn each_value_is_shown_with_where_it_comes_from() {
    let config = Config::new(EVERYTHING);
    let path = config.path();
    let variables = [
        ("NOMAD_REGION", "eu"),
        ("NOMADNS_LISTEN_HTTP", "127.0.0.1:0"),
    ];
    let shown = shown(&variables, &["--config", &path, "--negative-ttl", "9"]);
    for (key, value) in keys() {
        if ["log.format", "limits.connections", "http.hosts"].contains(&&*key) {
            let it = of(&shown, &key);
            assert_eq!(it["origin"], "default", "{it}");
            assert_eq!(it["value"], serde_json::to_value(value).unwrap(), "{it}");
        }
    }
    assert_eq!(shown.len(), keys().len());
    let line = |key| of(&shown, key)["line"].as_u64();
    assert_eq!(of(&shown, "ttl")["file"], *path);
    assert_eq!(
        (line("ttl"), line("log.level"), line("hosts")),
        (Some(2), Some(8), Some(9))
    );
    assert_eq!(of(&shown, "nomad.region")["variable"], "NOMAD_REGION");
    let http = of(&shown, "listen.http");
    assert_eq!(
        (&http["origin"], &http["variable"]),
        (&"environment".into(), &"NOMADNS_LISTEN_HTTP".into())
    );
    assert_eq!(of(&shown, "negative_ttl")["flag"], "--negative-ttl");
    let (_, text, _) = run(&[
        "config",
        "show",
        "--config",
        &path,
        "--negative-ttl",
        "9",
        "--changed",
    ]);
    for line in [
        format!("ttl = 7  # {path}:2"),
        "negative_ttl = 9  # --negative-ttl".into(),
        format!("[[hosts]]  # {path}:9"),
    ] {
        assert!(text.lines().any(|it| it == line), "{line}:\n{text}");
    }
    assert!(!text.contains("default"), "{text}");
}

#[test]
fn a_secret_is_never_shown() {
    let config = "cookie_secrets = [\"0011223344556677889900aabbccddee\"]\n[nomad]\n\
        addresses = [\"http://canary:canary@127.0.0.1:9\"]\ntoken = \"canary\"\nhttp_auth = \"canary:canary\"\n";
    let config = Config::new(config);
    for flags in [&[] as &[&str], &["--json"], &["--changed"]] {
        let path = config.path();
        let (code, out, error) = run(&[&["config", "show", "--config", &path], flags].concat());
        assert_eq!((code, &*error), (0, ""));
        assert!(
            !out.contains("canary") && !out.contains("00112233"),
            "{out}"
        );
        assert_eq!(out.matches("(secret)").count(), 3, "{out}");
    }
    let (_, out, _) = run_with(&[("NOMADNS_NOMAD_TOKEN", "canary")], &["config", "show"]);
    let line = "# token = \"(secret)\"  # NOMADNS_NOMAD_TOKEN";
    assert!(out.lines().any(|it| it == line), "{out}");
    assert!(!out.contains("canary"), "{out}");
}

#[test]
fn a_wrong_configuration_is_not_shown_but_told() {
    let (code, out, error) = run(&["config", "show", "--ttl", "3601"]);
    assert_eq!((code, &*out), (2, ""));
    assert!(error.contains("--ttl: ttl = 3601"), "{error}");
}

#[test]
fn the_schema_knows_every_key_and_no_other() {
    let (code, out, _) = run(&["config", "schema"]);
    assert_eq!(code, 0);
    let schema: Json = serde_json::from_str(&out).unwrap();
    let mut known = 0;
    for (key, _) in keys() {
        let path = format!("/properties/{}", key.replace('.', "/properties/"));
        let it = schema.pointer(&path).unwrap_or_else(|| panic!("no {key}"));
        assert!(it["description"].as_str().unwrap().len() > 10, "{it}");
        known += 1;
    }
    let properties = schema["properties"].as_object().unwrap().values();
    let count: usize = properties
        .map(|it| match it["properties"].as_object() {
            Some(section) => {
                assert_eq!(it["additionalProperties"], false, "{it}");
                section.len()
            }
            None => 1,
        })
        .sum();
    assert_eq!(
        (count, &schema["additionalProperties"]),
        (known, &false.into())
    );
}
