//! A token shows nowhere: not in the log at its loudest, not on a page, not in the process list.

use std::fs;

use clap::CommandFactory;
use nomadns::cli::Cli;
use nomadns::demo::{Enforcement, Options, Registration, SimulatedNomad, Token};

use super::Gateway;

const CANARY: &str = "c0ffee00-canary-4b1d-9f3e-token00";
const PASSWORD: &str = "canary-of-the-proxy";

/// Runs a gateway that has the canary as its token, and gathers all that it lets out.
async fn all_output(nomad: &SimulatedNomad, until: &'static str) -> String {
    let url = nomad.url();
    let running = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        fs::write(&token, CANARY).unwrap();
        let (token, state) = (token.to_str().unwrap(), folder.path().to_str().unwrap());
        let config = format!(
            "[nomad]\naddresses = [{url:?}]\ntoken_file = {token:?}\n\
             http_auth = \"user:{PASSWORD}\"\nstate_dir = {state:?}\nstate_seconds = 1"
        );
        let gateway = Gateway::start(&config, &["--log-level", "trace"]);
        gateway.page_with("/metrics", until);
        let mut output = gateway.lookup("redis.default.nomad");
        output += &gateway.lookup("outside.example");
        let pages = [
            "/",
            "/metrics",
            "/readyz",
            "/ready",
            "/healthz",
            "/health",
            "/openapi.yaml",
            "/nothing",
            "/state",
        ];
        for page in pages {
            output += &gateway.page(page);
        }
        for page in [
            "/resolve?name=redis.default.nomad&type=TXT",
            "/resolve",
            "/resolve?name=a..b&type=x",
            "/dns-query?dns=%21",
            "/dns-query",
            "/nothing",
        ] {
            output += &gateway.page_of("http", page);
        }
        let process = format!("/proc/{}", gateway.child.id());
        output += &fs::read_to_string(format!("{process}/cmdline")).unwrap();
        output += &fs::read_to_string(format!("{process}/environ")).unwrap();
        gateway.signal("TERM");
        let (_, out, log) = gateway.ended();
        // There is none when Nomad let nothing be read.
        let snapshot = fs::read(folder.path().join("catalogue.snapshot")).unwrap_or_default();
        output + &out + &log + &String::from_utf8_lossy(&snapshot)
    });
    running.await.unwrap()
}

fn assert_kept(output: &str) {
    for secret in [CANARY, PASSWORD, "dXNlcjpjYW5hcnk"] {
        let line = output.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in: {line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_good_shows_nowhere() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "redis")
        .address("10.1.2.3")
        .port(6379)]);
    nomad.set_token(CANARY, Token::reads_everything());
    nomad.enforce_acl(Enforcement::On);
    let output = all_output(&nomad, "nomadns_ready 1").await;
    assert!(output.contains("10.1.2.3"), "{output}");
    assert_kept(&output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_shows_nowhere() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.enforce_acl(Enforcement::On);
    let output = all_output(&nomad, "nomadns_nomad_errors_total{").await;
    assert_kept(&output);
}

#[test]
fn no_flag_takes_a_secret_since_everyone_sees_a_command_line() {
    let command = Cli::command();
    for of in command.get_subcommands() {
        for flag in of.get_arguments().filter_map(|it| it.get_long()) {
            let secret = ["token", "auth", "password", "secret"]
                .iter()
                .any(|word| flag.contains(word));
            assert!(!secret || flag.ends_with("-file"), "--{flag}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_mistake_of_the_configuration_shows_nowhere() {
    for text in [
        format!("[nomad]\ntoken = [{CANARY:?}]"),
        format!("[nomad]\nhttp_auth = {CANARY:?}"),
        format!("[nomad]\ntoken = {CANARY:?}\ntoken_file = \"/nowhere\""),
        format!("[nomad]\ntoken = {CANARY:?}\nadresses = []"),
        format!("[nomad]\ntoken = {CANARY:?}\naddresses = [\"nowhere\"]"),
    ] {
        let config = super::Config::new(&text);
        let (code, out, problems) = super::run(&["check", "--config", &config.path()]);
        assert_eq!(code, 2, "{problems}");
        assert_kept(&(out + &problems));
    }
}
