//! The services at the start: those in the commands that the demo prints, and every kind of broken registration that
//! a real Nomad accepts.

use serde_json::{Value, json};

use crate::demo::handle::SimulatedNomad;
use crate::demo::model::{Check, NODE_ID, Registration, random_uuid};

/// A node in a second datacenter.
const REMOTE_NODE: &str = "7c1d2b0e-5f64-8a39-9c0b-2f1e6d3a4b58";
const REMOTE_DATACENTER: &str = "dc2";
/// A node in a datacenter whose name is no host name, as Nomad allows.
const UNDERSCORE_NODE: &str = "e2b7a9c4-3d18-4c6f-8b52-90f1d7e6a3c5";
const UNDERSCORE_DATACENTER: &str = "eu_west";

/// A tag that stands for a rule of a proxy, as is usual.
const ROUTER_TAG: &str = "traefik.http.routers.redis.rule=Host(`redis.example`)";

/// Puts everyone in.
pub(super) fn enter(nomad: &SimulatedNomad) {
    let long = format!("long-{}", "n".repeat(95));
    for namespace in ["prod", "service", long.as_str(), "-lead-"] {
        nomad.create_namespace(namespace);
    }
    nomad.set_nodes(vec![
        node(NODE_ID, "vm", "dc1"),
        node(REMOTE_NODE, "far", REMOTE_DATACENTER),
        node(UNDERSCORE_NODE, "west", UNDERSCORE_DATACENTER),
    ]);
    for nth in 0..3 {
        nomad.register(redis("default", nth, role(nth)));
    }
    nomad.register(redis("-lead-", 7, "primary"));
    nomad.register(redis(&long, 8, "primary"));
    for nth in 0..2 {
        nomad.register(web("default", nth, &["http", "blue"]));
    }
    for (namespace, nth) in [("prod", 20), ("service", 30)] {
        let remote = |each: Registration| each.node(REMOTE_NODE, REMOTE_DATACENTER);
        nomad.register(
            web(namespace, nth, &["http", "blue"])
                .into_iter()
                .map(remote),
        );
    }
    for service in others().into_iter().chain(aliases()).chain(crowds()) {
        nomad.register([service]);
    }
    let (failing, check) = failing();
    nomad.register([failing.clone()]);
    nomad.set_checks(&failing.alloc_id, vec![check]);
    for dirty in dirty() {
        nomad.register([dirty]);
    }
}

/// The registrations of one allocation of redis: the database and its metrics.
pub(super) fn redis(namespace: &str, nth: u8, role: &str) -> [Registration; 2] {
    let address = format!("10.0.0.{}", nth.saturating_add(11));
    let alloc = random_uuid();
    let of = |service| Registration::new(namespace, service).address(&address);
    [
        of("redis")
            .allocation(&alloc)
            .port_label("db")
            .port(6379)
            .tags([role, "v7", ROUTER_TAG]),
        of("redis-metrics")
            .job("redis")
            .allocation(&alloc)
            .port_label("metrics")
            .port(9121),
    ]
}

/// The first instance is the primary.
pub(super) fn role(nth: u8) -> &'static str {
    if nth == 0 { "primary" } else { "replica" }
}

/// The registrations of one allocation of web: one service name, two ports.
pub(super) fn web(namespace: &str, nth: u8, tags: &[&str]) -> [Registration; 2] {
    let alloc = random_uuid();
    let of = |label: &str, port| {
        Registration::new(namespace, "web")
            .address(format!("10.0.1.{}", nth.saturating_add(11)))
            .allocation(&alloc)
            .port_label(label)
            .port(port)
    };
    [
        of("http", 8080).tags(tags.iter().copied()),
        of("admin", 9090).tags(["admin"]),
    ]
}

/// The one whose check fails.
pub(super) fn failing() -> (Registration, Check) {
    let service = Registration::new("default", "failing")
        .address("10.0.2.11")
        .port(8000);
    let check = Check::tcp(&service, "failure");
    (service, check)
}

fn others() -> Vec<Registration> {
    let of = |service| Registration::new("default", service);
    vec![
        of("six").address("2001:db8::61").port(8080),
        of("dual").address("10.0.3.11").port(8080).tags(["v4"]),
        of("dual").address("2001:db8::d1").port(8080).tags(["v6"]),
        of("hostname").address("db.internal.example").port(5432),
        of("mapped").address("::ffff:10.0.9.21").port(8080),
        of("underscore-dc")
            .address("10.0.5.11")
            .port(8080)
            .node(UNDERSCORE_NODE, UNDERSCORE_DATACENTER),
    ]
}

/// Services whose address is a name: of another service, of none, of itself, of a service in the other zone.
fn aliases() -> Vec<Registration> {
    let targets = [
        ("alias", "redis.default.nomad"),
        ("alias-chain", "alias.default.nomad"),
        ("alias-nowhere", "nobody.default.nomad"),
        ("alias-self", "alias-self.default.nomad"),
        ("alias-loop-a", "alias-loop-b.default.nomad"),
        ("alias-loop-b", "alias-loop-a.default.nomad"),
        ("alias-other-zone", "six.default.service.nomad"),
    ];
    let alias = |(service, target)| {
        Registration::new("default", service)
            .address(target)
            .port(6379)
    };
    targets.map(alias).into()
}

/// Services of several instances: a replica set, more than fit into 1,232 octets, more than resolvers take.
fn crowds() -> Vec<Registration> {
    let of = |service, network, count: u8, label, port| {
        (1..=count).map(move |nth| {
            Registration::new("default", service)
                .address(format!("{network}.{nth}"))
                .port_label(label)
                .port(port)
        })
    };
    of("mongo", "10.0.4", 3, "mongodb", 27_017)
        .chain(of("crowd", "10.1.0", 40, "http", 8080))
        .chain(of("throng", "10.2.0", 150, "http", 8080))
        .collect()
}

fn dirty() -> Vec<Registration> {
    let of = |service| {
        Registration::new("default", service)
            .address("10.0.9.11")
            .port(24_000)
    };
    let odd_tags = [
        "",
        "with space",
        "ünïcode",
        "UPPER",
        "a.b",
        "quote\"d",
        "new\nline",
        "-lead",
    ];
    vec![
        of("Mixed-Case"),
        of("mixed-case").address("10.0.9.12").tags(["lower"]),
        of("illegal-bad_name.x y"),
        of("bracket").address("[fd00::2]"),
        of("zoned").address("fe80::1%eth0"),
        of("blank").address(" "),
        of("numeric").address("").port_label("9999").port(9999),
        of("noport").address("10.9.9.9").port_label("").port(0),
        of("odd-tags").tags(
            odd_tags
                .map(str::to_owned)
                .into_iter()
                .chain(["x=1".to_owned(), "t".repeat(300)]),
        ),
        of("withaddr").address("vm"),
    ]
}

fn node(id: &str, name: &str, datacenter: &str) -> Value {
    json!({
        "Address": "127.0.0.1", "CreateIndex": 1, "Datacenter": datacenter, "Drain": false,
        "Drivers": {}, "HostVolumes": null, "ID": id, "LastDrain": null, "ModifyIndex": 1,
        "Name": name, "NodeClass": "", "NodePool": "default",
        "SchedulingEligibility": "eligible", "Status": "ready", "StatusDescription": "",
        "Version": "1.6.5",
    })
}
