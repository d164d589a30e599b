//! The catalogue: what a change touches and what it leaves alone.

mod tags;
mod unknown;

use std::sync::Arc;
use std::time::Duration;

use nomadns::catalog::{
    Catalog, Coverage, InstanceAddress, Lookup, PutOutcome, Serial, ServiceNameError, Sources,
    View, Writer,
};

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

/// What an answer would be made from that looks these up.
fn sources(catalog: &Catalog, look_up: impl FnOnce(&View)) -> Sources {
    let view = catalog.view().unwrap();
    look_up(&view);
    view.into_sources()
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
    let of_service = |name: &str| {
        sources(&catalog, |view| {
            view.service(b"default", name.as_bytes()).found().unwrap();
        })
    };
    let (redis, web, none) = (of_service("redis"), of_service("web"), {
        sources(&catalog, |view| {
            assert_eq!(view.namespace(b"nope"), Lookup::Absent);
        })
    });
    writer
        .put("default", "redis", vec![instance("10.0.0.3", 80, &[])])
        .unwrap();
    assert!(redis.are_current(), "not before it is published");
    writer.publish(2);
    assert!(!redis.are_current());
    assert!(web.are_current());
    assert!(none.are_current(), "no name came or went");
    assert_eq!(before.instances(), 2, "an old snapshot stays as it was");
}

#[test]
fn what_is_as_it_was_changes_nothing() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let instances = vec![instance("10.0.0.1", 80, &["a"])];
    assert_eq!(
        writer.put("default", "redis", instances.clone()),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(
        writer.put("default", "redis", instances),
        Ok(PutOutcome::Unchanged)
    );
    assert_eq!(
        writer.put("default", "nope", vec![]),
        Ok(PutOutcome::Unchanged)
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
            Err(ServiceNameError::Service),
            "{service}"
        );
    }
    for namespace in ["", "a.b", "_x", &long] {
        assert_eq!(
            put(namespace, "redis"),
            Err(ServiceNameError::Namespace),
            "{namespace}"
        );
    }
    // Nomad lets a namespace begin and end with a hyphen.
    for (namespace, service) in [("-lead-", "redis"), (&*longest, &*longest), ("9", "9")] {
        assert_eq!(put(namespace, service), Ok(PutOutcome::Changed));
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
    let known = |label: &[u8]| {
        sources(&catalog, |view| {
            assert_eq!(view.namespace(label), Lookup::Found(()));
            assert_eq!(view.datacenter(b"DC1"), Lookup::Found(()));
            assert_eq!(view.namespace_in(b"PROD", b"dc1"), Lookup::Found(()));
        })
    };
    let before = known(b"prod");
    assert!(before.are_current());
    writer.put("Prod", "web", vec![]).unwrap();
    writer.publish(2);
    assert!(!before.are_current());
    let view = catalog.view().unwrap();
    assert_eq!(view.namespace(b"prod"), Lookup::Absent);
    assert_eq!(view.datacenter(b"dc1"), Lookup::Absent);
    let snapshot = view.snapshot();
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
            let view = catalog.view().unwrap();
            assert_eq!(view.snapshot().instances(), after.len());
            for each in [&a, &b, &c] {
                let InstanceAddress::V4(address) = each.address else {
                    panic!("they have addresses")
                };
                let expected = after.iter().any(|it| it.address == each.address);
                let known = view.address(address.into()) == Lookup::Found(());
                assert_eq!(known, expected, "{address}: {before:?} to {after:?}");
                let datacenter = &*each.group.datacenter;
                let expected = after.iter().any(|it| *it.group.datacenter == *datacenter);
                let known = view.datacenter(datacenter.as_bytes()) == Lookup::Found(());
                assert_eq!(known, expected, "{datacenter}: {before:?} to {after:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_is_forgotten_a_whole_grace_after_its_last_instance_went() {
    const GRACE: Duration = Duration::from_secs(60);
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let here = || vec![instance("10.0.0.1", 80, &[])];
    let is_known = |writer: &mut Writer| {
        writer.retire_addresses(GRACE);
        writer.publish(1);
        let view = catalog.view().unwrap();
        view.address("10.0.0.1".parse().unwrap()) == Lookup::Found(())
    };
    writer.put("default", "redis", here()).unwrap();
    writer.put("default", "redis", vec![]).unwrap();
    tokio::time::advance(Duration::from_secs(52)).await;
    writer.put("default", "redis", here()).unwrap();
    tokio::time::advance(Duration::from_secs(4)).await;
    writer.put("default", "redis", vec![]).unwrap();
    tokio::time::advance(GRACE - Duration::from_secs(1)).await;
    assert!(
        is_known(&mut writer),
        "it was retired before, and came back"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!is_known(&mut writer));
    // What has an instance is never forgotten, however often it went before.
    writer.put("default", "redis", here()).unwrap();
    tokio::time::advance(2 * GRACE).await;
    assert!(is_known(&mut writer));
}

#[test]
fn what_was_withdrawn_is_kept_again_once_it_is_published() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer
        .put("default", "redis", vec![instance("10.0.0.1", 80, &[])])
        .unwrap();
    let look_ups: [fn(&View); 6] = [
        |view| assert_eq!(view.tag_in(b"default", None, b"a"), Lookup::Absent),
        |_| {},
        |view| assert_eq!(view.serial(&Serial::default()), 0),
        |view| assert!(view.service(b"default", b"redis").found().is_some()),
        |view| assert_eq!(view.address([10, 0, 0, 1].into()), Lookup::Found(())),
        |view| assert_eq!(view.address([10, 0, 0, 2].into()), Lookup::Absent),
    ];
    for _ in 0..2 {
        writer.publish(1);
        let all = look_ups.map(|look_up| sources(&catalog, look_up));
        assert!(all.iter().all(Sources::are_current));
        // Replaced, but not published: what is out still says what was.
        writer
            .put("default", "redis", vec![instance("10.0.0.1", 81, &[])])
            .unwrap();
        writer.withdraw();
        assert!(!all.iter().any(Sources::are_current));
        assert!(catalog.view().is_none());
    }
}

#[test]
fn what_is_read_on_demand_is_made_anew_for_each_query() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer.cover(Coverage::OnDemand);
    writer.publish(1);
    let looked_up = sources(&catalog, |view| {
        assert_eq!(view.namespace(b"default"), Lookup::Found(()));
    });
    assert!(!looked_up.are_current());
    let settings_alone = sources(&catalog, |view| {
        assert_eq!(view.serial(&Serial::default()), 0)
    });
    assert!(settings_alone.are_current());
    writer.cover(Coverage::Complete);
    writer.publish(2);
    assert!(!settings_alone.are_current());
}
