//! An answer is true, or says that it may not be: whatever the catalogue comes to, and whatever is unknown.
//!
//! Here is what random catalogues and the names near them are made of; `kept` holds cached answers against new ones,
//! `unknown` answers about unknown names against what is true, `aliases` follows CNAMEs itself, `counted_out` what is
//! read against what is counted out, `many` services with many instances, `transferred` what secondaries get, `rules` has the
//! cases one by one.

mod aliases;
mod counted_out;
mod kept;
mod many;
mod rules;
mod transferred;
mod unknown;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use nomadns::catalog::{Health, Instance};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::answers::{extended_error, instance_in, labelled};

/// Which zones there are; names are in all of them by one grammar or the other.
const ZONES: [&[&str]; 4] = [
    &["nomad", "service.nomad"],
    &["nomad", "service.nomad", "web.service.nomad"],
    &["nomad", "dc.nomad", "addr.nomad"],
    &["nomad", "a.v2.nomad"],
];
/// Namespaces, many of them called as a part of the grammar or as a zone.
const NAMESPACES: [&str; 8] = [
    "service", "service", "dc", "dc", "addr", "web", "ns", "Prod",
];
const SERVICES: [&str; 6] = ["web", "web", "Web", "dc1", "0a000001", "service"];
const TAGS: [&str; 5] = ["v2", "v3", "web", "dc1", "a b"];
const PORT_LABELS: [&str; 4] = ["http", "mongodb", "v2", ""];
const DATACENTERS: [&str; 4] = ["dc1", "DC1", "web", "dc_1"];
const ADDRESSES: [&str; 4] = ["10.0.0.1", "10.0.0.2", "fd00::1", "db.example"];
/// Addresses that are names in the zones.
const ALIASES: [&str; 10] = [
    "web.service.nomad",
    "WEB.Service.service.nomad",
    "web.dc.nomad",
    "v2.web.dc.nomad",
    "web.web.nomad",
    "web.web.service.nomad",
    "nope.web.nomad",
    "dc1.dc.nomad",
    "0a000001.addr.nomad",
    "ns.nomad",
];
const LABELS: [&str; 11] = [
    "_tcp", "_web", "_v2", "nope", "0a000001", "0a000009", "dc", "addr", "ns", "http", "mongodb",
];
const HEALTHS: [Health; 4] = [
    Health::Unread,
    Health::Passing,
    Health::Failing,
    Health::Gone,
];
const TYPES: [RecordType; 8] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::SRV,
    RecordType::TXT,
    RecordType::CNAME,
    RecordType::SOA,
    RecordType::NS,
    RecordType::ANY,
];

/// A service's names: namespace, service.
type Named = (&'static str, &'static str);
/// A name and a type to ask for.
type Question = (String, RecordType);

fn named() -> impl Strategy<Value = Named> {
    (select(&NAMESPACES[..]), select(&SERVICES[..]))
}

fn an_instance() -> impl Strategy<Value = Instance> {
    let address = prop_oneof![3 => select(&ADDRESSES[..]), 2 => select(&ALIASES[..])];
    let place = (select(&DATACENTERS[..]), address);
    let tags = vec(select(&TAGS[..]), 0..3);
    // Where the service is another one, the id tells no label.
    let label = (select(&SERVICES[..]), select(&PORT_LABELS[..]));
    (place, tags, label, select(&HEALTHS[..])).prop_map(
        |((datacenter, address), tags, (service, label), health)| Instance {
            health,
            ..labelled(instance_in(datacenter, address, 80, &tags), service, label)
        },
    )
}

/// A question about one of the services, or near it.
fn question(zones: &'static [&'static str], near: Vec<Named>) -> impl Strategy<Value = Question> {
    let tag = prop_oneof![3 => select(&TAGS[..]), 1 => select(&LABELS[..])];
    let form = (0..14_usize, select(near), vec(tag.clone(), 0..3), tag);
    (form, select(zones), select(&TYPES[..])).prop_map(
        |((form, (namespace, service), tags, tag), zone, record_type)| {
            let tags: String = tags.iter().map(|tag| format!("{tag}.")).collect();
            let name = match form {
                0 | 1 => format!("{tags}{service}.{namespace}.{zone}"),
                2 => format!("_{service}._{tag}.{namespace}.{zone}"),
                3 => format!("{tags}{service}.{namespace}.dc1.dc.{zone}"),
                4 => format!("{namespace}.{tag}.dc.{zone}"),
                5 => format!("{tag}.addr.{zone}"),
                6 => format!("{tag}.{namespace}.{zone}"),
                7 => format!("_{tag}.{namespace}.{zone}"),
                8 => format!("_{tag}.{namespace}.dc1.dc.{zone}"),
                9 => format!("_{tag}._tcp.{service}.{namespace}.{zone}"),
                10 => format!("_{tag}._udp.{service}.{namespace}.dc1.dc.{zone}"),
                11 => format!("_tcp.{service}.{namespace}.{zone}"),
                12 => format!("{tag}.addr.{namespace}.{zone}"),
                _ => format!("{tags}{zone}"),
            };
            (name, record_type)
        },
    )
}

/// Zones, services and questions near them.
fn place() -> impl Strategy<Value = (&'static [&'static str], Vec<Named>, Vec<Question>)> {
    let all = (select(&ZONES[..]), vec(named(), 1..5));
    all.prop_flat_map(|(zones, named)| {
        let questions = vec(question(zones, named.clone()), 8..24);
        (Just(zones), Just(named), questions)
    })
}

/// All that a client receives, in an order that does not change.
fn content(message: &Message) -> (ResponseCode, Option<u16>, [Vec<String>; 3]) {
    let sections = [&message.answers, &message.authorities, &message.additionals];
    let sections = sections.map(|records| {
        let mut lines: Vec<_> = records.iter().map(ToString::to_string).collect();
        lines.sort_unstable();
        lines
    });
    let rcode = message.metadata.response_code;
    (rcode, extended_error(message), sections)
}

/// The timers of misses want a runtime.
fn entered<T>(test: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    let _entered = runtime.enter();
    test()
}
