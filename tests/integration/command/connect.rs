//! `nomadns check --connect`: what it says of a Nomad, and how it exits.

use std::net::TcpListener;
use std::time::Duration;

use nomadns::demo::{Enforcement, Fault, Options, Registration, SimulatedNomad, Token};
use tokio::time::Instant;

use super::{Config, run};

const CANARY: &str = "c0ffee00-canary-4b1d-9f3e-check00";
const POLICY: &str = "namespace \"*\" { capabilities = [\"read-job\"] }";

fn nomad() -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    let registration = |namespace, name| Registration::new(namespace, name).port(80);
    nomad.register([
        registration("default", "redis").address("10.0.0.1"),
        registration("default", "redis").address("10.0.0.2"),
        registration("prod", "web").address("10.0.0.3"),
        registration("prod", "odd").address("\u{1b}[31m\"<b>"),
    ]);
    nomad
}

/// Checks against a Nomad, with more keys of its section.
fn check(url: &str, keys: &str, flags: &[&str]) -> (i32, String, String) {
    let config = Config::new(&format!("[nomad]\naddresses = [{url:?}]\n{keys}"));
    let path = config.path();
    let arguments = [&["check", "--config", &path, "--connect"], flags].concat();
    run(&arguments)
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_is_there_and_what_is_odd() {
    let nomad = nomad();
    let url = nomad.url();
    let (code, out, problems) = check(&url, "", &[]);
    assert_eq!((code, &*problems), (0, ""), "{out}");
    assert_has(
        &out,
        &[
            &url,
            &format!("nomad     {url}, 0 ms behind its leader at index "),
            "token     none",
            "region    the agent's own",
            "access    the token can list the services of all its namespaces, and read their events",
            "for more  nothing: this is the widest access",
            "sees      2 namespaces, 3 services, 4 instances",
            r#"odd       address_unusable: 1, such as "\u{1b}[31m\"<b>" in prod/odd"#,
        ],
    );
    assert!(out.lines().count() <= 10, "{out}");
    assert!(!out.contains('\u{1b}'));
    let asked = nomad.recent_requests();
    assert!(
        !asked.iter().any(|it| it.contains("agent/self")),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_a_narrow_token_lacks() {
    let nomad = nomad();
    nomad.enforce_acl(Enforcement::On);
    nomad.set_token(CANARY, Token::workload_identity());
    let keys = format!("token = {CANARY:?}");
    let (code, out, problems) = check(&nomad.url(), &keys, &[]);
    assert_eq!((code, &*problems), (0, ""), "{out}");
    assert_has(
        &out,
        &[
            "the token can list the services of default",
            "(namespaces",
            POLICY,
            "sees      1 namespace, 1 service, 2 instances",
            "odd       nothing",
            "version   not told to this token",
        ],
    );
    assert!(!out.contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_lists_nothing_but_reads_is_good_enough() {
    let nomad = nomad();
    nomad.enforce_acl(Enforcement::On);
    nomad.set_token(CANARY, Token::workload_identity());
    nomad.break_requests("/v1/services", Fault::permission_denied());
    let (code, out, problems) = check(&nomad.url(), &format!("token = {CANARY:?}"), &[]);
    assert_eq!((code, &*problems), (0, ""), "{out}");
    assert_has(
        &out,
        &[
            "(reads)",
            "so that no query waits",
            POLICY,
            "sees      services are read when they are queried",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_read_nothing_is_told_what_it_needs() {
    let nomad = nomad();
    nomad.enforce_acl(Enforcement::On);
    let unknown = "token = \"c0ffee00-0000-4000-8000-000000000000\"";
    for keys in ["", unknown] {
        let (code, out, problems) = check(&nomad.url(), keys, &["--log-level", "trace"]);
        assert_eq!((code, &*out), (1, ""), "{problems}");
        let expected = ["nomadns: nomad cannot be read", "permission denied"];
        assert_has(&problems, &expected);
        assert!(!problems.contains("c0ffee00"), "{problems}");
    }
    let (_, _, problems) = check(&nomad.url(), "", &[]);
    assert_has(&problems, &[POLICY]);
    assert_eq!(problems.lines().count(), 1, "{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_nomad_does_not_understand_is_a_mistake_of_the_configuration() {
    let nomad = nomad();
    for filter in ["Tags contains", "Nonsense == 1"] {
        let (code, out, problems) = check(&nomad.url(), &format!("filter = {filter:?}"), &[]);
        assert_eq!((code, &*out), (2, ""), "{filter}: {problems}");
        assert_has(&problems, &["nomad.filter", "does not understand it"]);
    }
    let (code, ..) = check(&nomad.url(), "filter = \"Port == 80\"", &[]);
    assert_eq!(code, 0);
}

#[test]
fn a_nomad_that_is_not_there_is_told_soon_and_one_that_is_silent_in_time() {
    let begun = Instant::now();
    let (code, out, problems) = check("http://127.0.0.1:1", "", &[]);
    assert_eq!((code, &*out), (1, ""));
    assert_has(&problems, &["http://127.0.0.1:1", "unreachable"]);
    assert!(begun.elapsed() < Duration::from_secs(8), "{problems}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let (code, out, problems) = check(&url, "", &["--timeout", "500ms"]);
    assert_eq!((code, &*out), (1, ""));
    assert_has(&problems, &["nomad cannot be read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_not_there_is_told_and_fails() {
    let nomad = nomad();
    let url = nomad.url();
    let flags = ["--namespace", "nope", "--namespace", "default"];
    let (code, out, problems) = check(&url, "", &flags);
    assert_eq!(code, 1, "{out}{problems}");
    let parts = [
        "nomad.namespaces (--namespace)",
        ": nope; it shows default, prod",
    ];
    assert_has(&problems, &parts);
    assert_has(&out, &["sees      1 namespace, 1 service, 2 instances"]);
    let export = |namespace| run(&["export", "--nomad-address", &url, "--namespace", namespace]);
    let (code, out, problems) = export("nope");
    assert_eq!((code, &*out), (1, ""), "{problems}");
    assert_has(&problems, &parts);
    assert_eq!(export("prod").0, 0);
    assert_eq!(
        check(&url, "namespaces = [\"default\", \"prod\"]", &[]).0,
        0
    );
    // A workload identity reads, and is shown no namespace.
    nomad.enforce_acl(Enforcement::On);
    nomad.set_token(CANARY, Token::workload_identity());
    let (code, out, _) = check(
        &url,
        &format!("token = {CANARY:?}"),
        &["--namespace", "default"],
    );
    assert_eq!(code, 0, "{out}");
}
