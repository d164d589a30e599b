//! Which secondaries may be configured to be told of changes, what is wrong, and what may surprise.

use std::path::Path;

use nomadns::config::{Settings, Source};

fn check(text: &str) -> Result<Settings, String> {
    let source = Source::from_octets(Path::new("nomadns.toml"), text.as_bytes().to_vec());
    let checked = source.and_then(|source| Settings::check(&source));
    checked.map_err(|error| error.to_string())
}

fn section(keys: &str) -> String {
    format!("[[transfer.notify]]\n{keys}\n")
}

#[test]
fn an_address_has_port_53_unless_it_says_another() {
    let text = section("address = \"192.0.2.53\"\nzones = [\"nomad\"]")
        + &section("address = \"[2001:db8::53]:5353\"\nsource = \"2001:db8::1\"");
    let notified = check(&text).unwrap().notified;
    let addresses: Vec<String> = notified.iter().map(|it| it.address.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.53:53", "[2001:db8::53]:5353"]);
    assert_eq!(notified[1].source, Some("2001:db8::1".parse().unwrap()));
    let other = "other".parse().unwrap();
    assert_eq!(
        (notified[0].has(&other), notified[1].has(&other)),
        (false, true)
    );
}

/// Checks texts, each of which is a mistake; the error has all of these parts.
fn assert_named<const COUNT: usize>(mistakes: [(String, [&str; 2]); COUNT]) {
    for (text, parts) in mistakes {
        let error = check(&text).expect_err(&text);
        for part in ["transfer.notify"].iter().chain(&parts) {
            assert!(error.contains(part), "{part:?} in {error}");
        }
    }
}

#[test]
fn addresses_that_are_wrong_are_named_by_section_with_what_would_be_right() {
    let good = section("address = \"192.0.2.53\"");
    let own = "[listen]\ndns = [\"127.0.0.1:1053\"]\n";
    assert_named([
        (
            good.clone() + &section("address = \"ns2.example\""),
            ["section 2: address = \"ns2.example\"", "\"192.0.2.53\""],
        ),
        (
            section("address = \"0.0.0.0\""),
            ["section 1: address = \"0.0.0.0\"", "one server"],
        ),
        (
            section("address = \"192.0.2.53:0\""),
            ["section 1: address", "one server"],
        ),
        (
            section("address = \"127.0.0.1:1053\"") + own,
            ["section 1", "is this gateway itself"],
        ),
        (
            good.clone() + &good,
            [
                "section 2: address = \"192.0.2.53\"",
                "in an earlier section",
            ],
        ),
    ]);
}

#[test]
fn other_keys_that_are_wrong_are_named_by_section_with_what_would_be_right() {
    assert_named([
        (
            section("address = \"192.0.2.53\"\nsource = \"eth0\""),
            ["section 1: source = \"eth0\"", "\"192.0.2.1\""],
        ),
        (
            section("address = \"192.0.2.53\"\nsource = \"::1\""),
            [
                "section 1: source = \"::1\" cannot reach",
                "must not be mixed",
            ],
        ),
        (
            section("address = \"192.0.2.53\"\nzones = [\"consul\"]"),
            [
                "section 1: zones has \"consul\"",
                "transferred: service.nomad, nomad",
            ],
        ),
        (
            section("address = \"192.0.2.53\"\nkey = \"transfer.nomad\""),
            ["section 1: key = \"transfer.nomad\"", "[[transfer.keys]]"],
        ),
        (
            section("zones = [\"nomad\"]"),
            ["section 1 lacks `address`", "address, key, source, zones"],
        ),
        (
            section("address = \"192.0.2.53\"\nsorce = \"192.0.2.1\""),
            ["`sorce` is not a key", "did you mean `source`"],
        ),
        (
            (0..257)
                .map(|n| section(&format!("address = \"10.0.{}.{}\"", n / 256, n % 256)))
                .collect(),
            ["has 257 sections", "at most 256"],
        ),
    ]);
}

#[test]
fn a_secondary_that_is_told_and_may_not_copy_is_warned_about() {
    let warned = |allow: &str| {
        let text =
            format!("[transfer]\nallow = [{allow}]\n") + &section("address = \"192.0.2.53\"");
        let warnings = check(&text).unwrap().warnings;
        warnings
            .iter()
            .any(|it| it.key == "transfer.notify" && it.words.contains("192.0.2.53"))
    };
    assert!(warned("") && warned("\"192.0.2.54\""));
    assert!(!warned("\"192.0.2.0/24\""));
}

#[test]
fn a_secondary_may_have_the_catalog_zone_too() {
    let text = "[transfer]\nallow = [\"192.0.2.53\"]\ncatalog_zone = \"zones.invalid\"\n"
        .to_owned()
        + &section("address = \"192.0.2.53\"\nzones = [\"nomad\", \"zones.invalid\"]");
    assert!(check(&text).unwrap().notified[0].has(&"zones.invalid".parse().unwrap()));
}
