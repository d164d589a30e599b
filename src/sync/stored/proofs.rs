//! What is written to a snapshot file comes back, and nothing else does.

use std::hash::Hasher as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use proptest::prelude::*;
use siphasher::sip128::{Hasher128, SipHasher13};

use super::form::{FormError, Head, MAGIC, StoredSnapshot, VERSION, read, write};
use super::unknowns::StoredUnknown;
use crate::catalog::{
    Catalog, Coverage, Group, Health, Id, Identity, Instance, InstanceAddress, UnknownReason,
    UnknownScope,
};

const HEAD: Head = Head {
    fingerprint: u128::MAX - 7,
    heard_ms: 1_800_000_000_000,
    index: 42,
    coverage: Coverage::OnDemand,
};

fn instance(address: InstanceAddress, group: &Arc<Group>) -> Instance {
    Instance {
        address,
        port: 6379,
        health: Health::Failing,
        identity: Identity::Task(uuid::Uuid::from_u128(7)),
        node: Id::from("24d37538-647a-b1b8-971f-0cfb93f2edce"),
        group: Arc::clone(group),
    }
}

fn instances() -> Vec<Instance> {
    let one = Arc::new(Group {
        job: "cache".into(),
        datacenter: "dc1".into(),
        tags: ["a".into(), "\u{1b}\"\n".into()].into(),
        id_tail: "-group-cache-redis-db".into(),
    });
    let other = Arc::new(Group::default());
    let mut odd = instance(InstanceAddress::Unusable, &other);
    odd.identity = Identity::Other {
        id: "x".into(),
        allocation: String::new().into(),
    };
    odd.node = Id::from("no uuid");
    vec![
        instance(InstanceAddress::V4([10, 0, 0, 1].into()), &one),
        instance(InstanceAddress::V6(1_u128.into()), &one),
        instance(InstanceAddress::Host("db.example".into()), &other),
        odd,
        instance(InstanceAddress::V4([10, 0, 0, 2].into()), &one),
    ]
}

fn file() -> Vec<u8> {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer.put("default", "redis", instances()).unwrap();
    writer
        .put("default", "Redis", instances()[..1].to_vec())
        .unwrap();
    writer
        .put("prod", "web", instances()[2..].to_vec())
        .unwrap();
    for unknown in unknown() {
        StoredUnknown::new(unknown).mark(&mut writer);
    }
    writer.publish(42);
    let (guard, mut file) = (catalog.snapshot().unwrap(), Vec::new());
    write(&HEAD, guard.as_ref().unwrap(), &mut file).unwrap();
    file
}

/// Something of each kind, in order.
fn unknown() -> [(UnknownScope<'static>, UnknownReason); 4] {
    let service = |namespace, service| UnknownScope::Service { namespace, service };
    [
        (service("default", "redis"), UnknownReason::Unreadable),
        (service("prod", "never-read"), UnknownReason::Unread),
        (UnknownScope::Namespace("Secret"), UnknownReason::Refused),
        (UnknownScope::Others, UnknownReason::Refused),
    ]
}

#[test]
fn a_snapshot_comes_back_as_it_was() {
    let StoredSnapshot {
        head,
        unknowns,
        mut services,
    } = read(&file()).unwrap();
    assert_eq!(head, HEAD);
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    unknowns.iter().for_each(|it| it.mark(&mut writer));
    let mut marks: Vec<_> = writer.unknowns().collect();
    marks.sort();
    assert_eq!(marks, unknown());
    services.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let names: Vec<_> = services.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["Redis", "redis", "web"]);
    assert_eq!(services[1].instances, instances());
    assert_eq!(services[2].instances, instances()[2..]);
    let [first, second, ..] = &*services[1].instances else {
        panic!("too few")
    };
    assert!(
        Arc::ptr_eq(&first.group, &second.group),
        "groups are shared"
    );
}

#[test]
fn a_mapped_address_that_an_earlier_version_wrote_comes_back_as_the_ipv4_address() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let group = Arc::new(Group::default());
    let mapped = Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped();
    let all =
        [mapped, Ipv6Addr::LOCALHOST].map(|address| instance(InstanceAddress::V6(address), &group));
    writer.put("default", "web", all.to_vec()).unwrap();
    writer.publish(1);
    let (guard, mut file) = (catalog.snapshot().unwrap(), Vec::new());
    write(&HEAD, guard.as_ref().unwrap(), &mut file).unwrap();
    let StoredSnapshot { services, .. } = read(&file).unwrap();
    let addresses: Vec<_> = services[0].instances.iter().map(|it| &it.address).collect();
    let expected = [
        InstanceAddress::V4([10, 0, 0, 1].into()),
        InstanceAddress::V6(Ipv6Addr::LOCALHOST),
    ];
    assert_eq!(addresses, expected.iter().collect::<Vec<_>>());
}

#[test]
fn every_flip_of_a_bit_and_every_cut_is_found() {
    let file = file();
    for at in 0..file.len() * 8 {
        let mut flipped = file.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let expected: fn(&FormError) -> bool = match at / 8 {
            0..8 => |it| *it == FormError::NotOurs,
            8..12 => |it| matches!(it, FormError::Version(_)),
            _ => |it| *it == FormError::Damaged,
        };
        let error = read(&flipped).unwrap_err();
        assert!(expected(&error), "bit {at}: {error}");
    }
    for length in 0..file.len() {
        read(&file[..length]).unwrap_err();
    }
    let longer = [&*file, &[0]].concat();
    assert_eq!(read(&longer).unwrap_err(), FormError::Damaged);
}

proptest! {
    #[test]
    fn contents_that_nobody_wrote_do_no_harm(contents in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut file = [&MAGIC[..], &VERSION.to_le_bytes(), &contents].concat();
        let mut sum = SipHasher13::new();
        sum.write(&file);
        file.extend(sum.finish128().as_bytes());
        let _ = read(&file);
    }
}
