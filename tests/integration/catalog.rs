//! The catalogue: what a change touches and what it leaves alone.

use std::sync::Arc;
use std::time::Duration;

use nomadns::catalog::{Address, Catalog, NameError, Outcome};

use crate::support::answers::{instance, instance_in};

#[test]
fn nothing_is_known_before_the_first_publication() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer
        .put("default", "redis", vec![instance("10.0.0.1", 80, &[])])
        .unwrap();
    assert!(catalog.snapshot().is_none());
    writer.publish(7);
    let guard = catalog.snapshot().unwrap();
    let snapshot = guard.as_ref().unwrap();
    assert_eq!(
        (snapshot.index(), snapshot.services(), snapshot.instances()),
        (7, 1, 1)
    );
}

#[test]
fn a_change_supersedes_its_own_service_only() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer
        .put("default", "redis", vec![instance("10.0.0.1", 80, &[])])
        .unwrap();
    writer
        .put("default", "web", vec![instance("10.0.0.2", 80, &[])])
        .unwrap();
    writer.publish(1);
    let before = catalog.snapshot().unwrap().as_ref().unwrap().clone();
    let (redis, web) = (
        before.service(b"default", b"redis"),
        before.service(b"default", b"web"),
    );
    writer
        .put("default", "redis", vec![instance("10.0.0.3", 80, &[])])
        .unwrap();
    assert!(
        !redis.unwrap().cell.is_superseded(),
        "not before it is published"
    );
    writer.publish(2);
    assert!(redis.unwrap().cell.is_superseded());
    assert!(!web.unwrap().cell.is_superseded());
    assert!(!before.names().is_superseded(), "no name came or went");
    assert_eq!(before.instances(), 2, "an old snapshot stays as it was");
}

#[test]
fn what_is_as_it_was_changes_nothing() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let instances = vec![instance("10.0.0.1", 80, &["a"])];
    assert_eq!(
        writer.put("default", "redis", instances.clone()),
        Ok(Outcome::Changed)
    );
    assert_eq!(
        writer.put("default", "redis", instances),
        Ok(Outcome::Unchanged)
    );
    assert_eq!(
        writer.put("default", "nope", vec![]),
        Ok(Outcome::Unchanged)
    );
}

#[test]
fn a_name_that_is_no_label_is_refused() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let mut put = |namespace: &str, service: &str| {
        writer.put(namespace, service, vec![instance("10.0.0.1", 80, &[])])
    };
    let (long, longest) = ("n".repeat(64), "n".repeat(63));
    for service in ["", "a.b", "illegal-bad_name.x y", "-a", "a-", "ü", &long] {
        assert_eq!(
            put("default", service),
            Err(NameError::Service),
            "{service}"
        );
    }
    for namespace in ["", "a.b", "_x", &long] {
        assert_eq!(
            put(namespace, "redis"),
            Err(NameError::Namespace),
            "{namespace}"
        );
    }
    // Nomad lets a namespace begin and end with a hyphen.
    for (namespace, service) in [("-lead-", "redis"), (&*longest, &*longest), ("9", "9")] {
        assert_eq!(put(namespace, service), Ok(Outcome::Changed));
    }
}

#[test]
fn a_namespace_goes_with_its_last_service() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer
        .put("Prod", "web", vec![instance("10.0.0.1", 80, &[])])
        .unwrap();
    writer.publish(1);
    let snapshot = catalog.snapshot().unwrap().as_ref().unwrap().clone();
    assert!(snapshot.namespace(b"prod").is_some() && snapshot.has_datacenter(b"DC1"));
    assert!(snapshot.is_in_datacenter(b"PROD", b"dc1"));
    writer.put("Prod", "web", vec![]).unwrap();
    writer.publish(2);
    assert!(snapshot.names().is_superseded());
    let snapshot = catalog.snapshot().unwrap().as_ref().unwrap().clone();
    assert!(snapshot.namespace(b"prod").is_none() && !snapshot.has_datacenter(b"dc1"));
    assert_eq!((snapshot.services(), snapshot.instances()), (0, 0));
}

#[test]
fn addresses_and_datacenters_are_known_as_long_as_an_instance_has_them() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let (a, b, c) = (
        instance_in("dc1", "10.0.0.1", 80, &[]),
        instance_in("dc2", "10.0.0.2", 80, &[]),
        // The address of the first, in another datacenter.
        instance_in("dc3", "10.0.0.1", 81, &[]),
    );
    let lists = [
        vec![&a],
        vec![&a, &b],
        vec![&b, &a],
        vec![&a, &c, &b],
        vec![&a, &b],
        vec![&c, &b],
        vec![&c, &c, &c],
        vec![&c],
        vec![],
        vec![&b, &b],
    ];
    for before in &lists {
        for after in &lists {
            for list in [before, after] {
                let instances = list.iter().map(|&each| each.clone()).collect();
                writer.put("default", "redis", instances).unwrap();
            }
            writer.retire_addresses(Duration::ZERO);
            writer.publish(1);
            let snapshot = catalog.snapshot().unwrap().as_ref().unwrap().clone();
            assert_eq!(snapshot.instances(), after.len());
            for each in [&a, &b, &c] {
                let Address::V4(address) = each.address else {
                    panic!("they have addresses")
                };
                let expected = after.iter().any(|it| it.address == each.address);
                let known = snapshot.address(address.into()).is_some();
                assert_eq!(known, expected, "{address}: {before:?} to {after:?}");
                let datacenter = &*each.group.datacenter;
                let expected = after.iter().any(|it| *it.group.datacenter == *datacenter);
                let known = snapshot.has_datacenter(datacenter.as_bytes());
                assert_eq!(known, expected, "{datacenter}: {before:?} to {after:?}");
            }
        }
    }
}
