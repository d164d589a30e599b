//! `nomadns export`: what is printed is what is answered, and other servers can load it.
//!
//! That they can is proved with NSD, Knot and BIND by `.ci/differential`.

mod elsewhere;
mod inner;
mod labels;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use nomadns::answers::{Zone, ZoneSettings, names};
use nomadns::catalog::{Catalog, UnknownReason};
use nomadns::config::{Settings, Source};
use nomadns::demo::{Fault, Options, Registration, SimulatedNomad};
use nomadns::dns::Name;
use nomadns::export::{self, ExportError, LeftOut};

use crate::support::answers::instance;

const TIMEOUT: Duration = Duration::from_secs(10);

fn settings(nomad: &str, zones: &[&str]) -> Settings {
    let mut source = Source::default();
    source.set("nomad.addresses", vec![nomad.to_owned()], "test");
    let zones: Vec<String> = zones.iter().map(|&zone| zone.to_owned()).collect();
    source.set("zones", zones, "test");
    Settings::check(&source).unwrap()
}

async fn exported(nomad: &SimulatedNomad, zones: &[&str], wanted: &str) -> Vec<String> {
    let mut out = Vec::new();
    let wanted: Name = wanted.parse().unwrap();
    let settings = settings(&nomad.url(), zones);
    export::run(settings, &[wanted], TIMEOUT, &mut out)
        .await
        .unwrap();
    String::from_utf8(out)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn redis(last: u8, tags: &[&str]) -> Registration {
    Registration::new("default", "redis")
        .address(format!("10.0.0.{last}"))
        .port(6379)
        .tags(tags.iter().copied())
}

fn cluster(registrations: impl IntoIterator<Item = Registration>) -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    registrations
        .into_iter()
        .for_each(|registration| nomad.register([registration]));
    nomad
}

/// The owners of records of a type, in the order of the file.
fn owners<'a>(lines: &'a [String], record_type: &str) -> Vec<&'a str> {
    let lines = lines.iter().filter(|line| !line.starts_with(';'));
    let fields = lines.map(|line| line.split('\t').collect::<Vec<_>>());
    fields
        .filter(|fields| fields.get(3) == Some(&record_type))
        .map(|fields| fields[0])
        .collect()
}

#[tokio::test]
async fn each_form_of_a_name_is_printed_once_in_the_same_order() {
    let nomad = cluster([
        redis(1, &["primary", "V7", "a.b", "v7"]),
        redis(2, &["tcp"]),
    ]);
    let lines = exported(&nomad, &["nomad"], "nomad").await;
    let mut forms = Vec::new();
    for namespace in ["default", "default.dc1.dc"] {
        for (form, count) in [
            ("redis", 2),
            (r"a\.b.redis", 1),
            ("primary.redis", 1),
            ("tcp.redis", 1),
            ("v7.redis", 1),
            ("_redis._tcp", 2),
            ("_redis._udp", 2),
            (r"_redis._a\.b", 1),
            ("_redis._primary", 1),
            ("_redis._v7", 1),
            // `http` is the label of their port.
            (r"_a\.b._tcp.redis", 1),
            ("_http._tcp.redis", 2),
            ("_primary._tcp.redis", 1),
            ("_redis._tcp.redis", 2),
            ("_tcp._tcp.redis", 1),
            ("_v7._tcp.redis", 1),
            (r"_a\.b._udp.redis", 1),
            ("_http._udp.redis", 2),
            ("_primary._udp.redis", 1),
            ("_redis._udp.redis", 2),
            ("_tcp._udp.redis", 1),
            ("_v7._udp.redis", 1),
        ] {
            forms.extend(std::iter::repeat_n(
                format!("{form}.{namespace}.nomad."),
                count,
            ));
        }
    }
    assert_eq!(owners(&lines, "SRV"), forms);
    assert_eq!(owners(&lines, "SOA"), ["nomad."]);
    assert_eq!(owners(&lines, "NS"), ["nomad."]);
    let addresses = owners(&lines, "A");
    assert_eq!(addresses.first(), Some(&"ns.nomad."));
    let single: Vec<_> = addresses.iter().filter(|it| it.contains("addr")).collect();
    assert_eq!(
        single,
        [
            "0a000001.addr.default.nomad.",
            "0a000002.addr.default.nomad.",
            "0a000001.addr.default.dc1.dc.nomad.",
            "0a000002.addr.default.dc1.dc.nomad.",
            "0a000001.addr.nomad.",
            "0a000002.addr.nomad.",
        ]
        .iter()
        .collect::<Vec<_>>()
    );
    let records: HashSet<&String> = lines.iter().collect();
    assert_eq!(records.len(), lines.len());
    assert_eq!(exported(&nomad, &["nomad"], "nomad").await, lines);
}

#[tokio::test]
async fn an_inner_zone_is_printed_apart_and_delegated() {
    let web = Registration::new("service", "web")
        .address("10.0.2.1")
        .port(80);
    let nomad = cluster([web]);
    let zones = ["nomad", "service.nomad"];
    let outer = exported(&nomad, &zones, "nomad").await;
    let inside = |line: &&String| line.split('\t').next().unwrap().ends_with("service.nomad.");
    let cut: Vec<&str> = outer.iter().filter(inside).map(String::as_str).collect();
    assert_eq!(
        cut,
        [
            "service.nomad.\t30\tIN\tNS\tns.service.nomad.",
            "ns.service.nomad.\t30\tIN\tA\t127.0.0.1",
            "ns.service.nomad.\t30\tIN\tAAAA\t::1",
        ]
    );
    let inner = exported(&nomad, &zones, "service.nomad").await;
    let names = owners(&inner, "SRV");
    for name in [
        "web.service.service.nomad.",
        "web.service.nomad.",
        "_web._tcp.service.nomad.",
    ] {
        assert_eq!(
            names.iter().filter(|owner| **owner == name).count(),
            1,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_may_not_stand_beside_a_cname_is_a_comment() {
    let host = Registration::new("default", "host")
        .address("db.internal.example")
        .port(5432);
    let lines = exported(&cluster([host]), &["nomad"], "nomad").await;
    let of = |name: &str| -> Vec<&str> {
        let lines = lines.iter().map(String::as_str);
        let name = format!("{name}\t");
        let lines = lines.filter(|line| line.trim_start_matches("; ").starts_with(&name));
        lines
            .map(|line| line.split("\t\"").next().unwrap())
            .collect()
    };
    let srv = "\t30\tIN\tSRV\t10 10 5432 db.internal.example.";
    assert_eq!(
        of("host.default.nomad."),
        [
            "host.default.nomad.\t30\tIN\tCNAME\tdb.internal.example.",
            &format!("; host.default.nomad.{srv}"),
            "; host.default.nomad.\t30\tIN\tTXT",
        ]
    );
    assert_eq!(
        of("_host._tcp.default.nomad."),
        [
            &format!("_host._tcp.default.nomad.{srv}"),
            "_host._tcp.default.nomad.\t30\tIN\tTXT",
        ]
    );
}

#[tokio::test]
async fn all_records_of_a_large_service_are_printed() {
    // More than a message can hold: 2,000 TXT records of some 200 octets.
    let instances = (0..2000_u16).map(|nth| {
        let [high, low] = nth.to_be_bytes();
        Registration::new("default", "large").address(format!("10.1.{high}.{low}"))
    });
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register(instances);
    let lines = exported(&nomad, &["nomad"], "nomad").await;
    let texts = owners(&lines, "TXT");
    let plain = texts
        .iter()
        .filter(|owner| **owner == "large.default.nomad.");
    assert_eq!(plain.count(), 2000);
}

#[tokio::test]
async fn a_nomad_that_is_away_is_told_in_one_line() {
    let unused: SocketAddr = ([127, 0, 0, 1], 1).into();
    let settings = settings(&format!("http://{unused}"), &["nomad"]);
    let timeout = Duration::from_millis(200);
    let mut out = Vec::new();
    let error = export::run(settings, &[], timeout, &mut out)
        .await
        .unwrap_err();
    assert!(matches!(error, ExportError::Incomplete { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with("the cluster could not be read within 200 ms: "),
        "{text}"
    );
    assert!(
        text.contains("127.0.0.1:1") && !text.contains('\n'),
        "{text}"
    );
    assert!(out.is_empty());
}

#[tokio::test]
async fn a_token_that_lists_nothing_exports_nothing_and_says_why() {
    let nomad = cluster([redis(1, &[])]);
    nomad.break_requests("/v1/services", Fault::permission_denied());
    let settings = settings(&nomad.url(), &["nomad"]);
    let mut out = Vec::new();
    let error = export::run(settings, &[], TIMEOUT, &mut out)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the token cannot list services"), "{text}");
    assert!(out.is_empty());
}

#[test]
fn an_unknown_service_is_left_out_with_all_of_its_names() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    for (service, address) in [("redis", "10.0.0.1"), ("web", "10.0.0.2")] {
        writer
            .put("default", service, vec![instance(address, 80, &["a"])])
            .unwrap();
    }
    writer
        .mark_unknown("default", "web", Some(UnknownReason::Unreadable))
        .unwrap();
    writer.publish(1);
    let zone = Zone::new("nomad".parse().unwrap()).unwrap();
    let settings = ZoneSettings::new(vec![zone], 30, 5);
    let view = catalog.view().unwrap();
    let zone = &settings.zones()[0];
    let names = names(&settings, zone, &view).map(|name| name.to_string());
    let names: Vec<String> = names.collect();
    assert!(
        names.contains(&"a.redis.default.nomad.".to_owned()),
        "{names:?}"
    );
    assert!(!names.iter().any(|name| name.contains("web")), "{names:?}");
}

#[test]
fn what_an_export_leaves_out_is_told_in_one_line() {
    let left_out = LeftOut {
        unreadable: 2,
        refused: 1,
    };
    assert_eq!(
        left_out.to_string(),
        "the export is not whole: of services and namespaces 2 could not be read and 1 may not be read with this \
         token; their names are left out"
    );
}
