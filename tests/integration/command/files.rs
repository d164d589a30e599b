//! What is named as a file and is none: said at once, whatever reading it would cost.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::mistakes::assert_says;
use super::{Config, Gateway, run};

/// Every key that names a file, in a configuration that has what it needs beside it.
fn naming(file: &str) -> [(&'static str, String); 7] {
    let https = "addresses = [\"https://a\"]";
    [
        (
            "nomad.token_file",
            format!("[nomad]\ntoken_file = {file:?}"),
        ),
        (
            "nomad.ca_file",
            format!("[nomad]\n{https}\nca_file = {file:?}"),
        ),
        (
            "nomad.client_certificate",
            format!("[nomad]\n{https}\nclient_certificate = {file:?}\nclient_key = {file:?}"),
        ),
        (
            "tls.certificate",
            format!(
                "[listen]\ntls = [\"127.0.0.1:0\"]\n[tls]\ncertificate = {file:?}\nkey = {file:?}"
            ),
        ),
        (
            "tls.client_ca_file",
            format!("[tls]\nclient_ca_file = {file:?}"),
        ),
        (
            "http.bearer_tokens_file",
            format!("[http]\nbearer_tokens_file = {file:?}"),
        ),
        (
            "http.basic_users_file",
            format!("[http]\nbasic_users_file = {file:?}"),
        ),
    ]
}

#[test]
fn a_pipe_or_a_device_is_no_file_and_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for file in [
        pipe.to_str().unwrap(),
        "/dev/zero",
        folder.path().to_str().unwrap(),
    ] {
        for (key, config) in naming(file) {
            let config = Config::new(&config);
            let (code, _, error) = run(&["check", "--config", &config.path()]);
            assert_eq!(code, 2, "{key} = {file}: {error}");
            assert!(
                error.contains(key) || key.starts_with("tls."),
                "{key} = {file}: {error}"
            );
        }
    }
    for place in ["/dev/zero", folder.path().to_str().unwrap()] {
        let (code, _, error) = run(&["check", "--config", place]);
        assert_eq!(code, 2);
        assert!(
            error.contains(place) && error.contains("is neither a regular file nor a pipe"),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_is_too_large_is_named_with_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large");
    let octets = (16 << 20) + 1;
    // It takes no room on the disk.
    fs::File::create(&large).unwrap().set_len(octets).unwrap();
    let large = large.to_str().unwrap();
    for (key, config) in naming(large) {
        let config = Config::new(&config);
        let (code, _, error) = run(&["check", "--config", &config.path()]);
        assert_eq!(code, 2, "{key}: {error}");
        assert!(
            error.contains("has more than 16777216 octets"),
            "{key}: {error}"
        );
    }
    let (code, _, error) = run(&["check", "--config", large]);
    assert_eq!(code, 2);
    assert!(
        error.contains(large) && error.contains("has more than 16777216 octets"),
        "{error}"
    );
}

#[test]
fn a_folder_of_cas_has_the_limit_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(9 << 20).unwrap();
    }
    assert_says(
        &format!(
            "[nomad]\naddresses = [\"https://a\"]\nca_path = {:?}",
            folder.path()
        ),
        &[
            ": nomad.ca_path = ",
            "its files have more than 16777216 octets together",
        ],
    );
}

#[test]
fn a_file_that_becomes_a_pipe_while_the_gateway_runs_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    fs::write(&users, "joe:hunter2").unwrap();
    let config = format!("[http]\nbasic_users_file = {users:?}");
    let mut gateway = Gateway::start(&config, &[]);
    fs::remove_file(&users).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&users)
            .status()
            .unwrap()
            .success()
    );
    gateway.signal("HUP");
    gateway.wait_for("is not a regular file");
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));
    gateway.signal("TERM");
    assert!(gateway.ended().0.success());
}

#[test]
fn a_folder_without_a_ca_is_named_by_its_own_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("README"), "none here").unwrap();
    assert_says(
        &format!(
            "[nomad]\naddresses = [\"https://a\"]\nca_path = {:?}",
            folder.path()
        ),
        &[": nomad.ca_path = ", "has no file with a CA certificate"],
    );
}

#[test]
fn a_lock_that_is_a_link_leaves_what_it_leads_to_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::write(&other, "precious").unwrap();
    symlink(&other, folder.path().join("nomadns.lock")).unwrap();
    let gateway = Gateway::start(
        &format!(
            "[nomad]\naddresses = [\"http://127.0.0.1:1\"]\nstate_dir = {:?}",
            folder.path()
        ),
        &[],
    );
    assert!(gateway.log.contains("cannot be locked"), "{}", gateway.log);
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
}
