//! `[[hosts]]` and the hosts file: what is answered from them, in which order, and when the file is read again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nomadns::answers::OutsideZones;
use nomadns::config::{Settings, Source};

use crate::forwarding::AllForwarded;
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, until};
use crate::support::question::Question;

const NXDOMAIN: u16 = 3;
const REFUSED: u16 = 5;
/// Where no Nomad is.
const NOBODY: &str = "http://127.0.0.1:1";

const HOSTS: &str = "[[hosts]]\nname = \"db.Corp.example\"\naddresses = [\"10.0.0.5\", \"10.0.0.6\", \"fd00::5\"]\n\
                     [[hosts]]\nname = \"a.b.local\"\naddresses = [\"10.0.0.5\"]\n\
                     [[hosts]]\nname = \"x.default.nomad\"\naddresses = [\"10.0.0.7\"]\n";

fn check(text: &str) -> Result<Settings, String> {
    let source = Source::from_octets(Path::new("nomadns.toml"), text.as_bytes().to_vec());
    let checked = source.and_then(|source| Settings::check(&source));
    checked.map_err(|error| error.to_string())
}

fn file(path: &Path, text: &str) -> String {
    replace(path, text);
    format!("hosts_file = {path:?}\n")
}

/// Puts a file in place at once: nobody reads half of it.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test]
async fn hosts_are_answered_without_nomad_and_without_forwarding() {
    let gateway = Gateway::with(NOBODY, |it| it.hosts = check(HOSTS).unwrap().hosts);
    let mut clients = Clients::connect(&gateway).await;
    for (name, record_type, expected) in [
        ("db.corp.EXAMPLE", "A", vec!["10.0.0.5", "10.0.0.6"]),
        ("db.corp.example", "AAAA", vec!["fd00::5"]),
        ("db.corp.example", "ANY", vec!["10.0.0.5", "10.0.0.6"]),
        ("5.0.0.10.in-addr.arpa", "PTR", vec!["db.corp.example."]),
        ("6.0.0.10.in-addr.arpa", "ANY", vec!["db.corp.example."]),
    ] {
        let question = Question::new(name, record_type.parse().unwrap());
        let answer = clients.agreed(&question).await;
        let data: Vec<String> = answer.data().iter().map(|it| it.to_lowercase()).collect();
        assert_eq!(
            (answer.rcode, data),
            (0, expected.iter().map(|it| (*it).to_owned()).collect())
        );
        assert!(answer.answer.iter().all(|it| it.ttl == 30), "{answer:?}");
        assert_eq!(answer.extended_errors, [0_u16; 0], "{name}");
    }
    for (name, record_type) in [("db.corp.example", "MX"), ("5.0.0.10.in-addr.arpa", "A")] {
        let question = Question::new(name, record_type.parse().unwrap());
        let answer = clients.agreed(&question).await;
        assert_eq!((answer.rcode, answer.authority.len()), (0, 1), "{name}");
        assert_eq!(answer.authority[0].owner.trim_end_matches('.'), name);
    }
    for name in ["corp.example", "x.db.corp.example", "7.0.0.11.in-addr.arpa"] {
        let question = Question::new(name, "A".parse().unwrap());
        assert_eq!(clients.agreed(&question).await.rcode, REFUSED, "{name}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn hosts_come_before_forwarding_and_the_cluster_before_hosts() {
    let mut all = AllForwarded::with(|it, _| it.hosts = check(HOSTS).unwrap().hosts).await;
    assert_eq!(all.ask("db.corp.example", "AAAA").await.data(), ["fd00::5"]);
    let answer = all.ask("db.corp.example", "TXT").await;
    assert_eq!((answer.rcode, answer.authority.len()), (0, 1));
    all.assert_denied("x.default.nomad", "A", NXDOMAIN, "nomad")
        .await;
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    for name in ["corp.example", "x.db.corp.example"] {
        all.ask(name, "A").await;
    }
    assert_eq!(all.forwarded(), ["corp.example", "x.db.corp.example"]);
    all.end().await;
}

#[tokio::test]
async fn what_is_above_a_host_is_not_denied() {
    let hosts = || check(HOSTS).unwrap().hosts;
    let mut all = AllForwarded::with(|it, _| it.hosts = hosts()).await;
    assert_eq!(all.ask("a.b.local", "A").await.data(), ["10.0.0.5"]);
    all.assert_denied("b.local", "A", 0, "local").await;
    all.assert_denied("c.local", "A", NXDOMAIN, "local").await;
    all.assert_denied("c.a.b.local", "A", NXDOMAIN, "local")
        .await;
    let zone = "10.in-addr.arpa";
    all.assert_denied("0.0.10.in-addr.arpa", "PTR", 0, zone)
        .await;
    all.assert_denied("9.0.0.10.in-addr.arpa", "PTR", NXDOMAIN, zone)
        .await;
    all.end().await;

    let gateway = Gateway::with(NOBODY, |it| {
        it.hosts = hosts();
        it.outside_zones = OutsideZones::Nxdomain;
    });
    let mut clients = Clients::connect(&gateway).await;
    for (name, rcode) in [("corp.example", REFUSED), ("www.example", NXDOMAIN)] {
        let question = Question::new(name, "A".parse().unwrap());
        assert_eq!(clients.agreed(&question).await.rcode, rcode, "{name}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn the_file_is_read_again_when_it_changes_and_what_cannot_be_used_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hosts");
    let text = file(&path, "10.0.0.1 one.example\nnonsense\n");
    let settings = check(&format!("{text}{HOSTS}[limits]\nhosts_names = 6\n")).unwrap();
    let gateway = Gateway::with(NOBODY, |it| {
        it.hosts = settings.hosts;
        it.hosts.check = Some(Duration::from_millis(1));
    });
    assert_eq!(gateway.metric("nomadns_hosts_names").await, 4.0);
    assert_eq!(gateway.metric("nomadns_hosts_skipped_lines").await, 1.0);
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("one.example", "A".parse().unwrap());
    let before = clients.agreed(&question).await;
    assert_eq!(before.data(), ["10.0.0.1"]);

    replace(&path, "10.0.0.2 one.example\n10.0.0.1 two.example\n");
    until("the new file is in use", async || {
        gateway.metric("nomadns_hosts_names").await == 5.0
    })
    .await;
    let after = clients.agreed(&question).await;
    assert_eq!(after.data(), ["10.0.0.2"], "and what was cached is gone");
    assert_eq!(gateway.metric("nomadns_hosts_skipped_lines").await, 0.0);

    replace(&path, "10.0.0.1 a b c d e\n");
    gateway.read_again();
    fs::remove_file(&path).unwrap();
    gateway.read_again();
    assert_eq!(clients.agreed(&question).await.data(), ["10.0.0.2"]);
    gateway.end().await;
}

#[test]
fn mistakes_in_hosts_are_named_with_what_would_be_right() {
    let host = |name: &str, addresses: &str| {
        format!("[[hosts]]\nname = {name:?}\naddresses = [{addresses}]\n")
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hosts");
    let long = file(&path, "10.0.0.1 a b c\n");
    for (text, parts) in [
        (
            host("a..b", "\"10.0.0.1\""),
            vec!["hosts: ", "not a domain name"],
        ),
        (
            host("10.0.0.1", "\"10.0.0.1\""),
            vec!["is an address in the place of a name"],
        ),
        (
            host("*.corp", "\"10.0.0.1\""),
            vec!["\"*.corp\"", "list each name"],
        ),
        (
            host("a.corp", ""),
            vec!["\"a.corp\" has no addresses", "10.0.0.5"],
        ),
        (
            host("a.corp", "\"10.0.0.1:53\""),
            vec!["\"10.0.0.1:53\"", "without a port"],
        ),
        (
            "[[hosts]]\nname = \"a\"\n".into(),
            vec!["lacks `addresses`", "[[hosts]]"],
        ),
        (
            "[[hosts]]\nname = \"a\"\naddresses = 1\n".into(),
            vec!["of the wrong type", "db.example"],
        ),
        (
            "[hosts]\nname = \"a\"\n".into(),
            vec!["hosts", "a [[hosts]] section"],
        ),
        (
            "hosts_file = \"/nowhere\"\n".into(),
            vec!["hosts_file", "/etc/hosts"],
        ),
        (
            format!("{long}[limits]\nhosts_names = 2\n"),
            vec!["hosts_file", "more than 2 names", "limits.hosts_names"],
        ),
        (
            format!("{long}[limits]\nhosts_file_octets = 3\n"),
            vec!["hosts_file", "limits.hosts_file_octets"],
        ),
    ] {
        let error = check(&text).map(drop).expect_err(&text);
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error}");
        }
    }
}

#[test]
fn lines_that_are_skipped_and_hosts_within_the_clusters_zones_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let text = file(&folder.path().join("hosts"), "10.0.0.1 good\nbad line\n");
    let warnings = check(&format!("{text}{HOSTS}")).unwrap().warnings;
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let has = |part: &str| warnings.iter().any(|it| it.contains(part));
    assert!(
        has("hosts_file: line 2 is skipped: \"bad\" is not an IP address"),
        "{warnings:?}"
    );
    assert!(
        has("hosts: hosts at or below nomad. are not used"),
        "{warnings:?}"
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}
