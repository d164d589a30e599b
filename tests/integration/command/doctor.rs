//! `nomadns doctor`: what it finds, what it advises, and how it exits.

use std::net::{TcpListener, UdpSocket};

use nomadns::demo::{Enforcement, Options, Registration, SimulatedNomad, Token};
use serde_json::Value;

use super::{Config, Gateway, nomadns, run};

const CANARY: &str = "c0ffee00-cafe-4bad-8bad-d0c70a000000";

fn nomad() -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    let redis = Registration::new("default", "redis").port(6379);
    nomad.register([redis.address("10.0.0.1")]);
    nomad
}

/// Runs it with a configuration, and the servers of a `resolv.conf`.
fn doctor(config: &str, resolv_conf: &str, flags: &[&str]) -> (i32, String, String) {
    let config = Config::new(config);
    let file = config.folder.path().join("resolv.conf");
    std::fs::write(&file, resolv_conf).unwrap();
    let (path, file) = (config.path(), file.to_str().unwrap().to_owned());
    let arguments = [
        "doctor",
        "--config",
        &path,
        "--resolv-conf",
        &file,
        "--timeout",
        "2s",
    ];
    run(&[&arguments, flags].concat())
}

/// The findings of one subject: verdict, what was found, advice.
fn findings(json: &str, subject: &str) -> Vec<(String, String, String)> {
    let report: Value =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let all = report["findings"].as_array().unwrap().iter();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    all.filter(|it| it["subject"] == subject)
        .map(|it| (text(it, "verdict"), text(it, "found"), text(it, "advice")))
        .collect()
}

/// The section of listeners at those of a gateway that runs.
fn listen(gateway: &Gateway) -> String {
    format!(
        "[listen]\ndns = [\"{}\"]\nhttp = [\"{}\"]\nadmin = []\n",
        gateway.address("tcp"),
        gateway.address("http")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_is_all_right_on_every_transport() {
    let nomad = nomad();
    let section = format!("[nomad]\naddresses = [{:?}]\n", nomad.url());
    let gateway = Gateway::start(&section, &[]);
    gateway.page_with("/readyz", "OK");
    // The port of UDP is another than that of TCP where both are free ones.
    let config = format!("{section}{}", listen(&gateway));
    let (_, json, problems) = doctor(&config, "", &["--json"]);
    assert_eq!(problems, "");
    for subject in ["tcp", "json", "nomad", "rights", "services", "clock"] {
        let found = findings(&json, subject);
        assert!(
            found.iter().all(|(verdict, ..)| verdict == "ok"),
            "{subject}: {found:?}"
        );
        assert!(!found.is_empty(), "{subject}: {json}");
    }
    assert!(
        findings(&json, "services")[0]
            .1
            .contains("1 service, 1 instance"),
        "{json}"
    );
    let (_, text, _) = doctor(&config, "", &[]);
    assert!(
        text.contains("\nok       tcp           127.0.0.1:"),
        "{text}"
    );
    assert!(
        text.trim_end().ends_with("warnings") || text.contains("1 warning"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_runs_free_ports_are_told_from_taken_ones() {
    let nomad = nomad();
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let taken = udp.local_addr().unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let config = format!(
        "[nomad]\naddresses = [{:?}]\n[listen]\ndns = [\"{taken}\"]\nhttp = [\"{free}\"]\nadmin = []\n",
        nomad.url()
    );
    let (code, json, _) = doctor(&config, "", &["--json"]);
    assert_eq!(code, 1, "{json}");
    for subject in ["udp", "tcp"] {
        let (verdict, found, advice) = findings(&json, subject).remove(0);
        assert_eq!(verdict, "problem", "{found}");
        let own = format!("(process {})", std::process::id());
        assert!(
            found.contains("is taken by") && found.contains(&own),
            "{found}"
        );
        assert!(advice.contains("listen.dns"), "{advice}");
    }
    let (verdict, found, advice) = findings(&json, "json").remove(0);
    assert_eq!(verdict, "warning", "{found}");
    assert!(
        found.contains("does not run here") && advice.contains("nomadns serve"),
        "{found}"
    );
    drop(tcp);
}

#[test]
fn a_nomad_that_is_away_is_a_problem_and_what_needs_it_is_skipped() {
    let config = "[nomad]\naddresses = [\"http://127.0.0.1:1\"]\n[listen]\ndns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = []\n";
    let (code, json, _) = doctor(config, "", &["--json"]);
    assert_eq!(code, 1, "{json}");
    let (verdict, found, advice) = findings(&json, "nomad").remove(0);
    assert_eq!(verdict, "problem");
    assert!(
        found.contains("127.0.0.1:1") && advice.contains("nomad.addresses"),
        "{found} {advice}"
    );
    assert_eq!(findings(&json, "rights")[0].0, "skipped");
    assert_eq!(findings(&json, "clock")[0].0, "skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_lacks_is_told_and_the_token_is_not() {
    let nomad = nomad();
    nomad.enforce_acl(Enforcement::On);
    nomad.set_token(CANARY, Token::workload_identity());
    let config = format!(
        "[nomad]\naddresses = [{:?}]\ntoken = {CANARY:?}\n[listen]\ndns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = []\n",
        nomad.url()
    );
    let (_, json, problems) = doctor(&config, "", &["--json"]);
    let (verdict, found, advice) = findings(&json, "rights").remove(0);
    assert_eq!(verdict, "warning", "{found}");
    assert!(advice.contains("read-job"), "{advice}");
    assert!(!json.contains(CANARY) && !problems.contains(CANARY));
}

#[test]
fn each_server_of_the_host_is_asked_and_one_that_is_silent_is_a_problem() {
    // Of 127.0.0.0/8, where nobody has a port 53.
    let servers = "# a comment\nnameserver 127.99.88.77\noptions ndots:2\nnameserver not-one\n";
    let config = "[nomad]\naddresses = [\"http://127.0.0.1:1\"]\n[listen]\ndns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = []\n";
    let (code, json, _) = doctor(config, servers, &["--json"]);
    assert_eq!(code, 1);
    let found = findings(&json, "resolv.conf");
    assert_eq!(found.len(), 1, "{json}");
    assert_eq!(found[0].0, "problem", "{json}");
    assert!(found[0].1.starts_with("127.99.88.77: "), "{json}");
    let (_, json, _) = doctor(config, "search corp.example\n", &["--json"]);
    assert_eq!(findings(&json, "resolv.conf")[0].0, "warning", "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_of_http_are_asked_and_what_has_none_is_not() {
    let nomad = nomad();
    let section = format!("[nomad]\naddresses = [{:?}]\n", nomad.url());
    for (paths, verdict) in [("[\"/names\"]", "ok"), ("[]", "skipped")] {
        let http = format!("[http]\njson_paths = {paths}\n");
        let gateway = Gateway::start(&format!("{section}{http}"), &[]);
        gateway.page_with("/readyz", "OK");
        let config = format!("{section}{http}{}", listen(&gateway));
        let (_, json, _) = doctor(&config, "", &["--json"]);
        let found = findings(&json, "json");
        assert_eq!((found.len(), &*found[0].0), (1, verdict), "{json}");
        // The page asks in the same way.
        let page = gateway.page("/lookup?name=redis.default.nomad&type=A");
        assert!(!page.contains("do not agree"), "{page}");
    }
}

#[test]
fn the_file_that_the_environment_names_is_told() {
    let config = Config::new(
        "[nomad]\naddresses = [\"http://127.0.0.1:1\"]\n[listen]\ndns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = []\n",
    );
    let mut command = nomadns(&["doctor", "--json", "--timeout", "1s"]);
    let output = command
        .env("NOMADNS_CONFIG", config.path())
        .output()
        .unwrap();
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(findings(&json, "configuration")[0].1, config.path());
}

#[test]
fn a_wrong_configuration_ends_it_with_2() {
    let (code, out, problems) = doctor("ttl = 99999", "", &[]);
    assert_eq!((code, &*out), (2, ""));
    assert!(problems.contains("ttl"), "{problems}");
}
