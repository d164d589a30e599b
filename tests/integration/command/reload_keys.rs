//! Keys that a reload changes at once: each is tried by what clients see.

use super::Gateway;
use super::life::NO_NOMAD;
use super::reload::{asked, count, file, has, reload, value};

/// Has a gateway read a file with keys and sections, and asks for a name: only then must the answer be the one of these keys.
fn takes(
    gateway: &mut Gateway,
    keys: &str,
    sections: &str,
    name: &str,
    is_of_them: impl Fn(&[u8]) -> bool,
) {
    reload(gateway, &file("", ""));
    assert!(!is_of_them(&asked(gateway, name)), "{keys}{sections}");
    reload(gateway, &file(keys, sections));
    // The second query of a client is over its rate.
    asked(gateway, name);
    assert!(is_of_them(&asked(gateway, name)), "{keys}{sections}");
    assert_eq!(count(gateway, "failure"), 0, "{}", gateway.log);
    assert_eq!(value(gateway, "nomadns_config_restart_keys "), "0");
}

fn rcode(answer: &[u8]) -> u8 {
    answer[3] & 15
}

#[test]
fn what_is_answered_changes_at_once() {
    let mut gateway = Gateway::start(&file("", ""), &[]);
    let it = &mut gateway;
    takes(it, "ttl = 77", "", "db.example", |answer| {
        has(answer, b"\0\0\0\x4d\0\x04\x0a\0\0\x05")
    });
    takes(it, "nsid = \"me\"", "", "db.example", |answer| {
        has(answer, b"\0\x03\0\x02me")
    });
    let nxdomain = "outside_zones = \"nxdomain\"";
    takes(it, nxdomain, "", "no.where", |answer| rcode(answer) == 3);
    // There is no Nomad, so nothing is known of a zone.
    let zones = "zones = [\"no.where\"]";
    takes(it, zones, "", "a.b.no.where", |answer| rcode(answer) == 2);
    let reverse = "reverse_zones = [\"10.0.0.0/8\"]";
    takes(it, reverse, "", "1.0.0.10.in-addr.arpa", |answer| {
        rcode(answer) == 2
    });
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "10.0.0.77 file.example\n").unwrap();
    let hosts = format!("hosts_file = {hosts:?}");
    takes(it, &hosts, "", "file.example", |answer| {
        has(answer, b"\x0a\0\0\x4d")
    });
}

#[test]
fn who_is_answered_changes_at_once() {
    let mut gateway = Gateway::start(&file("", ""), &[]);
    let it = &mut gateway;
    let allow = "[clients]\nallow = [\"192.0.2.1\"]";
    takes(it, "", allow, "db.example", |answer| rcode(answer) == 5);
    let rate = "[clients]\nqueries_per_second = 1\nburst = 1\nexempt = []";
    takes(it, "", rate, "db.example", |answer| answer[2] & 2 != 0);
}

#[test]
fn what_is_forwarded_changes_at_once() {
    let hosts = "[[hosts]]\nname = \"www.elsewhere\"\naddresses = [\"10.9.9.9\"]";
    let upstream = Gateway::start(&format!("{NO_NOMAD}\n{hosts}"), &[]);
    let mut gateway = Gateway::start(&file("", ""), &[]);
    let forward = format!(
        "[[forward]]\nzone = \"elsewhere\"\nupstreams = [\"udp://{}\"]\n",
        upstream.address("udp")
    );
    for _ in 0..2 {
        takes(&mut gateway, "", &forward, "www.elsewhere", |answer| {
            has(answer, b"\x0a\x09\x09\x09")
        });
    }
}

#[test]
fn the_level_of_the_log_changes_at_once() {
    let mut gateway = Gateway::start(&file("", ""), &[]);
    reload(&mut gateway, &file("", "[log]\nlevel = \"error\""));
    reload(&mut gateway, &file("ttl = 5", "[log]\nlevel = \"error\""));
    reload(&mut gateway, &file("ttl = 6", ""));
    gateway.signal("USR1");
    gateway.wait_for("there are no files to re-read");
    assert!(!gateway.log.contains("keys=\"ttl\""), "{}", gateway.log);
}
