//! Paths, origins and credentials as the operator writes them, in the process that reads them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::mistakes::assert_says;
use super::{AT_MOST, Gateway};

const NO_NOMAD: &str = "[nomad]\naddresses = [\"http://127.0.0.1:1\"]";
const CANARY: &str = "canary-token-c0ffee";
const OTHER: &str = "canary-token-decade";
/// `alice:canary-password` in base64.
const ALICE: &str = "YWxpY2U6Y2FuYXJ5LXBhc3N3b3Jk";

/// The first line of the response to a question, asked with some header.
fn ask(gateway: &Gateway, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address("http")).unwrap();
    stream.set_read_timeout(Some(AT_MOST)).unwrap();
    let query = "name=redis.default.nomad";
    write!(stream, "GET {path}?{query} HTTP/1.0\r\n{header}\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn tokens_and_users_come_from_files_are_read_again_and_show_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("tokens"), format!("# for scripts\n{CANARY}\n")).unwrap();
    fs::write(file("users"), "alice:canary-password\n").unwrap();
    let config = format!(
        "{NO_NOMAD}\n[http]\njson_paths = [\"/ask\"]\nbearer_tokens_file = {:?}\n\
         basic_users_file = {:?}\ncheck_seconds = 0\n",
        file("tokens"),
        file("users")
    );
    let mut gateway = Gateway::start(&config, &["--log-level", "trace"]);
    let bearer = |token: &str| format!("authorization: Bearer {token}");
    let basic = format!("authorization: Basic {ALICE}");
    assert!(ask(&gateway, "/ask", &bearer(CANARY)).ends_with("200 OK"));
    assert!(ask(&gateway, "/ask", &basic).ends_with("200 OK"));
    assert!(ask(&gateway, "/ask", "x: y").ends_with("401 Unauthorized"));
    assert!(ask(&gateway, "/resolve", &basic).ends_with("404 Not Found"));
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));

    fs::write(file("tokens"), OTHER).unwrap();
    fs::write(file("users"), "no user").unwrap();
    gateway.signal("HUP");
    gateway.wait_for("reload: the token list was read again");
    gateway.wait_for("reload: the old user list stays in use");
    assert!(ask(&gateway, "/ask", &bearer(OTHER)).ends_with("200 OK"));
    assert!(ask(&gateway, "/ask", &bearer(CANARY)).ends_with("401 Unauthorized"));
    assert!(ask(&gateway, "/ask", &basic).ends_with("200 OK"));
    let mut output = gateway.page("/metrics") + &gateway.page("/");
    gateway.signal("TERM");
    let (_, out, log) = gateway.ended();
    // Each request is there, and what became of it.
    for part in ["uri=/ask", "status=401"] {
        let line = log
            .lines()
            .find(|line| line.contains("response") && line.contains(part));
        assert!(line.is_some(), "{part} is not in:\n{log}");
    }
    output += &(out + &log);
    for secret in ["canary", ALICE] {
        let line = output.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in: {line:?}");
    }
}

#[test]
fn a_token_list_that_changes_is_used_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, CANARY).unwrap();
    let config = format!("{NO_NOMAD}\n[http]\nbearer_tokens_file = {path:?}\ncheck_seconds = 1\n");
    let mut gateway = Gateway::start(&config, &[]);
    fs::write(&path, OTHER).unwrap();
    gateway.wait_for("the token list has changed; the new one is in use");
    let header = format!("authorization: Bearer {OTHER}");
    assert!(ask(&gateway, "/resolve", &header).ends_with("200 OK"));
}

#[test]
fn credentials_in_clear_text_beyond_this_machine_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, CANARY).unwrap();
    let config = format!("{NO_NOMAD}\n[http]\nbearer_tokens_file = {path:?}\n");
    let mut gateway = Gateway::start(&config, &["--http", "0.0.0.0:0"]);
    gateway.wait_for("WARN listen.http: tokens and passwords are sent to");
}

#[test]
fn a_path_or_an_origin_that_nobody_could_ask_for_is_named() {
    for (config, parts) in [
        (
            "dns_paths = [\"dns\"]",
            [": http.dns_paths = ", "does not begin with"],
        ),
        ("dns_paths = [\"/{x}\"]", [": http.dns_paths = ", "'{'"]),
        ("json_paths = [\"/a?b\"]", [": http.json_paths = ", "'?'"]),
        (
            "json_paths = [\"/*\"]",
            [": http.json_paths = ", "no wildcards"],
        ),
        (
            "json_paths = [\"/dns-query\"]",
            [": http.json_paths = ", "twice"],
        ),
        (
            "dns_paths = [\"/a\", \"/a\"]",
            [": http.dns_paths = ", "twice"],
        ),
        (
            "hosts = [\"http://dns.example\"]",
            [": http.hosts = ", "without scheme"],
        ),
        (
            "hosts = [\"*\", \"a\"]",
            [": http.hosts = ", "the only entry"],
        ),
        (
            "allow_origins = [\"dash\"]",
            [": http.allow_origins = ", "https://dash.example"],
        ),
        (
            "allow_origins = [\"*\", \"http://a\"]",
            [": http.allow_origins = ", "the only entry"],
        ),
    ] {
        assert_says(&format!("[http]\n{config}"), &parts);
    }
}

#[test]
fn a_file_of_credentials_or_a_client_ca_of_no_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    for (key, text, problem) in [
        ("bearer_tokens_file", "# none\n", "no line with a token"),
        (
            "bearer_tokens_file",
            "good\nnot good\n",
            "line 2 is not a token",
        ),
        ("basic_users_file", "alice\n", "line 1 is not USER:PASSWORD"),
    ] {
        fs::write(&path, text).unwrap();
        let named = format!(": http.{key} = ");
        assert_says(&format!("[http]\n{key} = {path:?}"), &[&named, problem]);
    }
    let missing = "[http]\nbasic_users_file = \"/nowhere/users\"";
    assert_says(missing, &[": http.basic_users_file = ", "cannot be read"]);
    let ca = format!("[tls]\nclient_ca_file = {path:?}");
    assert_says(
        &ca,
        &[": tls.client_ca_file = ", "the clients' CA", "CERTIFICATE"],
    );
    let missing = "[tls]\nclient_ca_file = \"/nowhere/ca.pem\"";
    assert_says(missing, &[": tls.client_ca_file = ", "cannot be read"]);
}
