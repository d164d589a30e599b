//! One folder for the snapshot is for one gateway: the second says so, and a lock ends with its gateway.

use std::fs;

use super::{Config, FREE_PORTS, Gateway, run};

fn config(folder: &std::path::Path) -> String {
    format!("[nomad]\naddresses = [\"http://127.0.0.1:1\"]\nstate_dir = {folder:?}")
}

#[test]
fn a_second_gateway_in_a_folder_is_refused_and_says_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = Gateway::start(&config(folder.path()), &[]);
    let second = Config::new(&format!("{}\n{FREE_PORTS}", config(folder.path())));
    let (code, out, error) = run(&["serve", "--config", &second.path()]);
    assert_eq!((code, &*out), (78, ""), "{error}");
    let line = error.lines().last().unwrap();
    let process = format!("(process {})", first.child.id());
    for part in [
        "nomadns: nomad.state_dir = ",
        "in use by another gateway",
        &process,
        "name another folder",
    ] {
        assert!(line.contains(part), "{line}");
    }
    // It has disturbed nobody, and who only looks is no gateway.
    assert!(first.page("/healthz").starts_with("HTTP/1.0 200"));
    assert_eq!(run(&["check", "--config", &second.path()]).0, 0);
}

#[test]
fn a_lock_ends_with_its_gateway_however_that_ended() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "KILL", "INT"] {
        let gateway = Gateway::start(&config(folder.path()), &[]);
        gateway.signal(signal);
        gateway.ended();
        assert!(folder.path().join("nomadns.lock").exists());
    }
    // What an earlier version, or somebody, left there.
    fs::write(
        folder.path().join("nomadns.lock"),
        "12345678901234567890 and more",
    )
    .unwrap();
    Gateway::start(&config(folder.path()), &[]);
    let text = fs::read_to_string(folder.path().join("nomadns.lock")).unwrap();
    assert!(text.trim().parse::<u32>().is_ok(), "{text}");
}

#[test]
fn a_folder_that_cannot_be_locked_is_warned_of_and_costs_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(&config(&folder.path().join("missing")), &[]);
    assert!(gateway.log.contains("cannot be locked"), "{}", gateway.log);
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));
}
