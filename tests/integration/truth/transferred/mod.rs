//! What a secondary gets is what clients are answered: whole zones, and the changes from one version to the next.
//!
//! The messages are decoded by hickory. What they have is held against the answers to each name, and each incremental transfer
//! (RFC 1995) is applied, record by record, to the zone that was there before.

mod cluster;

use std::time::Duration;

use nomadns::catalog::{Coverage, Health, Instance, UnknownReason};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::time::sleep;

use self::cluster::{Transferred, of_services, serial};
use super::{Named, an_instance, named};
use crate::support::answers::instance;

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
        cluster.put_others(100).await;
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

#[test]
fn once_all_is_known_there_are_transfers_though_nothing_else_has_changed() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad"], 1 << 20);
        cluster.answers.writer.cover(Coverage::OnDemand);
        let one = || vec![instance("10.0.0.1", 80, &[])];
        cluster.put(("default", "web"), one()).await;
        cluster.put(("default", "other"), one()).await;
        assert!(!cluster.is_offered("nomad"));
        cluster.answers.writer.cover(Coverage::Complete);
        cluster.answers.publish();
        sleep(STEP * 3).await;
        let (number, lines) = cluster.whole("nomad").await;
        assert!(lines.contains("web.default.nomad. 30 IN A 10.0.0.1"));
        assert_eq!(number, cluster.told_serial("nomad"));
        cluster.answers.writer.cover(Coverage::OnDemand);
        cluster.answers.publish();
        sleep(STEP * 3).await;
        assert!(!cluster.is_offered("nomad"));
    });
}

#[test]
fn the_health_of_services_is_asked_for_with_their_first_version_and_when_they_are_new() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad"], 1 << 20);
        let ask_every = Duration::from_secs(150);
        let mut settings = (**cluster.settings.borrow()).clone();
        settings.ask_every = Some(ask_every);
        cluster.settings.send_replace(settings.into());
        // It runs before anything is known.
        sleep(STEP * 3).await;
        let asked = |cluster: &Transferred| {
            let asked = cluster.answers.writer.take_asked();
            let mut names: Vec<_> = asked.iter().map(|(_, name)| name.to_string()).collect();
            names.sort();
            names
        };
        let one = || vec![instance("10.0.0.1", 80, &[])];
        cluster.put(("default", "web"), one()).await;
        assert_eq!(asked(&cluster), ["web"]);
        cluster.put(("default", "redis"), one()).await;
        assert_eq!(asked(&cluster), ["redis"]);
        sleep(ask_every).await;
        assert_eq!(asked(&cluster), ["redis", "web"]);
        // Those of so many that queries for others have room beside them.
        let many = (0..6000)
            .map(|port| instance("10.0.0.2", port, &[]))
            .collect();
        cluster.put(("default", "many"), many).await;
        assert_eq!(asked(&cluster), [""; 0]);
    });
}

#[test]
fn where_names_hide_each_other_what_cannot_be_read_stays_in_the_zone() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad", "service.nomad"], 1 << 20);
        let one = |address: &str| vec![instance(address, 80, &[])];
        cluster.put(("service", "web"), one("10.0.0.1")).await;
        cluster.put(("default", "redis"), one("10.0.0.2")).await;
        let before = cluster.whole("nomad").await;
        let mark = async |cluster: &mut Transferred, reason| {
            let writer = &mut cluster.answers.writer;
            writer.mark_unknown("default", "redis", reason).unwrap();
            cluster.answers.publish();
            sleep(STEP * 3).await;
        };
        mark(&mut cluster, Some(UnknownReason::Unreadable)).await;
        let marked = cluster.whole("nomad").await;
        assert_eq!(marked.1, before.1);
        cluster.put(("default", "other"), one("10.0.0.3")).await;
        let more = cluster.whole("nomad").await;
        assert!(more.1.is_superset(&before.1) && more.0 != before.0);
        mark(&mut cluster, None).await;
        let known = cluster.whole("nomad").await;
        assert_eq!(known.1, more.1);
        assert_eq!(known.0, cluster.told_serial("nomad"));
    });
}

#[test]
fn other_settings_of_the_same_zones_keep_the_journal() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad"], 1 << 20);
        cluster.put_others(50).await;
        let first = cluster.whole("nomad").await;
        let mut settings = (**cluster.settings.borrow()).clone();
        settings.transfer.at_once = 2;
        cluster.settings.send_replace(settings.clone().into());
        sleep(STEP * 3).await;
        assert_eq!(cluster.told_serial("nomad"), first.0);
        let web = vec![instance("10.0.0.1", 80, &[])];
        cluster.put(("default", "web"), web).await;
        let records = cluster.transfer("nomad", Some(first.0)).await;
        assert!(serial(&records[1]).is_some(), "it is incremental");
        settings.generation += 1;
        cluster.settings.send_replace(settings.into());
        sleep(STEP * 3).await;
        assert_ne!(cluster.told_serial("nomad"), first.0);
        let records = cluster.transfer("nomad", Some(first.0)).await;
        assert!(serial(&records[1]).is_none(), "it is whole");
    });
}

#[test]
fn hosts_that_differ_in_letter_case_alone_are_one_record() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad"], 1 << 20);
        cluster.answers.publish();
        let hosts = |all: &[&str]| all.iter().map(|host| instance(host, 80, &[])).collect();
        cluster
            .put(("default", "db"), hosts(&["Db.example", "db.example"]))
            .await;
        let before = cluster.whole("nomad").await;
        cluster.put(("default", "db"), hosts(&["db.example"])).await;
        assert_eq!(cluster.whole("nomad").await, before);
    });
}

#[test]
fn without_transfers_a_serial_rises_when_a_record_changes_and_not_for_health_alone() {
    paused(async {
        let mut cluster = Transferred::of_zones(&["nomad", "service.nomad"], 0);
        let mut settings = (**cluster.settings.borrow()).clone();
        settings.transfer.is_offered = false;
        cluster.settings.send_replace(settings.into());
        let healthy = |health| Instance {
            health,
            ..instance("10.0.0.1", 80, &[])
        };
        cluster
            .put(("default", "web"), vec![healthy(Health::Unread)])
            .await;
        let before = cluster.told_serial("nomad");
        for health in [Health::Passing, Health::Failing] {
            cluster.put(("default", "web"), vec![healthy(health)]).await;
            assert_eq!(
                cluster.told_serial("nomad"),
                before,
                "all are answered when none is good"
            );
        }
        let other = instance("10.0.0.2", 80, &[]);
        cluster
            .put(("default", "web"), vec![healthy(Health::Failing), other])
            .await;
        let after = cluster.told_serial("nomad");
        assert!(after.wrapping_sub(before).cast_signed() > 0);
    });
}
