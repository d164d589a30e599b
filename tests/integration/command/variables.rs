//! Each key has a variable of the environment, which is named where it is wrong.

use std::collections::HashSet;

use nomadns::config::variable;
use toml::Value;

use super::Config;
use super::configuration::{keys, of, run_with, shown};

/// What `check` says with variables.
fn check(variables: &[(&str, &str)]) -> (i32, String, String) {
    run_with(variables, &["check"])
}

#[test]
fn no_two_keys_have_the_same_variable() {
    let names: Vec<String> = keys().iter().map(|(key, _)| variable(key)).collect();
    let different: HashSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert!(!names.contains(&"NOMADNS_CONFIG".to_owned()));
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    for (key, default) in keys() {
        // What a variable cannot say: nothing is as if it were not there.
        let text = match &default {
            Value::String(text) if text.is_empty() => "\"\"".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(list) if list.iter().all(Value::is_str) && !list.is_empty() => {
                let texts: Vec<_> = list.iter().filter_map(Value::as_str).collect();
                texts.join(",")
            }
            other => other.to_string(),
        };
        let name = variable(&key);
        let shown = shown(&[(&name, &text)], &[]);
        let it = of(&shown, &key);
        assert_eq!(it["value"], serde_json::to_value(default).unwrap(), "{key}");
        assert_eq!(it["variable"], *name, "{it}");
    }
}

#[test]
fn lists_in_variables_are_written_with_commas_or_in_brackets() {
    for text in [
        "127.0.0.1:0,[::1]:0",
        "127.0.0.1:0, [::1]:0",
        "[\"127.0.0.1:0\", \"[::1]:0\"]",
    ] {
        let shown = shown(&[("NOMADNS_LISTEN_DNS", text)], &[]);
        let expected = serde_json::json!(["127.0.0.1:0", "[::1]:0"]);
        assert_eq!(of(&shown, "listen.dns")["value"], expected);
    }
    let off = shown(&[("NOMADNS_LISTEN_HTTP", "[]")], &[]);
    assert_eq!(of(&off, "listen.http")["value"], serde_json::json!([]));
    let one = shown(&[("NOMADNS_LISTEN_DNS", "[::1]:0")], &[]);
    assert_eq!(
        of(&one, "listen.dns")["value"],
        serde_json::json!(["[::1]:0"])
    );
    for text in [
        "[{zone = \".\", upstreams = [\"udp://192.0.2.1\"]}]",
        "[{\"zone\": \".\", \"upstreams\": [\"udp://192.0.2.1\"]}]",
    ] {
        let shown = shown(&[("NOMADNS_FORWARD", text)], &[]);
        assert_eq!(of(&shown, "forward")["value"][0]["zone"], ".");
    }
}

#[test]
fn a_wrong_variable_is_named_in_the_error() {
    for (name, value, parts) in [
        (
            "NOMADNS_TTL",
            "3601",
            "NOMADNS_TTL: ttl = 3601: ttl must be in range",
        ),
        (
            "NOMADNS_TTL",
            "soon",
            "NOMADNS_TTL: ttl = \"soon\": is a text; expected a whole number, 0 to 3600",
        ),
        (
            "NOMADNS_DESCRIBE_INSTANCES",
            "maybe",
            "expected true or false",
        ),
        (
            "NOMADNS_LISTEN_DNS",
            "127.0.0.1",
            "NOMADNS_LISTEN_DNS: listen.dns = ",
        ),
        (
            "NOMADNS_FORWARD",
            "udp://192.0.2.1",
            "expected a [[forward]] section for each zone",
        ),
        (
            "NOMADNS_FORWARD",
            "[{zone = \".\", upstream = []}]",
            "NOMADNS_FORWARD: forward: section 1: `upstream` is not a key; did you mean `upstreams`?",
        ),
        (
            "NOMADNS_NOMAD_HEALTH",
            "no",
            "must be one of off, failing, strict",
        ),
    ] {
        let (code, _, error) = check(&[(name, value)]);
        assert_eq!(code, 2, "{name}");
        assert!(error.contains(parts), "{error}");
    }
    let (_, _, error) = check(&[("NOMADNS_NOMAD_HTTP_AUTH", "canary")]);
    assert!(error.contains("NOMADNS_NOMAD_HTTP_AUTH") && !error.contains("canary"));
}

#[test]
fn flags_win_over_our_variables_and_those_over_nomads_and_the_file() {
    let config = Config::new("ttl = 1\n[nomad]\nregion = \"file\"\ntoken_file = \"/nowhere\"\n");
    let path = config.path();
    let mut variables = vec![
        ("NOMAD_REGION", "nomad"),
        ("NOMAD_TOKEN", "nomad"),
        ("NOMADNS_CONFIG", &*path),
    ];
    let region = |variables: &[(&str, &str)], flags: &[&str]| {
        of(&shown(variables, flags), "nomad.region")["value"].clone()
    };
    assert_eq!(region(&variables, &[]), "nomad");
    variables.push(("NOMADNS_NOMAD_REGION", "ours"));
    assert_eq!(region(&variables, &[]), "ours");
    assert_eq!(region(&variables, &["--region", "flag"]), "flag");
    assert_eq!(of(&shown(&variables, &[]), "ttl")["value"], 1);
    // A token file in a variable of ours is not set aside by Nomad's token.
    let token = config.folder.path().join("token");
    std::fs::write(&token, "secret").unwrap();
    let token = token.to_str().unwrap();
    variables.push(("NOMADNS_NOMAD_TOKEN_FILE", token));
    let shown = shown(&variables, &[]);
    assert_eq!(of(&shown, "nomad.token_file")["value"], token);
    assert_eq!(of(&shown, "nomad.token")["origin"], "default");
}

#[test]
fn a_variable_of_no_key_is_a_warning_with_a_suggestion() {
    for (name, part) in [
        ("NOMADNS_TLL", "did you mean NOMADNS_TTL?"),
        ("NOMADNS_LISTEN_DSN", "did you mean NOMADNS_LISTEN_DNS?"),
        (
            "NOMADNS_TOKEN_FILE",
            "did you mean NOMADNS_NOMAD_TOKEN_FILE?",
        ),
        (
            "NOMADNS_QQQQ",
            "docs/configuration.md says how they are named",
        ),
    ] {
        let (code, out, _) = check(&[(name, "canary")]);
        assert_eq!(code, 0, "{name}");
        let warning = format!("warning: {name}: is no variable of nomadns");
        assert!(out.contains(&warning) && out.contains(part), "{out}");
        assert!(!out.contains("canary"), "{out}");
    }
}

#[test]
fn what_kubernetes_sets_for_a_service_of_our_name_is_passed_over() {
    for name in [
        "NOMADNS_SERVICE_HOST",
        "NOMADNS_SERVICE_PORT_DNS",
        "NOMADNS_PORT",
        "NOMADNS_PORT_53_UDP_ADDR",
    ] {
        let (code, out, _) = check(&[(name, "tcp://10.0.0.1:53")]);
        assert_eq!((code, &*out), (0, "the configuration is good\n"));
    }
}
