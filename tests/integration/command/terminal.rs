//! What is printed on a terminal and not elsewhere: colours, and how far the first sync is. `script` makes the terminal.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use nomadns::demo::{Fault, Options, Registration, SimulatedNomad};

use super::{AT_MOST, Gateway, nomadns};

/// A Nomad that lists services and lets nobody read them.
fn hanging() -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    for name in ["redis", "web"] {
        nomad.register([Registration::new("default", name).address("10.0.0.1")]);
    }
    nomad.break_requests("/v1/service/", Fault::Hang);
    nomad
}

/// Runs a command line on a terminal; all that it printed.
fn on_terminal(line: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", line, "/dev/null"]);
    // In a CI, which shows colours, a dumb terminal has them.
    for name in ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(variables.iter().copied());
    let output = command.stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn lookup_has_colours_on_a_terminal_only_and_as_it_is_told() {
    let gateway = Gateway::start(super::life::NO_NOMAD, &[]);
    let port = gateway.address("udp").port();
    let program = env!("CARGO_BIN_EXE_nomadns");
    let lookup = format!("{program} lookup @127.0.0.1 a.nomad --dns-port {port}");
    let never = format!("{lookup} --color never");
    let is_colored = |text: &str| {
        assert!(text.contains("SERVFAIL"), "{text}");
        text.contains('\x1b')
    };
    assert!(is_colored(&on_terminal(&lookup, &[])));
    assert!(!is_colored(&on_terminal(&lookup, &[("NO_COLOR", "1")])));
    assert!(!is_colored(&on_terminal(&lookup, &[("TERM", "dumb")])));
    assert!(!is_colored(&on_terminal(&never, &[])));
    let piped = |more: &[&str]| {
        let mut command = nomadns(&["lookup", "a.nomad", "--dns-port", &port.to_string()]);
        String::from_utf8(command.args(more).output().unwrap().stdout).unwrap()
    };
    assert!(!is_colored(&piped(&[])));
    assert!(is_colored(&piped(&["--color", "always"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_that_takes_long_has_a_bar_on_a_terminal_that_is_taken_away() {
    let nomad = hanging();
    let folder = tempfile::TempDir::new().unwrap();
    let config = folder.path().join("nomadns.toml");
    let text = format!(
        "[nomad]\naddresses = [{:?}]\n{}",
        nomad.url(),
        super::FREE_PORTS
    );
    std::fs::write(&config, text).unwrap();
    let program = env!("CARGO_BIN_EXE_nomadns");
    let line = format!("exec {program} serve --config {}", config.display());
    let mut child = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let (mut printed, mut part) = (String::new(), [0; 4096]);
    let mut until = |wanted: &str| {
        while !printed.contains(wanted) {
            let count = out.read(&mut part).unwrap();
            assert_ne!(count, 0, "no {wanted:?} in {printed:?}");
            printed += &String::from_utf8_lossy(&part[..count]);
        }
        printed.clone()
    };
    until("\r\x1b[Kfirst sync [------------------------------] 0/2 services");
    nomad.mend();
    let all = until("following Nomad");
    let (_, after) = all.rsplit_once("2 services").unwrap();
    assert!(after.starts_with("\r\x1b[K"), "{after:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_that_takes_long_has_a_line_now_and_then_in_a_log() {
    let nomad = hanging();
    let config = format!("[nomad]\naddresses = [{:?}]", nomad.url());
    let mut gateway = Gateway::start(&config, &[]);
    assert!(AT_MOST > Duration::from_secs(6));
    gateway.wait_for("first sync: reading services read=0 listed=2");
    assert!(!gateway.log.contains("first sync ["), "{}", gateway.log);
}
