//! The configuration is read again while the gateway runs: validated first, what can change at once does, the rest is named.

use std::net::UdpSocket;

use nomadns::certs::{Development, Existing};

use super::life::NO_NOMAD;
use super::{AT_MOST, FREE_PORTS, Gateway};
use crate::support::clients::connect_tls;
use crate::support::gateway::until;

/// Names that are answered without Nomad.
const HOSTS: &str = "[[hosts]]\nname = \"db.example\"\naddresses = [\"10.0.0.5\"]\n";

/// A file with keys before its sections.
pub(super) fn file(keys: &str, sections: &str) -> String {
    format!("{keys}\n{NO_NOMAD}\n{sections}\n{HOSTS}")
}

/// Has a gateway read a file, and waits until it did.
pub(super) fn reload(gateway: &mut Gateway, config: &str) {
    let done = |gateway: &Gateway| count(gateway, "success") + count(gateway, "failure");
    let before = done(gateway);
    gateway.rewrite(config);
    gateway.signal("HUP");
    let since = tokio::time::Instant::now();
    while done(gateway) == before {
        assert!(since.elapsed() < AT_MOST, "{}", gateway.log);
        std::thread::yield_now();
    }
}

pub(super) fn count(gateway: &Gateway, result: &str) -> u64 {
    let of = format!("nomadns_config_reloads_total{{result=\"{result}\"}} ");
    value(gateway, &of).parse().unwrap()
}

/// What stands behind the beginning of a line of the metrics.
pub(super) fn value(gateway: &Gateway, begin: &str) -> String {
    let page = gateway.page("/metrics");
    let line = page.lines().find_map(|line| line.strip_prefix(begin));
    line.unwrap_or_else(|| panic!("no {begin}")).to_owned()
}

/// What a gateway answers over UDP to a query for an address, with its name server identifier.
pub(super) fn asked(gateway: &Gateway, name: &str) -> Vec<u8> {
    let mut query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\x01".to_vec();
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend(label.as_bytes());
    }
    // NSID (RFC 5001).
    query.extend(b"\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\x04\0\x03\0\0");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(AT_MOST)).unwrap();
    socket.send_to(&query, gateway.address("udp")).unwrap();
    let mut answer = vec![0; 1500];
    let length = socket.recv(&mut answer).unwrap();
    answer.truncate(length);
    answer
}

pub(super) fn has(answer: &[u8], part: &[u8]) -> bool {
    answer.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_wrong_file_changes_nothing_and_is_told() {
    let mut gateway = Gateway::start(&file("ttl = 7", ""), &[]);
    for (wrong, part) in [
        ("ttl = 9999", "ttl must be in range [0, 3600]"),
        ("ttk = 9", "did you mean `ttl`?"),
        ("ttl = ", "is not TOML"),
        ("hosts_file = \"/nowhere/hosts\"", "cannot be read"),
    ] {
        reload(&mut gateway, &file(wrong, ""));
        gateway.wait_for("reload: the old configuration stays in use");
        gateway.wait_for(part);
        assert_eq!(
            value(&gateway, "nomadns_config_last_reload_successful "),
            "0"
        );
        assert!(gateway.page("/").contains("could not be read again"));
        assert!(has(
            &asked(&gateway, "db.example"),
            b"\0\0\0\x07\0\x04\x0a\0\0\x05"
        ));
    }
    assert_eq!(
        (count(&gateway, "failure"), count(&gateway, "success")),
        (4, 0)
    );
    reload(&mut gateway, &file("ttl = 8", ""));
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x08\0\x04\x0a\0\0\x05"
    ));
    assert_eq!(
        value(&gateway, "nomadns_config_last_reload_successful "),
        "1"
    );
    assert!(!gateway.page("/").contains("could not be read again"));
}

#[test]
fn what_needs_a_restart_is_named_and_the_rest_is_in_use() {
    let mut gateway = Gateway::start(&file("ttl = 7", ""), &[]);
    reload(
        &mut gateway,
        &file("ttl = 8", "[cache]\nentries = 64\n[limits]\nudp_batch = 3"),
    );
    gateway
        .wait_for("these keys change only with a restart keys=\"cache.entries, limits.udp_batch\"");
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x08\0\x04\x0a\0\0\x05"
    ));
    assert_eq!(value(&gateway, "nomadns_config_restart_keys "), "2");
    let page = gateway.page("/");
    assert!(page.contains("cache.entries, limits.udp_batch"), "{page}");
    // What is as it was at the start needs no restart.
    reload(&mut gateway, &file("ttl = 9", ""));
    assert_eq!(value(&gateway, "nomadns_config_restart_keys "), "0");
    assert!(!gateway.page("/").contains("wait for a restart"));
}

#[test]
fn a_change_that_is_only_good_with_another_that_needs_a_restart_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let made = Development::generate(&[]).unwrap();
    let [_, certificate, key] = made.write(folder.path(), Existing::Keep).unwrap();
    let mut gateway = Gateway::start(&file("ttl = 7", ""), &[]);
    let tls = format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}");
    let config = file("ttl = 9\ndesignated_resolver = \"localhost\"", &tls);
    gateway.rewrite_whole(&format!("{config}\n{FREE_PORTS}tls = [\"127.0.0.1:0\"]\n"));
    gateway.signal("HUP");
    gateway.wait_for("only a restart can change this");
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x07\0\x04\x0a\0\0\x05"
    ));
}

#[test]
fn a_file_that_has_changed_is_used_without_a_signal() {
    let mut gateway = Gateway::start(&file("reload_check_seconds = 1", ""), &[]);
    gateway.rewrite(&file("reload_check_seconds = 1\nttl = 77", ""));
    gateway.wait_for("the changes are in use keys=\"ttl\"");
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x4d\0\x04\x0a\0\0\x05"
    ));
    gateway.rewrite("ttl = ");
    gateway.wait_for("the old configuration stays in use");
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x4d\0\x04\x0a\0\0\x05"
    ));
}

#[test]
fn a_file_that_is_named_before_it_is_there_is_used_once_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    let mut gateway = Gateway::start(&file("reload_check_seconds = 1", ""), &[]);
    let keys = format!("reload_check_seconds = 1\nhosts_file = {hosts:?}");
    gateway.rewrite(&file(&keys, ""));
    gateway.wait_for("the old configuration stays in use");
    std::fs::write(&hosts, "10.0.0.9 late.example\n").unwrap();
    gateway.wait_for("the changes are in use keys=\"hosts_file\"");
    assert!(has(&asked(&gateway, "late.example"), b"\0\x04\x0a\0\0\x09"));
    // However often it was looked at, it is told and counted once.
    assert_eq!(count(&gateway, "failure"), 1);
    assert_eq!(gateway.log.matches("stays in use").count(), 1);
}

#[test]
fn sigusr1_reads_files_and_not_the_configuration() {
    let mut gateway = Gateway::start(&file("ttl = 7", ""), &[]);
    gateway.rewrite(&file("ttl = 8", ""));
    gateway.signal("USR1");
    gateway.wait_for("reload: there are no files to re-read");
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x07\0\x04\x0a\0\0\x05"
    ));
    assert_eq!(count(&gateway, "success"), 0);
}

#[test]
fn many_reloads_take_no_more_memory_than_some() {
    let mut gateway = Gateway::start(&file("", ""), &[]);
    let resident = |gateway: &Gateway| -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.child.id()));
        let status = status.unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse().unwrap()
    };
    let mut at_first = 0;
    for number in 0..60 {
        let forward = match number % 2 {
            0 => "",
            _ => "[[forward]]\nzone = \".\"\nupstreams = [\"udp://192.0.2.1\"]",
        };
        reload(&mut gateway, &file(&format!("ttl = {number}"), forward));
        asked(&gateway, "db.example");
        if number == 20 {
            at_first = resident(&gateway);
        }
    }
    let grown = resident(&gateway).saturating_sub(at_first);
    assert!(grown < 8 * 1024, "{grown} KiB");
}

#[test]
fn a_reload_while_it_ends_changes_nothing() {
    let mut gateway = Gateway::start(&file("ttl = 7", "[limits]\nlameduck_ms = 500"), &[]);
    gateway.signal("TERM");
    gateway.wait_for("ending");
    gateway.rewrite(&file("ttl = 8", "[limits]\nlameduck_ms = 500"));
    gateway.signal("HUP");
    assert!(has(
        &asked(&gateway, "db.example"),
        b"\0\0\0\x07\0\x04\x0a\0\0\x05"
    ));
    let (status, _, log) = gateway.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("reload"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_comes_with_another_configuration_is_used_without_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let (folder, made) = (
            folder.path().join(name),
            Development::generate(&[]).unwrap(),
        );
        std::fs::create_dir_all(&folder).unwrap();
        let [ca, certificate, key] = made.write(&folder, Existing::Replace).unwrap();
        let section =
            format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}\ncheck_seconds = 0");
        (std::fs::read_to_string(ca).unwrap(), section)
    };
    let whole = |ttl: u8, tls: &str| {
        let keys = format!("ttl = {ttl}\nreload_check_seconds = 1");
        format!(
            "{}\n{FREE_PORTS}tls = [\"127.0.0.1:0\"]\n",
            file(&keys, tls)
        )
    };
    let (first, section) = write("a");
    let mut gateway = Gateway::start_as(|_| {}, &whole(7, &section));
    let dot = gateway.address("dot");
    connect_tls(dot, &first).await.unwrap();

    // In other files.
    let (second, section) = write("b");
    gateway.rewrite_whole(&whole(7, &section));
    gateway.wait_for("the changes are in use keys=\"tls.certificate, tls.key\"");
    let is_served = async |ca: &str| connect_tls(dot, ca).await.is_ok();
    until("the second certificate", async || is_served(&second).await).await;

    // In the same files, while something else changes.
    let (third, section) = write("b");
    gateway.rewrite_whole(&whole(8, &section));
    gateway.wait_for("the changes are in use keys=\"ttl\"");
    until("the third certificate", async || is_served(&third).await).await;
}
