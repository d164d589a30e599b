//! A catalogue that a test fills, and the real stack before it, asked in wire form.
//!
//! What comes back is decoded by hickory, not by the code under test.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt as _;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use nomadns::answers::{Router, Zone, ZoneSettings};
use nomadns::catalog::{
    Catalog, Group, Health, HealthPolicy, Identity, Instance, InstanceAddress, Writer,
};
use nomadns::dns;
use nomadns::layers::metrics::Workers;
use nomadns::layers::{CacheSettings, StackLimits, Stacks, WorkerStack};
use nomadns::listeners::Server;
use nomadns::listeners::exchange::{Exchange, Exchanged};

use super::question::labels_of;

/// How often an answer may say that it is not there yet.
const POLLS: usize = 3;

/// A gateway without sockets and without a Nomad.
#[derive(Debug)]
pub struct Answers {
    pub catalog: Arc<Catalog>,
    pub zones: ZoneSettings,
    pub writer: Writer,
    pub stack: WorkerStack,
    /// The same without a cache.
    uncached: WorkerStack,
    pub server: Arc<Server>,
    index: u64,
}

impl Answers {
    /// Nothing is known: no snapshot.
    pub fn not_ready() -> Self {
        Self::unpublished(&["nomad", "service.nomad"])
    }

    /// Ready, for these zones, without any service.
    pub fn of_zones(zones: &[&str]) -> Self {
        let mut answers = Self::unpublished(zones);
        answers.publish();
        answers
    }

    /// Not ready, for these zones.
    pub fn unpublished(zones: &[&str]) -> Self {
        Self::of_policy(zones, HealthPolicy::default())
    }

    /// Not ready, with answers chosen by health in this way.
    pub fn of_policy(zones: &[&str], health: HealthPolicy) -> Self {
        Self::with(zones, |settings| settings.health = health)
    }

    /// Not ready, for these zones with other settings.
    pub fn with(zones: &[&str], change: impl FnOnce(&mut ZoneSettings)) -> Self {
        let zone = |text: &str| {
            let name = dns::Name::from_labels(text.split('.').map(str::as_bytes)).unwrap();
            Zone::new(name).unwrap()
        };
        let mut settings = ZoneSettings::new(zones.iter().map(|text| zone(text)).collect(), 30, 5);
        settings.server_addresses = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        change(&mut settings);
        let catalog = Arc::new(Catalog::new());
        let router = Router::new(settings.clone(), Arc::clone(&catalog));
        let workers = Arc::new(Workers::default());
        let stacks = |cache| {
            let workers = Arc::clone(&workers);
            Stacks::new(router.clone(), StackLimits::default(), cache, workers)
        };
        // More slots take longer to make than all questions to answer.
        let cache = |entries| CacheSettings {
            entries,
            ..CacheSettings::default()
        };
        Self {
            writer: catalog.writer(),
            catalog,
            zones: settings,
            stack: stacks(cache(4096)).worker(),
            uncached: stacks(cache(0)).worker(),
            server: Arc::default(),
            index: 0,
        }
    }

    /// The usual cluster: `redis.default`, `web.default` and others.
    pub fn usual() -> Self {
        let mut answers = Self::not_ready();
        let redis = |last: u8, tags| instance(&format!("10.0.0.{last}"), 6379, tags);
        answers.set(
            "default",
            "redis",
            vec![
                redis(1, &["primary", "v7", "a.b"]),
                redis(2, &["replica", "v7"]),
                redis(3, &["replica", "v6"]),
            ],
        );
        answers.set("default", "six", vec![instance("fd00::1", 80, &[])]);
        answers.set("default", "noport", vec![instance("10.9.9.9", 0, &[])]);
        answers.set(
            "default",
            "hostname",
            vec![instance("db.internal.example", 5432, &[])],
        );
        answers.set("prod", "web", vec![instance("10.0.1.1", 80, &["http"])]);
        answers.set("service", "web", vec![instance("10.0.2.1", 80, &["http"])]);
        answers
    }

    /// Sets the instances of a service and publishes.
    pub fn set(&mut self, namespace: &str, service: &str, instances: Vec<Instance>) {
        self.writer.put(namespace, service, instances).unwrap();
        self.publish();
    }

    pub fn publish(&mut self) {
        self.index += 1;
        self.writer.publish(self.index);
    }

    /// Asks over TCP, where nothing is cut.
    pub fn ask(&self, name: &str, record_type: RecordType) -> Message {
        let message = query(name, record_type);
        self.exchange(&message.to_vec().unwrap(), dns::Transport::Tcp)
    }

    /// Asks over TCP for an answer that is made anew.
    pub fn ask_anew(&self, name: &str, record_type: RecordType) -> Message {
        let message = query(name, record_type).to_vec().unwrap();
        let mut out = Vec::new();
        let stack = self.uncached.clone();
        let mut exchange = Exchange::new(stack, dns::Transport::Tcp, Arc::clone(&self.server));
        let exchanged = exchange.begin(&message, None, &mut out);
        assert!(!matches!(exchanged, Exchanged::Waiting(_)), "it waits");
        Message::from_vec(&out).expect("hickory decodes the answer")
    }

    /// Asks over UDP, with the payload size of an EDNS client or without EDNS.
    pub fn ask_udp(&self, name: &str, record_type: RecordType, payload: Option<u16>) -> Message {
        let mut message = query(name, record_type);
        message.edns = payload.map(|payload| {
            let mut edns = Edns::new();
            edns.set_max_payload(payload);
            edns
        });
        self.exchange(&message.to_vec().unwrap(), dns::Transport::Udp)
    }

    /// Sends octets and decodes what comes back.
    pub fn exchange(&self, message: &[u8], transport: dns::Transport) -> Message {
        Message::from_vec(&self.octets(message, transport)).expect("hickory decodes the answer")
    }

    /// Sends octets and gives what comes back; empty when nothing does.
    pub fn octets(&self, message: &[u8], transport: dns::Transport) -> Vec<u8> {
        self.octets_from(message, transport, None)
    }

    /// The same as from a client's address.
    pub fn octets_from(
        &self,
        message: &[u8],
        transport: dns::Transport,
        client: Option<IpAddr>,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let mut exchange = Exchange::new(self.stack.clone(), transport, Arc::clone(&self.server));
        if let Exchanged::Waiting(waiting) = exchange.begin(message, client, &mut out) {
            // Over UDP a large set of records is made elsewhere than where the query arrived.
            let mut finished = Box::pin(waiting.finish(&mut out));
            let mut polls = (0..POLLS).map(|_| (&mut finished).now_or_never());
            let done = polls.any(|polled| polled.is_some());
            assert!(
                done,
                "an answer of the catalogue waits for more than its turn"
            );
        }
        out
    }
}

/// A query as a stub resolver sends it.
pub fn query(name: &str, record_type: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.edns = Some(edns);
    message.add_query(Query::query(name_of(name), record_type));
    message
}

pub fn name_of(text: &str) -> Name {
    let labels = labels_of(text);
    let mut name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
    name.set_fqdn(true);
    name
}

/// An instance as Nomad registers it, in datacenter `dc1`.
pub fn instance(address: &str, port: u16, tags: &[&str]) -> Instance {
    instance_in("dc1", address, port, tags)
}

pub fn instance_in(datacenter: &str, address: &str, port: u16, tags: &[&str]) -> Instance {
    let allocation = "24d37538-647a-b1b8-971f-0cfb93f2edce";
    let id = format!("_nomad-task-{allocation}-group-cache-redis-{address}-{port}");
    let (identity, tail) = Identity::split(&id, allocation).unwrap();
    Instance {
        address: match address.parse() {
            Ok(IpAddr::V4(address)) => InstanceAddress::V4(address),
            Ok(IpAddr::V6(address)) => InstanceAddress::V6(address),
            Err(_) if address.is_empty() => InstanceAddress::Unusable,
            Err(_) => InstanceAddress::Host(address.into()),
        },
        port,
        health: Health::Unread,
        identity,
        node: "36a02cbb-b67b-0f42-e621-00752e7d565a".into(),
        group: Arc::new(Group {
            job: "cache".into(),
            datacenter: datacenter.into(),
            tags: tags.iter().map(|tag| (*tag).into()).collect(),
            id_tail: tail.into(),
        }),
    }
}

/// The same instance as a registration of `service` for the port of a label.
pub fn labelled(mut instance: Instance, service: &str, label: &str) -> Instance {
    let tail = format!("-group-cache-{service}-{label}");
    Arc::make_mut(&mut instance.group).id_tail = tail.into();
    instance
}

/// The texts of an answer's records of A and AAAA, sorted.
pub fn addresses(records: &[Record]) -> Vec<String> {
    let texts = records.iter().filter_map(|record| match &record.data {
        RData::A(address) => Some(address.to_string()),
        RData::AAAA(address) => Some(address.to_string()),
        _ => None,
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

/// Asserts a denial: the code, no answer, and exactly one SOA of the zone in the authority section.
pub fn assert_denied(message: &Message, rcode: ResponseCode, zone: &str) {
    assert_eq!(message.metadata.response_code, rcode, "{message}");
    assert!(message.answers.is_empty(), "{message}");
    let [soa] = &message.authorities[..] else {
        panic!("one SOA in {message}")
    };
    assert_eq!(soa.record_type(), RecordType::SOA);
    assert_eq!(soa.name, name_of(zone));
}

/// The code of the extended error that a message carries (RFC 8914 §2).
pub fn extended_error(message: &Message) -> Option<u16> {
    let edns = message.edns.as_ref()?;
    match edns.option(EdnsCode::Unknown(15))? {
        EdnsOption::Unknown(15, data) => Some(u16::from_be_bytes([data[0], data[1]])),
        _ => None,
    }
}
