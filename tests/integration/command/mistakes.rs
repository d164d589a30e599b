//! A mistake is one line that names file, key and value and what would be right; nothing is started.

use std::net::TcpListener;

use nomadns::demo::{Options, Registration, SimulatedNomad};

use super::{Config, FREE_PORTS, run};

/// Runs `check` and `serve`, which must say the same in one line and exit with 2.
pub(super) fn mistake(config: &str) -> String {
    let config = Config::new(config);
    let (code, out, error) = run(&["check", "--config", &config.path()]);
    assert_eq!((code, &*out), (2, ""), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(
        run(&["serve", "--config", &config.path()]),
        (2, String::new(), error.clone())
    );
    let line = error.trim_end().strip_prefix("nomadns: ").unwrap();
    // The file is in a folder whose name nobody knows.
    line.strip_prefix(&config.path()).unwrap_or(line).to_owned()
}

pub(super) fn assert_says(config: &str, parts: &[&str]) {
    let line = mistake(config);
    for part in parts {
        assert!(line.contains(part), "{config:?}: {line:?} lacks {part:?}");
    }
}

#[test]
fn an_unknown_key_is_named_with_those_that_are_known() {
    assert_says(
        "[nomad]\nadress = [\"http://127.0.0.1:4646\"]",
        &[": nomad.adress: ", "did you mean `addresses`?"],
    );
    // What is in a URL is not shown, and is not what is wrong.
    assert_says(
        "[nomad]\nadresses = [\"http://u:p@a\"]",
        &[": nomad.adresses: ", "did you mean `addresses`?"],
    );
    assert_says("zone = [\"nomad\"]", &[": zone: ", "did you mean `zones`?"]);
    assert_says(
        "token_file = \"a\"",
        &[": token_file: ", "`token_file` belongs under [nomad]"],
    );
    assert_says(
        "[nomad]\nqqq = 1",
        &[": nomad.qqq: ", "the keys are access_seconds, addresses"],
    );
    assert_says("[tsl]\nkey = \"a\"", &[": tsl: ", "did you mean `tls`?"]);
}

#[test]
fn a_wrong_type_is_named_with_the_right_one() {
    assert_says(
        "ttl = \"thirty\"",
        &[": ttl = \"thirty\": ", "expected a whole number"],
    );
    assert_says(
        "zones = \"nomad\"",
        &[": zones = \"nomad\": ", "expected a list"],
    );
}

#[test]
fn a_token_that_no_header_can_carry_is_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    for (text, part) in [
        ("", "it is empty"),
        (" \n\t\n", "it is empty"),
        ("canary\ncanary\n", "it has a line break inside"),
        (
            "canary\u{1}",
            "it has a character that is not allowed in a header",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let config = format!("[nomad]\ntoken_file = {path:?}");
        let right = "write the token alone into the file";
        assert_says(&config, &[": nomad.token_file = ", part, right]);
        if text.contains("canary\n") {
            let line = mistake(&format!("[nomad]\ntoken = {text:?}"));
            assert!(line.contains(part) && !line.contains("canary"), "{line}");
        }
    }
    std::fs::remove_file(&path).unwrap();
    let config = format!("[nomad]\ntoken_file = {path:?}");
    assert_says(&config, &["cannot be read", "name a file with the token"]);
    let config = "[nomad]\nhttp_auth = \"canary\"";
    assert_says(config, &[": nomad.http_auth: ", "must be USER:PASSWORD"]);
}

#[test]
fn a_port_out_of_range_is_named() {
    assert_says(
        "[listen]\ndns = [\"127.0.0.1:70000\"]",
        &[": listen.dns = ", "127.0.0.1:70000", "a port, 0 to 65535"],
    );
}

#[test]
fn health_and_its_times_are_named_with_what_they_may_be() {
    assert_says(
        "[nomad]\nhealth = \"strickt\"",
        &[": nomad.health = \"strickt\": ", "off, failing, strict"],
    );
    for key in ["health_asked_seconds", "health_check_seconds"] {
        let config = format!("[nomad]\n{key} = 0");
        assert_says(&config, &[&format!(": nomad.{key} = 0: "), "[1, 86400]"]);
    }
}

#[test]
fn a_ttl_out_of_range_is_named_with_the_range() {
    assert_says(
        "ttl = 3601",
        &[": ttl = 3601: ", "ttl must be in range [0, 3600]: 3601"],
    );
    assert_says(
        "negative_ttl = 3601",
        &[": negative_ttl = 3601: ", "[0, 3600]"],
    );
    assert_says("ttl = -1", &[": ttl = -1: "]);
}

#[test]
fn what_is_wrong_with_clients_is_named() {
    assert_says(
        "[clients]\nallow = [\"10.0.0.0/8\", \"10.0.0/8\"]",
        &[": clients.allow = ", "\"10.0.0/8\" is not a network"],
    );
    assert_says(
        "[clients]\nproxy_protocol = [\"udp\"]",
        &[": clients.proxy_protocol = ", "tcp, dot, http, https"],
    );
    assert_says(
        "[clients]\nproxy_protocol = [\"tcp\"]",
        &[
            ": clients.proxy_protocol = ",
            "needs clients.trusted_proxies",
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    assert_says(
        "[nomad]\ntoken_file = \"/nowhere/token\"",
        &[
            ": nomad.token_file = \"/nowhere/token\": ",
            "cannot be read",
        ],
    );
    let tls = "[listen]\ntls = [\"127.0.0.1:0\"]\n[tls]\ncertificate = \"/nowhere/a.pem\"\nkey = \"/nowhere/b.pem\"";
    assert_says(
        tls,
        &[": tls.certificate = \"/nowhere/a.pem\": ", "cannot be read"],
    );
    assert_says(
        "[nomad]\nca_file = \"/nowhere/ca.pem\"",
        &[": nomad.ca_file = \"/nowhere/ca.pem\": "],
    );
}

#[test]
fn a_certificate_that_is_none_is_named() {
    let config = Config::new("");
    let path = config.path();
    assert_says(
        &format!(
            "[listen]\nhttps = [\"127.0.0.1:0\"]\n[tls]\ncertificate = {path:?}\nkey = {path:?}"
        ),
        &["tls", "certificate"],
    );
}

#[test]
fn a_file_that_is_not_toml_or_not_there_is_named() {
    assert_says("ttl = 30\nzones = [", &[": line 2 is not TOML"]);
    let (code, _, error) = run(&["serve", "--config", "/nowhere/nomadns.toml"]);
    assert_eq!((code, error.lines().count()), (2, 1), "{error}");
    assert!(
        error.contains("/nowhere/nomadns.toml: cannot be read"),
        "{error}"
    );
}

#[test]
fn a_flag_with_a_bad_value_is_named_instead_of_the_file() {
    let (code, _, error) = run(&["check", "--ttl", "3601"]);
    assert_eq!(
        (code, &*error),
        (
            2,
            "nomadns: --ttl: ttl = 3601: ttl must be in range [0, 3600]: 3601\n"
        )
    );
}

#[test]
fn a_secret_with_a_mistake_is_not_shown() {
    let line = mistake("[nomad]\ntoken = 5271009");
    assert!(
        line.contains("nomad.token") && !line.contains("5271009"),
        "{line}"
    );
    let line = mistake("cookie_secrets = [\"canary\"]");
    assert!(
        line.contains("cookie_secrets") && !line.contains("canary"),
        "{line}"
    );
    let line = mistake("[nomad]\nhttp_auth = \"canary-without-colon\"");
    assert!(
        line.contains("nomad.http_auth") && !line.contains("canary"),
        "{line}"
    );
}

#[test]
fn an_address_in_use_is_named_and_exits_with_78() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = Config::new(&FREE_PORTS.replace(
        "admin = [\"127.0.0.1:0\"]",
        &format!("admin = [\"{address}\"]"),
    ));
    let (code, _, error) = run(&["serve", "--config", &config.path()]);
    assert_eq!((code, error.lines().count()), (78, 1), "{error}");
    assert!(
        error.contains("listen.admin") && error.contains(&address) && error.contains("in use"),
        "{error}"
    );
}

#[test]
fn a_good_configuration_is_said_to_be_good() {
    let clients = "[clients]\nallow = [\"10.0.0.0/8\", \"::1\"]\nqueries_per_second = 50\n\
                   trusted_proxies = [\"10.0.0.1\"]\nproxy_protocol = [\"tcp\", \"https\"]";
    let config = Config::new(&format!("ttl = 3600\n{clients}"));
    let (code, out, error) = run(&["check", "--config", &config.path()]);
    assert_eq!(
        (code, &*out, &*error),
        (0, "the configuration is good\n", "")
    );
}

#[test]
fn a_designated_resolver_is_a_host_name_with_an_encrypted_listener() {
    assert_says(
        "designated_resolver = \"10.0.0.5\"",
        &[": designated_resolver = \"10.0.0.5\"", "is not a host name"],
    );
    assert_says(
        "designated_resolver = \"dns.example.com\"",
        &[
            ": designated_resolver = ",
            "needs listen.tls or listen.https",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_nomad_does_not_understand_ends_serve_with_its_words() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "redis")]);
    let (url, config) = (nomad.url(), Config::new(FREE_PORTS));
    let arguments = [
        "serve",
        "--config",
        &config.path(),
        "--nomad-address",
        &url,
        "--filter",
        "Tags contians x",
    ];
    let (code, out, error) = tokio::task::block_in_place(|| run(&arguments));
    assert_eq!((code, &*out), (2, ""), "{error}");
    let last = error.lines().last().unwrap_or_default();
    let begin = "nomadns: nomad.filter = \"Tags contians x\": ";
    assert!(
        last.starts_with(begin) && last.contains("expected: "),
        "{error}"
    );
}
