//! A cluster whose zones are transferred, and the secondary that takes them.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::answers::{InnerNameServers, names};
use nomadns::catalog::{HealthPolicy, Instance};
use nomadns::dns::{self, Transport, wire};
use nomadns::transfer::{
    BegunTransfer, Keeper, KeeperSettings, Serials, TransferSettings, TransferSlots,
    TransferredZones, Transfers,
};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use super::STEP;
use crate::support::answers::{Answers, instance, name_of, query};
use crate::truth::Named;

/// A zone without its SOA, and the serial of that.
pub(super) type Zone = (u32, BTreeSet<String>);

/// A cluster whose zones are transferred.
pub(super) struct Transferred {
    pub(super) answers: Answers,
    transfers: Transfers,
    pub(super) settings: watch::Sender<Arc<KeeperSettings>>,
}

impl Transferred {
    pub(super) fn of_zones(zones: &[&str], journal_octets: usize) -> Self {
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
            longest: Duration::from_secs(60),
            described: None,
            catalog_zone: None,
        };
        let settings = watch::Sender::new(Arc::new(KeeperSettings {
            zones: answers.zones.clone(),
            transfer: transfer.clone(),
            generation: 0,
            ask_every: None,
        }));
        let catalog = Arc::clone(&answers.catalog);
        let zones = TransferredZones::new(Arc::clone(&catalog));
        zones.serve(answers.zones.apexes().copied());
        let keeper = Keeper::new(catalog, serials, zones.clone(), settings.subscribe());
        tokio::spawn(keeper.run());
        Self {
            answers,
            transfers: Transfers::new(
                zones,
                TransferSlots::default(),
                &transfer,
                Handle::current(),
            ),
            settings,
        }
    }

    /// Registers so many services with an instance each.
    pub(super) async fn put_others(&mut self, count: u16) {
        for nth in 0..count {
            let others = vec![instance("10.1.0.1", nth, &[])];
            let writer = &mut self.answers.writer;
            writer
                .put("default", &format!("other{nth}"), others)
                .unwrap();
        }
        self.answers.publish();
        sleep(STEP * 3).await;
    }

    pub(super) async fn put(&mut self, (namespace, service): Named, instances: Vec<Instance>) {
        self.answers.set(namespace, service, instances);
        sleep(STEP * 3).await;
    }

    /// What a transfer brings: all records of its messages.
    pub(super) async fn transfer(&self, zone: &str, since: Option<u32>) -> Vec<Record> {
        let mut message = query(zone, RecordType::AXFR);
        if let Some(serial) = since {
            message = query(zone, RecordType::IXFR);
            let soa = SOA::new(name_of("ns"), name_of("ns"), serial, 0, 0, 0, 0);
            let soa = Record::from_rdata(name_of(zone), 0, RData::SOA(soa));
            message.authorities.push(soa);
        }
        let octets = message.to_vec().unwrap();
        let query = wire::decode(&octets, Transport::Tcp, None).unwrap();
        let opt = wire::opt_alone(&query, &wire::Additions::default());
        let transfer = match self.transfers.begin(&query, &octets, opt).unwrap() {
            BegunTransfer::Messages(transfer) => transfer,
            BegunTransfer::Soa(answer) => {
                let (mut message, none) = (Vec::new(), wire::Additions::default());
                let bounds = wire::Bounds::default();
                wire::encode(&answer, &query, bounds, &none, 0, &mut message);
                return Message::from_vec(&message).unwrap().answers;
            }
        };
        let mut records = Vec::new();
        let mut messages = transfer.start(None);
        while let Some(message) = poll_fn(|context| messages.poll_next(context))
            .await
            .unwrap()
        {
            let message = Message::from_vec(&message).expect("hickory decodes the message");
            assert!(message.metadata.authoritative && message.metadata.id == 4711);
            // The question, and the OPT of a client that has sent one.
            assert_eq!(message.queries.len(), usize::from(records.is_empty()));
            assert_eq!(message.edns.is_some(), records.is_empty());
            records.extend(message.answers);
        }
        records
    }

    /// Whether a zone is transferred at all.
    pub(super) fn is_offered(&self, zone: &str) -> bool {
        let octets = query(zone, RecordType::AXFR).to_vec().unwrap();
        let query = wire::decode(&octets, Transport::Tcp, None).unwrap();
        self.transfers.begin(&query, &octets, Vec::new()).is_ok()
    }

    pub(super) async fn whole(&self, zone: &str) -> Zone {
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
    pub(super) async fn updated(&self, zone: &str, (known, mut lines): Zone) -> Zone {
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
    pub(super) fn answered(&self, zone: &str) -> BTreeSet<String> {
        let mut settings = self.answers.zones.clone();
        settings.inner_name_servers = InnerNameServers::Shown;
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
            lines.extend(records.iter().map(lower));
        }
        lines
    }

    pub(super) fn told_serial(&self, zone: &str) -> u32 {
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

/// A record as a line, in lower case: secondaries take names without regard to it.
fn lower(record: &Record) -> String {
    record.to_string().to_lowercase()
}

pub(super) fn serial(record: &Record) -> Option<u32> {
    match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    }
}

/// The records that are not there for the name servers of the zone, and of those within.
pub(super) fn of_services(
    lines: &BTreeSet<String>,
    zone: &str,
    zones: &[&str],
) -> BTreeSet<String> {
    let others = zones.iter().filter(|it| **it != zone);
    let glue: Vec<String> = others.map(|it| format!("ns.{it}. ")).collect();
    let is_glue = |line: &String| glue.iter().any(|name| line.starts_with(name));
    let is_one = |line: &&String| !line.contains(" IN NS ") && !is_glue(line);
    lines
        .iter()
        .filter(is_one)
        .map(|line| line.to_lowercase())
        .collect()
}
