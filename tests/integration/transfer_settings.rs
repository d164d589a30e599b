//! `[transfer]`: what is offered, and what is warned about.

use std::path::Path;

use nomadns::config::{Settings, Source};

fn check(text: &str) -> Result<Settings, String> {
    let source = Source::from_octets(Path::new("nomadns.toml"), text.as_bytes().to_vec());
    Settings::check(&source.unwrap()).map_err(|error| error.to_string())
}

#[test]
fn nothing_is_offered_unless_networks_are_named() {
    assert!(!check("").unwrap().transfer.is_offered);
    let offered = check("[transfer]\nallow = [\"192.0.2.0/24\", \"2001:db8::1\"]").unwrap();
    assert!(offered.transfer.is_offered && offered.transfer.described.is_none());
    let error = check("[transfer]\nallow = [\"secondary\"]").unwrap_err();
    assert!(
        error.contains("transfer.allow") && error.contains("192.0.2.0/24"),
        "{error}"
    );
}

#[test]
fn a_step_that_is_faster_than_the_clock_needs_a_folder_for_the_serials() {
    let is_warned = |text: &str| {
        let settings = check(text).unwrap();
        let warnings = settings.warnings.iter().map(ToString::to_string);
        let mut warnings = warnings.filter(|it| it.starts_with("transfer.step_ms"));
        warnings.next().is_some()
    };
    let fast = "allow = [\"192.0.2.1\"]\nstep_ms = 100";
    assert!(is_warned(&format!("[transfer]\n{fast}")));
    assert!(!is_warned(&format!(
        "[nomad]\nstate_dir = \"/tmp\"\n[transfer]\n{fast}"
    )));
    assert!(!is_warned("[transfer]\nstep_ms = 100"));
    assert!(!is_warned(
        "[transfer]\nallow = [\"192.0.2.1\"]\nstep_ms = 1000"
    ));
}

#[test]
fn secondaries_answer_longer_than_the_gateway_does_without_nomad() {
    let timers = |text: &str| check(text).unwrap().zones.soa_timers;
    let usual = timers("");
    let offered = timers("[transfer]\nallow = [\"192.0.2.1\"]");
    assert!(offered.refresh_seconds < usual.refresh_seconds);
    let stale = timers("[nomad]\nmax_stale_seconds = 2000000\n[transfer]\nallow = [\"192.0.2.1\"]");
    assert!(stale.expire_seconds > 2_000_000);
}

const OTHERS: &str = "[[forward]]\nzone = \"forwarded\"\nupstreams = [\"udp://192.0.2.1\"]\n\
    [[forward]]\nzone = \".\"\nupstreams = [\"udp://192.0.2.1\"]\n\
    [[hosts]]\nname = \"host.other\"\naddresses = [\"192.0.2.1\"]";

#[test]
fn a_catalog_zone_has_a_name_of_its_own() {
    let catalog = |name: &str| {
        check(&format!(
            "zones = [\"nomad\", \"a.example\"]\n[transfer]\nallow = [\"192.0.2.1\"]\ncatalog_zone = \"{name}\"\n{OTHERS}"
        ))
    };
    let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(50));
    for name in [
        "nomad",
        "zones.nomad",
        "example",
        "NOMAD",
        ".",
        "*.invalid",
        "a..b",
        &long,
        "zones.invalid:53",
        "https://zones.invalid",
        "192.0.2.1",
        "resolver.arpa",
        "zones.forwarded",
        "host.other",
    ] {
        let error = catalog(name).expect_err(name);
        assert!(
            error.contains("transfer.catalog_zone") && error.contains("\"zones.invalid\""),
            "{error}"
        );
    }
    for name in ["zones.invalid", "b.example", "catalog.nomad.invalid"] {
        let zone = catalog(name).unwrap().transfer.catalog_zone.unwrap();
        assert_eq!(zone.apex(), name.parse().unwrap());
    }
    assert_eq!(check("").unwrap().transfer.catalog_zone, None);
}

#[test]
fn a_catalog_zone_that_nobody_may_transfer_is_warned_about() {
    let settings = check("[transfer]\ncatalog_zone = \"zones.invalid\"").unwrap();
    assert_eq!(settings.transfer.catalog_zone, None);
    let warnings = settings.warnings.iter().map(ToString::to_string);
    let mut warnings = warnings.filter(|it| it.starts_with("transfer.catalog_zone"));
    assert!(warnings.next().unwrap().contains("transfer.allow"));
}
