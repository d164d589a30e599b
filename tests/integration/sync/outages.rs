//! Nomad goes away, breaks or lies: the catalogue stays, and is true again as soon as Nomad is back.

use nomadns::demo::{EventBroker, Fault, Leader, Removal, Version};

use super::*;

#[tokio::test]
async fn nomad_away_at_the_start_is_not_ready_with_the_reason_and_is_found_later() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    nomad.vanish().await;
    let followed = follow_with(&nomad, TokenSource::None, quick());
    followed
        .until("not ready with the reason", |it| {
            matches!(it.report().readiness, Readiness::NotReady(why) if why.contains("unreachable"))
        })
        .await;
    assert!(followed.catalog.snapshot().is_none());
    assert!(followed.report().failing_for.is_some());
    nomad.come_back().unwrap();
    followed.until_count("default", "redis", 2).await;
    assert_eq!(followed.report().failing_for, None);
}

#[tokio::test]
async fn an_outage_takes_nothing_away_and_what_changed_in_it_shows_after() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    nomad.register(instances("default", "web", 2));
    let followed = follow(&nomad).await;
    nomad.vanish().await;
    followed
        .until("failing", |it| it.report().failing_for.is_some())
        .await;
    assert_eq!(followed.count("default", "redis"), 2);
    nomad.scale("default", "redis", 4, Removal::Planned);
    nomad.remove_service("default", "web", Removal::Silent);
    nomad.come_back().unwrap();
    followed.until_count("default", "redis", 4).await;
    followed.until_count("default", "web", 0).await;
    followed
        .until("working", |it| it.report().failing_for.is_none())
        .await;
}

#[tokio::test]
async fn an_outage_costs_few_requests() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    let mut settings = quick();
    settings.backoff_max = Duration::from_secs(30);
    let followed = follow_with(&nomad, TokenSource::None, settings);
    followed.until("ready", Followed::is_ready).await;
    nomad.break_requests("/v1/", Fault::no_leader());
    nomad.cut_connections();
    followed
        .until("failing", |it| it.report().failing_for.is_some())
        .await;
    nomad.forget_requests();
    sleep(Duration::from_secs(3)).await;
    // Doubling pauses with full jitter: 0.1, 0.2, 0.4, 0.8, 1.6 seconds at most.
    let requests = nomad.recent_requests();
    assert!(requests.len() <= 25, "{requests:?}");
    assert_eq!(followed.count("default", "redis"), 2);
}

#[tokio::test]
async fn cut_connections_lose_nothing() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 1));
    let followed = follow(&nomad).await;
    for count in 2..8 {
        nomad.cut_connections();
        nomad.scale("default", "redis", count, Removal::Planned);
        followed.until_count("default", "redis", count).await;
    }
}

#[tokio::test]
async fn a_server_without_a_leader_is_not_believed() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    nomad.set_leader(Leader::Lost);
    let followed = follow_with(&nomad, TokenSource::None, quick());
    followed
        .until("not ready with the reason", |it| {
            matches!(it.report().readiness, Readiness::NotReady(why) if why.contains("no cluster leader"))
        })
        .await;
    nomad.set_leader(Leader::Elected);
    followed.until_count("default", "redis", 2).await;
    // What is known stays when the leader is lost later, and what changed without it is not taken.
    nomad.set_leader(Leader::Lost);
    nomad.scale("default", "redis", 5, Removal::Planned);
    followed
        .until("failing", |it| it.report().failing_for.is_some())
        .await;
    assert_eq!(followed.count("default", "redis"), 2);
    nomad.set_leader(Leader::Elected);
    followed.until_count("default", "redis", 5).await;
}

#[tokio::test]
async fn streams_that_close_at_once_or_are_refused_leave_the_list() {
    for broker in [EventBroker::ClosesAtOnce, EventBroker::Off] {
        let nomad = nomad();
        nomad.set_event_broker(broker);
        nomad.register(instances("default", "redis", 1));
        let followed = follow_with(&nomad, TokenSource::None, quick());
        followed
            .until("known without events", |it| {
                it.report().access.to_string().contains("without events")
            })
            .await;
        for count in 2..5 {
            nomad.scale("default", "redis", count, Removal::Planned);
            followed.until_count("default", "redis", count).await;
        }
        assert_eq!(followed.report().failing_for, None);
    }
}

#[tokio::test]
async fn every_version_of_nomad_is_followed() {
    for version in [Version::V1_10_5, Version::V1_11_2, Version::V2_0_5] {
        let nomad = SimulatedNomad::start(Options {
            version,
            ..Options::default()
        })
        .unwrap();
        nomad.register(instances("default", "redis", 1));
        let followed = follow_with(&nomad, TokenSource::None, quick());
        followed.until_count("default", "redis", 1).await;
        nomad.scale("default", "redis", 3, Removal::Ended);
        followed.until_count("default", "redis", 3).await;
        nomad.remove_service("default", "redis", Removal::Silent);
        followed.until_count("default", "redis", 0).await;
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_read_holds_up_no_other() {
    let nomad = nomad();
    nomad.register(instances("default", "good", 1));
    nomad.register(instances("default", "bad", 1));
    nomad.break_requests("/v1/service/bad", Fault::Garbage(b"<html>".to_vec()));
    let followed = follow_with(&nomad, TokenSource::None, quick());
    followed.until("ready", Followed::is_ready).await;
    assert_eq!(
        (
            followed.count("default", "good"),
            followed.count("default", "bad")
        ),
        (1, 0)
    );
    nomad.mend();
    followed.until_count("default", "bad", 1).await;
}

#[tokio::test]
async fn a_broken_read_or_list_takes_nothing_away() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    let followed = follow(&nomad).await;
    for fault in [
        Fault::Garbage(b"[]".to_vec()),
        Fault::Garbage(b"[{\"ServiceName\":".to_vec()),
        Fault::Status(500, "rpc error: broken".into()),
        Fault::TooManyConnections,
        Fault::Cut,
    ] {
        let before = followed.errors();
        nomad.break_requests("/v1/", fault.clone());
        nomad.scale("default", "redis", 3, Removal::Planned);
        followed
            .until(&format!("an error of {fault:?}"), |it| {
                it.errors() > before + 1
            })
            .await;
        assert_eq!(followed.count("default", "redis"), 2, "{fault:?}");
        nomad.mend();
        followed.until_count("default", "redis", 3).await;
        nomad.scale("default", "redis", 2, Removal::Planned);
        followed.until_count("default", "redis", 2).await;
    }
}

#[tokio::test]
async fn a_filter_that_nomad_does_not_understand_is_the_reason_not_to_be_ready() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    let mut settings = quick();
    settings.filter = "Tags contians x".into();
    let followed = follow_with(&nomad, TokenSource::None, settings);
    followed
        .until("not ready with the reason", |it| {
            matches!(it.report().readiness, Readiness::NotReady(why) if why.contains("filter not understood"))
        })
        .await;
}

#[tokio::test]
async fn a_state_that_is_too_old_is_answered_from_no_more_until_nomad_is_back() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 2));
    let settings = SyncSettings {
        max_stale: Duration::from_millis(300),
        ..quick()
    };
    let followed = follow_with(&nomad, TokenSource::None, settings);
    followed.until_count("default", "redis", 2).await;
    nomad.vanish().await;
    followed
        .until("withdrawn", |it| it.catalog.snapshot().is_none())
        .await;
    assert!(!followed.is_ready());
    nomad.scale("default", "redis", 3, Removal::Planned);
    nomad.come_back().unwrap();
    followed.until_count("default", "redis", 3).await;
    followed.until("ready", |it| it.is_ready()).await;
}

#[tokio::test]
async fn another_address_is_followed_when_the_first_is_gone_and_kept_when_it_comes_back() {
    let (one, other) = (nomad(), nomad());
    for nomad in [&one, &other] {
        nomad.register(instances("default", "redis", 2));
    }
    let addresses = [one.url(), other.url()].map(|url| url.parse().unwrap());
    let client = Client::new(nomad::NomadSettings::new(addresses.into())).unwrap();
    let (catalog, status) = (Arc::new(Catalog::new()), Arc::new(Status::new()));
    let (writer, shared) = (catalog.writer(), Arc::clone(&status));
    let mut task = JoinSet::new();
    let followed_client = client.clone();
    task.spawn(sync::run(
        quick(),
        followed_client,
        writer,
        shared,
        std::future::pending(),
    ));
    let followed = Followed {
        catalog,
        status,
        _task: task,
    };
    followed.until_count("default", "redis", 2).await;
    one.vanish().await;
    other.register(instances("default", "web", 3));
    followed.until_count("default", "web", 3).await;
    assert_eq!(followed.count("default", "redis"), 2);
    one.come_back().unwrap();
    other.register(instances("default", "web", 1));
    followed.until_count("default", "web", 4).await;
    assert_eq!(client.address().to_string(), other.url());
}
