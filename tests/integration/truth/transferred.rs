//! What a secondary gets is what clients are answered: whole zones, and the changes from one version to the next.
//!
//! The messages are decoded by hickory. What they have is held against the answers to each name, and each incremental transfer
//! (RFC 1995) is applied, record by record, to the zone that was there before.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::answers::names;
use nomadns::catalog::{HealthPolicy, Instance};
use nomadns::dns::{self, Transport, wire};
use nomadns::transfer::{
    Keeper, KeeperSettings, Serials, Slots, TransferSettings, TransferredZones, Transfers,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Named, an_instance, named};
use crate::support::answers::{Answers, instance, name_of, query};

const STEP: Duration = Duration::from_secs(1);
/// Zones that lie beside each other, or within.
const ZONES: [&[&str]; 4] = [
    &["nomad"],
    &["nomad", "cluster.example"],
    &["nomad", "service.nomad"],
    &["nomad", "service.nomad", "web.service.nomad"],
];
/// Namespaces of which none is called as a part of the grammar or as a zone.
const PLAIN: [&str; 3] = ["default", "prod", "web"];
const SERVICES: [&str; 4] = ["web", "Web", "redis", "addr"];

/// Whether names of one service may hide those of another: then a serial may rise for nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hiding {
    None,
    Some,
}

/// A zone without its SOA, and the serial of that.
type Zone = (u32, BTreeSet<String>);

/// A cluster whose zones are transferred.
struct Transferred {
    answers: Answers,
    transfers: Transfers,
    _settings: watch::Sender<Arc<KeeperSettings>>,
}

impl Transferred {
    fn of_zones(zones: &[&str], journal_octets: usize) -> Self {
        let serials = Arc::new(Serials::new(None));
        let answers = Answers::with(zones, |settings| {
            settings.health = HealthPolicy::default();
            serials.share(settings);
        });
        let transfer = TransferSettings {
            is_offered: true,
            step: STEP,
            journal_octets,
            at_once: 1,
            described: None,
        };
        let settings = watch::Sender::new(Arc::new(KeeperSettings {
            zones: answers.zones.clone(),
            transfer,
            ask_every: None,
        }));
        let catalog = Arc::clone(&answers.catalog);
        let zones = TransferredZones::new(Arc::clone(&catalog));
        let keeper = Keeper::new(catalog, serials, zones.clone(), settings.subscribe());
        tokio::spawn(keeper.run());
        Self {
            answers,
            transfers: Transfers::new(zones, Slots::default(), 1),
            _settings: settings,
        }
    }

    async fn put(&mut self, (namespace, service): Named, instances: Vec<Instance>) {
        self.answers.set(namespace, service, instances);
        sleep(STEP * 3).await;
    }

    /// What a transfer brings: all records of its messages.
    async fn transfer(&self, zone: &str, since: Option<u32>) -> Vec<Record> {
        let mut message = query(zone, RecordType::AXFR);
        if let Some(serial) = since {
            message = query(zone, RecordType::IXFR);
            let soa = SOA::new(name_of("ns"), name_of("ns"), serial, 0, 0, 0, 0);
            let soa = Record::from_rdata(name_of(zone), 0, RData::SOA(soa));
            message.authorities.push(soa);
        }
        let octets = message.to_vec().unwrap();
        let query = wire::decode(&octets, Transport::Tcp, None).unwrap();
        let transfer = self.transfers.begin(&query, &octets).unwrap();
        let mut records = Vec::new();
        let mut messages = transfer.start(None);
        while let Some(message) = poll_fn(|context| messages.poll_next(context)).await {
            let message = Message::from_vec(&message).expect("hickory decodes the message");
            assert!(message.metadata.authoritative && message.metadata.id == 4711);
            assert_eq!(message.queries.len(), usize::from(records.is_empty()));
            records.extend(message.answers);
        }
        records
    }

    async fn whole(&self, zone: &str) -> Zone {
        let records = self.transfer(zone, None).await;
        let [first, inner @ .., last] = &records[..] else {
            panic!("{records:?}")
        };
        assert_eq!(first, last);
        let lines: BTreeSet<String> = inner.iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), inner.len(), "each record once");
        (serial(first).unwrap(), lines)
    }

    /// The zone that comes of an incremental transfer.
    async fn updated(&self, zone: &str, (known, mut lines): Zone) -> Zone {
        let records = self.transfer(zone, Some(known)).await;
        let newest = serial(&records[0]).unwrap();
        if records.len() == 1 {
            assert_eq!(newest, known);
            return (known, lines);
        }
        assert_eq!(serial(records.last().unwrap()), Some(newest));
        let inner = &records[1..records.len() - 1];
        if serial(&inner[0]).is_none() {
            // The whole zone, where the journal does not go back so far.
            return (newest, inner.iter().map(ToString::to_string).collect());
        }
        let (mut at, mut is_removed) = (known, false);
        for record in inner {
            match serial(record) {
                Some(number) if !is_removed => {
                    assert_eq!(number, at, "each step begins where the one before ended");
                    is_removed = true;
                }
                Some(number) => {
                    assert!(number.wrapping_sub(at).cast_signed() > 0);
                    (at, is_removed) = (number, false);
                }
                None if is_removed => assert!(lines.remove(&record.to_string()), "{record}"),
                None => assert!(lines.insert(record.to_string()), "{record}"),
            }
        }
        assert_eq!(at, newest);
        (newest, lines)
    }

    /// What clients are answered for all names of a zone: what is in it.
    fn answered(&self, zone: &str) -> BTreeSet<String> {
        let mut settings = self.answers.zones.clone();
        settings.inner_name_servers = nomadns::answers::InnerNameServers::Shown;
        let found = settings.zones().iter();
        let found = found.clone().find(|it| it.apex == zone_name(zone)).unwrap();
        let view = self.answers.catalog.view().unwrap();
        let mut lines = BTreeSet::new();
        for name in names(&settings, found, &view) {
            let text = name.to_string();
            let of_type = |record_type| self.answers.ask_anew(&text, record_type).answers;
            let is_own = |record: &Record| record.name.eq_case(&hickory_name(&name));
            let alias: Vec<_> = of_type(RecordType::CNAME)
                .into_iter()
                .filter(is_own)
                .collect();
            let records = match alias.is_empty() {
                true => [RecordType::A, RecordType::AAAA, RecordType::SRV]
                    .into_iter()
                    .flat_map(of_type)
                    .filter(is_own)
                    .collect(),
                false => alias,
            };
            lines.extend(records.iter().map(ToString::to_string));
        }
        lines
    }

    fn told_serial(&self, zone: &str) -> u32 {
        let message = self.answers.ask(zone, RecordType::SOA);
        serial(&message.answers[0]).unwrap()
    }
}

fn zone_name(zone: &str) -> dns::Name {
    dns::Name::from_labels(zone.split('.').map(str::as_bytes)).unwrap()
}

fn hickory_name(name: &dns::Name) -> hickory_proto::rr::Name {
    let labels: Vec<&[u8]> = name.labels().iter().collect();
    let mut name = hickory_proto::rr::Name::from_labels(labels).unwrap();
    name.set_fqdn(true);
    name
}

fn serial(record: &Record) -> Option<u32> {
    match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    }
}

/// The records that are not there for the name servers of the zone, and of those within.
fn of_services(lines: &BTreeSet<String>, zone: &str, zones: &[&str]) -> BTreeSet<String> {
    let others = zones.iter().filter(|it| **it != zone);
    let glue: Vec<String> = others.map(|it| format!("ns.{it}. ")).collect();
    let is_glue = |line: &String| glue.iter().any(|name| line.starts_with(name));
    let is_one = |line: &&String| !line.contains(" IN NS ") && !is_glue(line);
    lines.iter().filter(is_one).cloned().collect()
}

fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(test)
}

fn changes(named: Vec<Named>) -> impl Strategy<Value = Vec<(Named, Vec<Instance>)>> {
    let one = (any::<Index>(), vec(an_instance(), 0..3));
    let one = one.prop_map(move |(at, instances)| (*at.get(&named), instances));
    vec(one, 1..8)
}

/// Holds whole and incremental transfers against each other and against the answers, change by change.
async fn assert_transferred(
    zones: &[&str],
    journal_octets: usize,
    hiding: Hiding,
    changes: Vec<(Named, Vec<Instance>)>,
) {
    let mut cluster = Transferred::of_zones(zones, journal_octets);
    cluster.answers.publish();
    sleep(STEP * 3).await;
    let mut kept = Vec::new();
    for zone in zones {
        let first = cluster.whole(zone).await;
        kept.push([first.clone(), first]);
    }
    for (at, (key, instances)) in changes.into_iter().enumerate() {
        cluster.put(key, instances).await;
        for (zone, [each, some]) in zones.iter().zip(&mut kept) {
            let now = cluster.whole(zone).await;
            assert_eq!(now.0, cluster.told_serial(zone));
            let is_told = now.0 != each.0;
            assert!(is_told || now.1 == each.1, "a serial for each change");
            assert!(!is_told || now.1 != each.1 || hiding == Hiding::Some);
            *each = cluster.updated(zone, each.clone()).await;
            assert_eq!(*each, now, "{zone}");
            // One that comes by once in a while.
            if at % 3 == 2 {
                *some = cluster.updated(zone, some.clone()).await;
                assert_eq!(*some, now, "{zone}");
            }
            let told = cluster.answered(zone);
            assert_eq!(of_services(&now.1, zone, zones), told, "{zone}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn each_incremental_transfer_gives_the_zone_that_clients_are_answered(
        zones in select(&ZONES[..]),
        named in vec((select(&PLAIN[..]), select(&SERVICES[..])), 1..5),
        changes in vec((any::<Index>(), vec(an_instance(), 0..3)), 1..8),
        journal_octets in select(&[0, 2000, 1 << 20][..]),
    ) {
        let changes = changes.into_iter().map(|(at, instances)| (*at.get(&named), instances));
        paused(assert_transferred(zones, journal_octets, Hiding::None, changes.collect()));
    }

    #[test]
    fn where_names_hide_each_other_the_whole_zone_is_what_clients_are_answered(
        zones in select(&super::ZONES[..]),
        changes in vec(named(), 1..5).prop_flat_map(changes),
    ) {
        paused(assert_transferred(zones, 1 << 20, Hiding::Some, changes));
    }
}

#[test]
fn a_serial_rises_once_in_a_step_and_a_flap_within_one_is_not_seen() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad"], 1 << 20);
        for nth in 0..100 {
            let others = vec![instance("10.1.0.1", nth, &[])];
            let writer = &mut cluster.answers.writer;
            writer
                .put("default", &format!("other{nth}"), others)
                .unwrap();
        }
        cluster.answers.publish();
        sleep(STEP * 3).await;
        let first = cluster.whole("nomad").await;
        for last in 1..100_u8 {
            let one = instance(&format!("10.0.0.{last}"), 80, &[]);
            cluster.answers.set("default", "web", vec![one]);
            sleep(STEP / 100).await;
        }
        sleep(STEP * 2).await;
        let second = cluster.whole("nomad").await;
        // The first change at once, and what came in the second after it.
        let records = cluster.transfer("nomad", Some(first.0)).await;
        let steps = records
            .iter()
            .filter(|record| serial(record).is_some())
            .count();
        assert_eq!(steps, 2 + 2 * 2, "{records:#?}");
        let web = |last: u8| vec![instance(&format!("10.0.0.{last}"), 80, &[])];
        cluster.answers.set("default", "web", web(1));
        cluster.answers.set("default", "web", web(99));
        sleep(STEP * 3).await;
        // The address that was gone is known for a while.
        let third = cluster.whole("nomad").await;
        assert_eq!(second.1, third.1);
        assert_eq!(second.0, third.0);
    });
}
