//! Tokens and passwords: none is in an error, in what is said, or in a comment.

use std::io;

use nomadns::import::{ImportOptions, Imported, Surroundings, import};

use super::{ImportRun, TOKEN, nomadns, text};

struct NoFiles;

impl Surroundings for NoFiles {
    fn read(&self, _: &str, _: &str) -> io::Result<(String, Vec<u8>)> {
        Err(io::Error::other("is not there"))
    }

    fn list(&self, _: &str, _: &str) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn imported(corefile: &str, writes_secrets: bool) -> Imported {
    let options = ImportOptions {
        dns_port: 53,
        writes_secrets,
    };
    import("Corefile", corefile.as_bytes(), options, &NoFiles).unwrap()
}

#[test]
fn an_error_in_a_line_of_nomad_shows_no_value() {
    let other = "a line that begins with another word";
    for (line, shown) in [
        (format!("token {TOKEN} extra"), "`token` with 2 values"),
        (format!("tokn {TOKEN}"), "`tokn` with a value"),
        (format!("token={TOKEN}"), other),
        (format!("token \"a\"\n  {TOKEN}"), other),
        (format!("\"token {TOKEN}\""), other),
        (format!("ttl {TOKEN}"), "`ttl` with a value"),
        (format!("ttl 5 {TOKEN}"), "`ttl` with 2 values"),
        (format!("filter a {TOKEN}"), "`filter` with 2 values"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let corefile = format!(".:53 {{\n nomad {{\n  {line}\n }}\n}}\n");
        std::fs::write(folder.path().join("Corefile"), corefile).unwrap();
        let output = nomadns(folder.path(), &["import", "Corefile"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        let words = format!("nomad: read {shown}, expected ");
        assert!(said.contains(&words), "{line}: {said}");
        assert!(
            !said.contains(TOKEN) && output.stdout.is_empty(),
            "{line}: {said}"
        );
    }
}

/// A Corefile with addresses of Nomad.
fn with_addresses(addresses: &str) -> String {
    format!(".:1053 {{\n nomad {{\n  address {addresses}\n }}\n}}\n")
}

#[test]
fn the_password_of_an_address_is_in_the_value_only() {
    for scheme in ["http://", ""] {
        let address = format!("{scheme}user:{TOKEN}@nomad.example:4646");
        let run = ImportRun::of(&with_addresses(&address));
        assert_eq!(run.code, 0, "{}", run.said);
        assert!(!run.said.contains(TOKEN), "{}", run.said);
        assert_eq!(run.config.matches(TOKEN).count(), 1, "{}", run.config);
        let written = format!("http://user:{TOKEN}@nomad.example:4646");
        assert_eq!(run.texts("nomad.addresses"), [written]);
        let words = "note: Corefile:3: nomad address: the user and the password";
        assert!(run.says(&[words]), "{}", run.said);
    }
}

#[test]
fn a_terminal_gets_addresses_without_their_password() {
    for (addresses, written) in [
        (
            format!("http://user:{TOKEN}@nomad.example:4646"),
            "http://nomad.example:4646",
        ),
        // Its password cannot be told from the rest.
        (
            format!("http://user:{TOKEN}/@nomad.example unix:///api.sock"),
            "unix:///api.sock",
        ),
    ] {
        let made = imported(&with_addresses(&addresses), false);
        assert!(!format!("{made:?}").contains(TOKEN), "{made:?}");
        let line = format!("addresses = [\"{written}\"]");
        assert!(made.config.lines().any(|it| it == line), "{}", made.config);
        assert_eq!(made.losses.len(), 1, "{:?}", made.losses);
    }
}

#[test]
fn the_password_in_an_address_of_any_plugin_is_not_shown() {
    for line in [
        format!(
            "forward . 192.0.2.1 https://user:{TOKEN}@dns.example/dns-query ftp://user:{TOKEN}@192.0.2.1"
        ),
        format!("errors http://user:{TOKEN}@log.example"),
        format!("unheard-of http://user:{TOKEN}@log.example"),
    ] {
        let made = imported(&format!(".:1053 {{\n nomad\n {line}\n}}\n"), true);
        let comments: Vec<&str> = made
            .config
            .lines()
            .filter(|it| it.starts_with('#'))
            .collect();
        let said = format!("{comments:?}{:?}{:?}", made.losses, made.notes);
        assert!(!said.contains(TOKEN), "{said}");
    }
}
