//! What is no mistake but may surprise is a warning: of `check`, which is good all the same, and of the log at the start.

use std::fs;
use std::path::Path;

use nomadns::certs::{Development, Existing};
use rcgen::{CertificateParams, KeyPair};
use time::{Duration, OffsetDateTime};

use super::mistakes::assert_says;
use super::{Config, Gateway, run};

/// Says what `check` warns of, in a configuration that is good.
fn warnings(config: &str) -> String {
    let config = Config::new(config);
    let (code, out, error) = run(&["check", "--config", &config.path()]);
    assert_eq!((code, &*error), (0, ""), "{error}");
    let warnings = out.strip_prefix("the configuration is good\n").unwrap();
    assert!(
        warnings.lines().all(|line| line.starts_with("warning: ")),
        "{out}"
    );
    warnings.to_owned()
}

#[test]
fn a_name_server_without_an_address_is_warned_of() {
    let line = "warning: name_server_addresses: ";
    for listen in [
        "[\"0.0.0.0:53\", \"127.0.0.1:1053\"]",
        "[\"0.0.0.0:53\"]",
        "[\"0.0.0.0:53\", \"[::]:53\"]",
        "[]",
    ] {
        let output = warnings(&format!("[listen]\ndns = {listen}"));
        assert!(
            output.starts_with(line) && output.lines().count() == 1,
            "{output}"
        );
        let named = format!("name_server_addresses = [\"10.0.0.5\"]\n[listen]\ndns = {listen}");
        assert_eq!(warnings(&named), "");
    }
    assert_eq!(
        warnings("[listen]\ndns = [\"0.0.0.0:53\", \"10.0.0.5:53\"]"),
        ""
    );
    let mut gateway = Gateway::start("", &["--dns", "0.0.0.0:0"]);
    gateway.wait_for("WARN name_server_addresses: ");
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let [ca, certificate, key] = development(folder.path());
    for (config, part) in [
        (
            format!("[nomad]\nca_file = {ca:?}"),
            "warning: nomad.ca_file: is not used",
        ),
        (
            format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}"),
            "warning: tls.certificate: is not used",
        ),
        (
            "[listen]\ndns = []\nhttp = []".to_owned(),
            "warning: listen: no query is answered",
        ),
        (
            "[nomad]\nstate_dir = \"missing\"".to_owned(),
            "warning: nomad.state_dir: does not exist",
        ),
        (
            "[nomad]\nmax_stale_seconds = 30".to_owned(),
            "warning: nomad.stale_after_seconds: ",
        ),
        (
            "[nomad]\naddresses = [\"https://a\"]\nskip_verify = true".to_owned(),
            "warning: nomad.skip_verify: Nomad's certificate is NOT checked",
        ),
    ] {
        let output = warnings(&config);
        assert!(output.contains(part), "{output}");
    }
}

#[test]
fn credentials_in_clear_text_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::write(&tokens, "a-token\n").unwrap();
    let config = |http: &str| {
        format!("[http]\nbearer_tokens_file = {tokens:?}\n[listen]\nhttp = [{http:?}]")
    };
    let output = warnings(&config("192.0.2.1:80"));
    assert!(
        output.starts_with("warning: listen.http: tokens and passwords are sent to"),
        "{output}"
    );
    assert_eq!(warnings(&config("127.0.0.1:80")), "");
}

fn development(folder: &Path) -> [String; 3] {
    let made = Development::generate(&[]).unwrap();
    let paths = made.write(folder, Existing::Replace).unwrap();
    paths.map(|path| path.to_str().unwrap().to_owned())
}

/// Puts a certificate in place that is valid from then to then, in hours from now.
fn dated(folder: &Path, from: i64, to: i64) -> [String; 2] {
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = now + Duration::hours(from);
    params.not_after = now + Duration::hours(to);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    [
        ("dated.pem", certificate),
        ("dated-key.pem", key.serialize_pem()),
    ]
    .map(|(name, pem)| {
        let path = folder.join(name);
        fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

#[test]
fn a_certificate_that_is_not_valid_now_is_warned_of_with_its_date_and_used() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to, part) in [
        (-48, -24, "the certificate expired at 20"),
        (24, 48, "the certificate is not valid before 20"),
    ] {
        let [certificate, key] = dated(folder.path(), from, to);
        let keys = format!(
            "[tls]\ncertificate = {certificate:?}\nkey = {key:?}\nclient_ca_file = {certificate:?}\n"
        );
        let config = format!("{keys}[listen]\ntls = [\"127.0.0.1:0\"]");
        let output = warnings(&config);
        for key in ["tls.certificate", "tls.client_ca_file"] {
            let line = output
                .lines()
                .find(|line| line.starts_with(&format!("warning: {key}: ")));
            let line = line.unwrap_or_else(|| panic!("{key} is not in {output}"));
            // Such as 2026-11-26T03:00:00Z.
            assert!(
                line.contains(part) && line.contains("Z") && !line.contains("UNIX"),
                "{line}"
            );
        }
        let mut gateway = Gateway::start(&keys, &["--tls", "127.0.0.1:0"]);
        gateway.wait_for(" dot=\"");
        assert!(gateway.log.contains(part), "{}", gateway.log);
        let nomad = format!("[nomad]\naddresses = [\"https://a\"]\nca_file = {certificate:?}");
        assert!(warnings(&nomad).contains(&format!("warning: nomad.ca_file: {part}")));
    }
    let [certificate, key] = dated(folder.path(), -1, 1);
    let config = format!(
        "[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n[listen]\ntls = [\"127.0.0.1:0\"]"
    );
    assert_eq!(warnings(&config), "");
}

#[test]
fn certificates_that_cannot_be_used_are_mistakes_of_their_keys() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [ca, certificate, key] = development(one.path());
    let [.., foreign] = development(other.path());
    let tls = |certificate: &str, key: &str| {
        format!(
            "[listen]\ntls = [\"127.0.0.1:0\"]\n[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"
        )
    };
    assert_says(
        &tls(&certificate, &foreign),
        &[": tls.key = ", "does not belong to the certificate"],
    );
    assert_says(
        &tls(&key, &certificate),
        &[": tls.certificate = ", "are the two files swapped?"],
    );
    let text = format!("{}client_ca_file = {key:?}", tls(&certificate, &key));
    assert_says(&text, &[": tls.client_ca_file = ", "no CERTIFICATE block"]);
    assert_says(
        &format!("[tls]\nclient_ca_file = {ca:?}"),
        &[
            ": tls.client_ca_file = ",
            "needs listen.tls or listen.https",
        ],
    );
    let nomad = "[nomad]\naddresses = [\"https://a\"]\n";
    for (keys, parts) in [
        (
            format!("ca_file = {key:?}"),
            [": nomad.ca_file = ", "BEGIN CERTIFICATE"],
        ),
        (
            format!("client_certificate = {certificate:?}\nclient_key = {foreign:?}"),
            [
                ": nomad.client_key = ",
                "the key of nomad.client_certificate",
            ],
        ),
        (
            format!("client_certificate = {certificate:?}"),
            [
                ": nomad.client_certificate = ",
                "needs nomad.client_key too",
            ],
        ),
        (
            "tls_server_name = \"10.0.0.1\"".to_owned(),
            [": nomad.tls_server_name = ", "is not a DNS name"],
        ),
    ] {
        assert_says(&format!("{nomad}{keys}"), &parts);
    }
}
