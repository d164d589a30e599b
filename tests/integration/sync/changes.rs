//! Every kind of change at Nomad shows in the catalogue, told or silent.

use nomadns::demo::Removal;

use super::*;

#[tokio::test]
async fn the_first_publication_has_every_service() {
    let nomad = nomad();
    for number in 0..50 {
        nomad.register(instances("default", &format!("service-{number}"), 2));
    }
    let followed = follow(&nomad).await;
    let report = followed.report();
    assert_eq!((report.services, report.instances), (50, 100));
    assert_eq!(followed.held().len(), 50);
    assert_eq!((report.reads, report.resyncs), (50, 0));
    assert_eq!(report.index, nomad.index());
}

#[tokio::test]
async fn an_empty_nomad_makes_an_empty_catalogue_that_is_ready() {
    let nomad = nomad();
    let followed = follow(&nomad).await;
    assert_eq!(followed.held().len(), 0);
}

#[tokio::test]
async fn instances_come_and_go_by_every_kind_of_removal() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 3));
    let followed = follow(&nomad).await;
    assert_eq!(followed.count("default", "redis"), 3);
    for removal in [
        Removal::Deregistered,
        Removal::Planned,
        Removal::Ended,
        Removal::Silent,
    ] {
        nomad.scale("default", "redis", 5, removal);
        followed.until_count("default", "redis", 5).await;
        nomad.scale("default", "redis", 2, removal);
        followed.until_count("default", "redis", 2).await;
        nomad.remove_service("default", "redis", removal);
        followed.until_count("default", "redis", 0).await;
        nomad.register(instances("default", "redis", 2));
        followed.until_count("default", "redis", 2).await;
    }
}

#[tokio::test]
async fn a_change_costs_one_read_and_no_full_pass() {
    let nomad = nomad();
    for number in 0..20 {
        nomad.register(instances("default", &format!("service-{number}"), 1));
    }
    let followed = follow(&nomad).await;
    let before = followed.report();
    for count in 2..12 {
        nomad.scale("default", "service-7", count, Removal::Planned);
        followed.until_count("default", "service-7", count).await;
    }
    let after = followed.report();
    assert_eq!(after.resyncs, before.resyncs);
    let reads = after.reads - before.reads;
    assert!((10..=20).contains(&reads), "{reads} reads for 10 changes");
}

#[tokio::test]
async fn a_namespace_that_comes_later_is_followed() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 1));
    let followed = follow(&nomad).await;
    nomad.create_namespace("late");
    nomad.register(instances("late", "web", 1));
    followed.until_count("late", "web", 1).await;
    followed
        .until("subscribed again", |it| it.report().streams >= 2)
        .await;
    nomad.scale("late", "web", 4, Removal::Planned);
    followed.until_count("late", "web", 4).await;
}

#[tokio::test]
async fn an_index_that_goes_back_is_followed() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 3));
    nomad.register(instances("default", "web", 1));
    nomad.pass_indexes(500);
    nomad.scale("default", "redis", 4, Removal::Planned);
    let followed = follow(&nomad).await;
    nomad.restore_index(50);
    nomad.cut_connections();
    nomad.scale("default", "redis", 2, Removal::Planned);
    nomad.remove_service("default", "web", Removal::Planned);
    followed.until_count("default", "redis", 2).await;
    followed.until_count("default", "web", 0).await;
    assert!(followed.report().index < 500);
}

#[tokio::test]
async fn names_in_other_letter_case_stay_apart_for_nomad_and_are_counted() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 1));
    nomad.register(instances("default", "Redis", 2));
    let followed = follow(&nomad).await;
    assert_eq!(followed.count("default", "redis"), 3);
    assert_eq!(followed.oddities("case_twin"), 1);
    nomad.remove_service("default", "redis", Removal::Planned);
    followed.until_count("default", "redis", 2).await;
    followed
        .until("without twins", |it| it.oddities("case_twin") == 0)
        .await;
}

#[tokio::test]
async fn dirty_registrations_spoil_nothing_but_themselves() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 1));
    let dirty = ["", " ", "fe80::1%eth0", "0.0.0.0", "a b"];
    nomad.register(dirty.map(|address| Registration::new("default", "redis").address(address)));
    nomad.register([Registration::new("default", "redis")
        .address("db.internal.example")
        .port(0)]);
    nomad.register([Registration::new("default", "tagged").tags(["", "\u{1b}[31m", ""])]);
    let longest = "t".repeat(63);
    nomad.register([
        // Any octets are a label, so many of them.
        Registration::new("default", "text").tags(["new\nline", "a.b", &longest]),
        Registration::new("default", "long").tags([longest.clone() + "t"]),
        Registration::new("default", "far").node("node", &(longest.clone() + "d")),
        Registration::new("default", "near").node("node", "rack_1 a.b"),
    ]);
    nomad.register(instances("default", "illegal_name.x y", 1));
    nomad.create_namespace(&"n".repeat(100));
    nomad.register(instances(&"n".repeat(100), "redis", 1));
    let followed = follow(&nomad).await;
    assert_eq!(followed.count("default", "redis"), 7);
    assert_eq!(followed.held().len(), 6);
    for (label, count) in [
        ("address_empty", 2),
        ("address_zoned", 1),
        ("address_unspecified", 1),
        ("address_unusable", 1),
        ("tag", 2),
        ("datacenter", 1),
        ("service_name", 1),
        ("namespace_name", 1),
    ] {
        assert_eq!(followed.oddities(label), count, "{label}");
    }
    nomad.remove_service("default", "redis", Removal::Planned);
    followed
        .until("clean again", |it| it.oddities("address_empty") == 0)
        .await;
}

#[tokio::test]
async fn many_changes_at_once_end_in_the_truth() {
    let nomad = nomad();
    for number in 0..30 {
        nomad.register(instances("default", &format!("service-{number}"), 2));
    }
    let followed = follow(&nomad).await;
    for round in 0..10 {
        for number in 0..30 {
            let service = format!("service-{number}");
            nomad.scale(
                "default",
                &service,
                1 + (number * 7 + round) % 4,
                Removal::Planned,
            );
        }
        tokio::task::yield_now().await;
    }
    followed
        .until("true", |it| {
            it.held().iter().all(|((namespace, service), ids)| {
                let mut truth: Vec<_> = nomad
                    .instances(namespace, service)
                    .into_iter()
                    .map(|one| one.id)
                    .collect();
                truth.sort();
                *ids == truth
            })
        })
        .await;
    assert_eq!(followed.held().len(), 30);
}

#[tokio::test]
async fn a_filter_hides_canaries_until_they_are_promoted() {
    let nomad = nomad();
    let stable = Registration::new("default", "web").tags(["http"]);
    let canary = Registration::new("default", "web").tags(["http", "candidate"]);
    nomad.register([stable, canary.clone()]);
    let mut settings = quick();
    settings.filter = "Tags not contains \"candidate\"".into();
    let followed = follow_with(&nomad, TokenSource::None, settings);
    followed.until_count("default", "web", 1).await;
    nomad.register([canary.tags(["http"])]);
    followed.until_count("default", "web", 2).await;
}
