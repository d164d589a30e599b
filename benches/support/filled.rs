//! A catalogue full of services, and the gateway's stack before it: no sockets, no Nomad.

use std::net::Ipv4Addr;
use std::sync::Arc;

use nomadns::answers::{Router, Zone, ZoneSettings};
use nomadns::catalog::{Catalog, Group, Health, Id, Identity, Instance, InstanceAddress, Writer};
use nomadns::dns::wire::encode_query;
use nomadns::dns::{
    Class, Edns, EdnsOptions, Name, Query, QueryFlags, RecordType, Signature, Transport,
};
use nomadns::layers::metrics::Workers;
use nomadns::layers::{CacheSettings, StackLimits, Stacks, WorkerStack};

/// The namespace of all services.
pub(crate) const NAMESPACE: &str = "default";

/// A catalogue and what answers from it.
pub(crate) struct Filled {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) writer: Writer,
    pub(crate) stack: WorkerStack,
}

impl Filled {
    /// Fills a catalogue with the services `svc000000` and on, each with so many instances.
    pub(crate) fn new(services: usize, instances: usize) -> Self {
        Self::with_cache(services, instances, CacheSettings::default())
    }

    /// Does the same with a cache of this size.
    pub(crate) fn with_cache(services: usize, instances: usize, cache: CacheSettings) -> Self {
        let zones = vec![Zone::new(name("nomad")).expect("room is left below it")];
        let settings = ZoneSettings::new(zones, 30, 5);
        let catalog = Arc::new(Catalog::new());
        let router = Router::new(settings, Arc::clone(&catalog));
        let workers = Arc::new(Workers::default());
        let stacks = Stacks::new(router, StackLimits::default(), cache, workers);
        let mut writer = catalog.writer();
        for number in 0..services {
            put(
                &mut writer,
                number,
                self::instances(number, instances, 8080),
            );
        }
        writer.publish(1);
        Self {
            stack: stacks.worker(),
            catalog,
            writer,
        }
    }
}

/// Sets the instances of the service of a number.
pub(crate) fn put(writer: &mut Writer, number: usize, instances: Vec<Instance>) {
    writer
        .put(NAMESPACE, &format!("svc{number:06}"), instances)
        .expect("its name is a label");
}

/// Makes the instances of the service of a number.
pub(crate) fn instances(number: usize, count: usize, port: u16) -> Vec<Instance> {
    let group = Arc::new(Group {
        job: "job".into(),
        datacenter: "dc1".into(),
        tags: ["generated".into(), "blue".into()].into(),
        id_tail: "-group-g-svc-http".into(),
    });
    let instance = |nth: usize| {
        let serial = number * count + nth;
        let bits = 0x0a40_0000 + u32::try_from(serial).expect("there are not so many");
        let allocation = format!("{serial:08x}-0000-4000-8000-{serial:012x}");
        let id = format!("_nomad-task-{allocation}-group-g-svc-http");
        let (identity, _) = Identity::split(&id, &allocation).expect("it has Nomad's form");
        Instance {
            address: InstanceAddress::V4(Ipv4Addr::from_bits(bits)),
            port,
            health: Health::Unread,
            identity,
            node: Id::from("36a02cbb-aeb9-4a3f-8b2a-1e2d3c4b5a69"),
            group: Arc::clone(&group),
        }
    };
    (0..count).map(instance).collect()
}

/// Makes instances that carry so many tags each, `tag00` and on.
#[allow(
    dead_code,
    reason = "not every program that uses this file asks for tags"
)]
pub(crate) fn tagged(count: usize, tags: usize) -> Vec<Instance> {
    let mut all = instances(0, count, 8080);
    let mut group = (*all[0].group).clone();
    group.tags = (0..tags).map(|tag| format!("tag{tag:02}").into()).collect();
    let group = Arc::new(group);
    all.iter_mut()
        .for_each(|instance| instance.group = Arc::clone(&group));
    all
}

/// Makes a name of its text.
pub(crate) fn name(text: &str) -> Name {
    Name::from_labels(text.split('.').map(str::as_bytes)).expect("it is a name")
}

/// Makes the message that asks, with EDNS when there is a payload size.
pub(crate) fn message(text: &str, record_type: RecordType, payload_octets: Option<u16>) -> Vec<u8> {
    let query = Query {
        id: 4711,
        flags: QueryFlags::default(),
        name: name(text),
        record_type,
        class: Class::IN,
        edns: payload_octets.map(|payload_octets| Edns {
            payload_octets,
            version: 0,
            dnssec_ok: false,
            options: EdnsOptions::default(),
        }),
        transport: Transport::Udp,
        client: None,
        signature: Signature::Absent,
    };
    let mut octets = Vec::new();
    encode_query(&query, &mut octets);
    octets
}
