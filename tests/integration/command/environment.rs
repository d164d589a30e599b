//! The environment: what the Nomad CLI reads is read here too, and proxies are not.

use nomadns::config::{Settings, Source, apply_environment};
use nomadns::nomad::{BasicAuth, TokenSource, Verification};
use nomadns::secret::Secret;

use super::*;
use crate::support::gateway::cast;
use crate::support::replay::{Replay, status};

fn settings(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let mut source = Source::default();
    apply_environment(&mut source, |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    Settings::check(&source).map_err(|error| error.to_string())
}

fn addresses(variables: &[(&str, &str)]) -> Vec<String> {
    let nomad = settings(variables).unwrap().nomad;
    nomad.addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn every_variable_of_the_nomad_cli_is_read() {
    let folder = TempDir::new().unwrap();
    let ours = nomadns::certs::Development::generate(&[]).unwrap();
    let paths = ours
        .write(folder.path(), nomadns::certs::Existing::Keep)
        .unwrap()
        .map(|path| path.to_str().unwrap().to_owned());
    let nomad = settings(&[
        ("NOMAD_ADDR", "https://nomad.example:4646"),
        ("NOMAD_TOKEN", "hush"),
        ("NOMAD_REGION", "eu"),
        ("NOMAD_NAMESPACE", "not-read"),
        ("NOMAD_HTTP_AUTH", "user:pass"),
        ("NOMAD_CACERT", &paths[0]),
        ("NOMAD_CLIENT_CERT", &paths[1]),
        ("NOMAD_CLIENT_KEY", &paths[2]),
        ("NOMAD_TLS_SERVER_NAME", "server.global.nomad"),
        ("NOMAD_SKIP_VERIFY", "T"),
    ])
    .unwrap();
    assert_eq!(nomad.sync.namespaces, ["*"]);
    let nomad = nomad.nomad;
    assert_eq!(nomad.addresses[0].to_string(), "https://nomad.example:4646");
    assert!(matches!(nomad.token, TokenSource::Fixed(token) if token == Secret::new("hush")));
    assert_eq!(nomad.region.as_deref(), Some("eu"));
    assert_eq!(nomad.basic_auth, BasicAuth::parse("user:pass"));
    assert_eq!(
        nomad.tls.server_name.as_deref(),
        Some("server.global.nomad")
    );
    assert_eq!(nomad.tls.verification, Verification::Skipped);
    assert!(nomad.tls.ca.is_some() && nomad.tls.certificate.is_some() && nomad.tls.key.is_some());

    let by_folder = settings(&[("NOMAD_CAPATH", folder.path().to_str().unwrap())]).unwrap();
    assert!(by_folder.nomad.tls.ca.is_some());
    let half = settings(&[("NOMAD_CLIENT_CERT", &paths[1])]).unwrap_err();
    assert!(half.contains("nomad.client_key"), "{half}");
}

#[test]
fn the_socket_of_the_task_api_is_taken_unless_an_address_is_named() {
    let socket = ("NOMAD_UNIX_ADDR", "unix:///secrets/api.sock");
    assert_eq!(addresses(&[socket]), ["unix:///secrets/api.sock"]);
    let named = ("NOMAD_ADDR", "http://10.0.0.1:4646");
    assert_eq!(addresses(&[socket, named]), ["http://10.0.0.1:4646"]);
    assert_eq!(addresses(&[]), ["http://127.0.0.1:4646"]);
}

#[test]
fn a_token_of_the_environment_stands_above_a_token_file_and_that_is_said() {
    let config = Config::new("[nomad]\ntoken_file = \"token\"");
    let run = |arguments: &[&str]| {
        let path = config.path();
        let mut command = nomadns(&[&["check", "--config", &path], arguments].concat());
        command.env("NOMAD_TOKEN", "of-the-environment");
        command.current_dir(config.folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let output = run(&[]);
    let note = format!(
        "warning: nomad.token_file: NOMAD_TOKEN is used instead of the file that {} names",
        config.path()
    );
    assert!(
        output.contains(&note) && !output.contains("of-the"),
        "{output}"
    );
    std::fs::write(config.folder.path().join("token"), "of-the-file").unwrap();
    let output = run(&["--token-file", "token"]);
    assert_eq!(output, "the configuration is good\n");
}

#[test]
fn skip_verify_is_read_as_go_does_and_what_is_neither_is_ignored() {
    for (value, expected) in [
        ("1", Verification::Skipped),
        ("true", Verification::Skipped),
        ("0", Verification::Full),
        ("F", Verification::Full),
        ("yes", Verification::Full),
    ] {
        let tls = settings(&[("NOMAD_SKIP_VERIFY", value)]).unwrap().nomad.tls;
        assert_eq!(tls.verification, expected, "{value}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_of_the_environment_is_not_asked_for_nomad() {
    let (nomad, proxy) = (cast(), Replay::always(status("502 Bad Gateway", "")).await);
    let mut command = nomadns(&["export", "--nomad-address", &nomad.url()]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, proxy.url());
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(proxy.heads().is_empty());
    let asked = nomad.recent_requests();
    assert!(
        asked.iter().all(|it| !it.starts_with("/v1/agent/self")),
        "{asked:?}"
    );
}

#[test]
fn an_unchecked_certificate_is_warned_of() {
    let config = "[nomad]\naddresses = [\"https://127.0.0.1:9\"]\nskip_verify = true\n";
    Gateway::start(config, &[]).wait_for("certificate is NOT checked");
}
