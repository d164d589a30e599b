//! What cannot be read is not denied: single services, single namespaces, and rights that come and go.

use nomadns::catalog::UnknownReason;
use nomadns::demo::{Acl, Enforcement, Fault, Removal, Token};

use super::*;

impl Followed {
    fn unknown_count(&self, reason: UnknownReason) -> usize {
        let snapshot = self.catalog.snapshot();
        snapshot.map_or(0, |snapshot| {
            snapshot.as_ref().unwrap().unknown_count(reason)
        })
    }

    /// Names the namespaces that are wanted and cannot be listed.
    fn missing(&self) -> Vec<(String, UnknownReason)> {
        let missing = self.report().missing.into_iter();
        missing
            .map(|(name, reason)| (name.to_string(), reason))
            .collect()
    }
}

fn refused(name: &str) -> Vec<(String, UnknownReason)> {
    vec![(name.to_owned(), UnknownReason::Refused)]
}

/// A Nomad with ACLs on and a service `one` in each of some namespaces.
fn guarded(namespaces: &[&str], rights: Token) -> SimulatedNomad {
    let nomad = nomad();
    for namespace in namespaces {
        nomad.create_namespace(namespace);
        nomad.register(instances(namespace, "one", 1));
    }
    let tokens = [("canary".to_owned(), rights)].into();
    nomad.set_acl(Acl {
        enforcement: Enforcement::On,
        tokens,
    });
    nomad
}

fn of_namespaces(names: &[&str]) -> SyncSettings {
    let mut settings = quick();
    settings.namespaces = names.iter().map(|name| (*name).to_owned()).collect();
    settings.access_every = Duration::from_millis(300);
    settings
}

#[tokio::test]
async fn a_listed_service_that_cannot_be_read_is_unknown_and_nobody_waits_for_it() {
    for fault in [
        Fault::Status(500, "rpc error: something".into()),
        Fault::permission_denied(),
        Fault::Hang,
    ] {
        let nomad = nomad();
        nomad.register(instances("default", "broken", 2));
        nomad.register(instances("default", "redis", 2));
        nomad.break_requests("/v1/service/broken", fault.clone());
        let followed = follow_with(&nomad, TokenSource::None, quick());
        followed.until_count("default", "redis", 2).await;
        let reason = match fault {
            Fault::Hang => UnknownReason::Unread,
            Fault::Status(403, _) => UnknownReason::Refused,
            _ => UnknownReason::Unreadable,
        };
        let snapshot = |it: &Followed| (it.is_ready(), it.unknown_count(reason));
        followed
            .until("ready with an unknown service", |it| {
                snapshot(it) == (true, 1)
            })
            .await;
        assert_eq!(followed.count("default", "broken"), 0);
        nomad.mend();
        nomad.cut_connections();
        followed.until_count("default", "broken", 2).await;
        followed
            .until("without an unknown service", |it| {
                it.unknown_count(reason) == 0
            })
            .await;
    }
}

#[tokio::test]
async fn a_service_whose_reads_failed_is_read_at_once_when_an_event_tells_of_it() {
    let nomad = nomad();
    nomad.register(instances("default", "redis", 1));
    let mut settings = quick();
    settings.times.retry = AT_MOST * 3;
    settings.times.retry_max = AT_MOST * 3;
    let followed = follow_with(&nomad, TokenSource::None, settings);
    followed
        .until("following events", |it| {
            it.is_ready() && it.report().access.label() == "all_with_events"
        })
        .await;
    let errors = followed.errors();
    let fault = Fault::Status(500, "rpc error: EOF".into());
    nomad.break_requests("/v1/service/redis", fault);
    nomad.scale("default", "redis", 2, Removal::Planned);
    followed.until("failed", |it| it.errors() > errors).await;
    nomad.mend();
    nomad.scale("default", "redis", 3, Removal::Planned);
    followed.until_count("default", "redis", 3).await;
}

#[tokio::test]
async fn a_configured_namespace_that_is_granted_later_is_found() {
    let nomad = guarded(&["a", "b"], Token::reads(["a"]));
    let followed = follow_with(&nomad, token("canary"), of_namespaces(&["a", "b"]));
    followed.until("ready", Followed::is_ready).await;
    assert_eq!(followed.missing(), refused("b"));
    assert_eq!(followed.unknown_count(UnknownReason::Refused), 1);
    nomad.set_token("canary", Token::reads(["a", "b"]));
    followed.until_count("b", "one", 1).await;
    followed
        .until("complete", |it| {
            it.missing().is_empty() && it.unknown_count(UnknownReason::Refused) == 0
        })
        .await;
    nomad.register(instances("b", "one", 1));
    followed.until_count("b", "one", 2).await;
}

#[tokio::test]
async fn a_policy_that_becomes_narrower_takes_nothing_away() {
    let nomad = guarded(&["default", "prod"], Token::reads_everything());
    let followed = follow_with(&nomad, token("canary"), of_namespaces(&["*"]));
    followed.until_count("prod", "one", 1).await;
    nomad.set_token("canary", Token::reads(["default"]));
    nomad.cut_connections();
    nomad.register(instances("default", "one", 1));
    followed.until_count("default", "one", 2).await;
    followed
        .until("refused", |it| it.missing() == refused("prod"))
        .await;
    assert_eq!(followed.count("prod", "one"), 1);
    assert!(followed.unknown_count(UnknownReason::Refused) > 0);
    // What changed meanwhile is there once it is granted again.
    nomad.register(instances("prod", "one", 3));
    nomad.set_token("canary", Token::reads_everything());
    followed.until_count("prod", "one", 4).await;
    followed
        .until("complete", |it| {
            it.missing().is_empty() && it.unknown_count(UnknownReason::Refused) == 0
        })
        .await;
}

#[tokio::test]
async fn what_is_refused_for_too_long_is_known_no_longer_and_still_not_denied() {
    let nomad = guarded(&["default", "prod"], Token::reads_everything());
    let mut settings = of_namespaces(&["*"]);
    settings.max_stale = Duration::from_millis(1500);
    let followed = follow_with(&nomad, token("canary"), settings);
    followed.until_count("prod", "one", 1).await;
    nomad.set_token("canary", Token::reads(["default"]));
    nomad.cut_connections();
    followed.until_count("prod", "one", 0).await;
    assert_eq!(followed.missing(), refused("prod"));
    assert!(followed.unknown_count(UnknownReason::Refused) > 0);
    assert_eq!(followed.count("default", "one"), 1);
    // It comes back as soon as it is granted again, though nothing of it has changed.
    nomad.set_token("canary", Token::reads_everything());
    followed.until_count("prod", "one", 1).await;
    assert!(followed.report().reads < 50, "{}", followed.report().reads);
}

#[tokio::test]
async fn what_an_earlier_process_knew_of_a_refused_namespace_is_kept_after_a_restart() {
    for configured in [&["*"][..], &["default", "prod"]] {
        let nomad = guarded(&["default", "prod"], Token::reads(["default"]));
        let catalog = Arc::new(Catalog::new());
        let mut writer = catalog.writer();
        let one = crate::support::answers::instance("10.0.0.1", 80, &[]);
        for (namespace, service) in [("prod", "one"), ("default", "gone")] {
            writer.put(namespace, service, vec![one.clone()]).unwrap();
        }
        writer.publish(1);
        let client = client(&nomad, token("canary"));
        let followed = follow_into(&catalog, writer, client, of_namespaces(configured));
        followed.until_count("default", "gone", 0).await;
        followed
            .until("refused", |it| it.missing() == refused("prod"))
            .await;
        assert_eq!(followed.count("prod", "one"), 1);
        assert!(followed.unknown_count(UnknownReason::Refused) > 0);
    }
}

#[tokio::test]
async fn a_namespace_that_becomes_empty_is_gone_at_once() {
    let nomad = guarded(&["default", "prod"], Token::reads_everything());
    let followed = follow_with(&nomad, token("canary"), of_namespaces(&["*"]));
    followed.until_count("prod", "one", 1).await;
    nomad.remove_service("prod", "one", Removal::Silent);
    followed.until_count("prod", "one", 0).await;
    assert!(followed.missing().is_empty());
}

#[tokio::test]
async fn seventy_namespaces_are_followed_by_one_list_where_the_token_may() {
    let names: Vec<String> = (0..70).map(|number| format!("ns{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let nomad = guarded(&names, Token::reads(names.iter().copied()));
    // What the token may list besides is not answered for.
    nomad.create_namespace("other");
    nomad.register(instances("other", "one", 1));
    nomad.set_token("canary", Token::reads_everything());
    let followed = follow_with(&nomad, token("canary"), of_namespaces(&names));
    followed.until_count("ns69", "one", 1).await;
    assert_eq!(followed.held().len(), 70);
    nomad.register(instances("other", "one", 1));
    assert!(followed.missing().is_empty());
    nomad.register(instances("ns62", "late", 1));
    followed.until_count("ns62", "late", 1).await;
    assert_eq!(followed.held().len(), 71);
    assert!(nomad.peak_connections() <= 10);
}

#[tokio::test]
async fn a_change_in_another_namespace_costs_no_read() {
    let nomad = guarded(&["a", "b"], Token::reads(["a"]));
    for number in 0..20 {
        nomad.register(instances("a", &format!("service-{number}"), 1));
    }
    let followed = follow_with(&nomad, token("canary"), of_namespaces(&["a"]));
    let label = "namespaces_with_events";
    followed
        .until(label, |it| {
            it.is_ready() && it.report().access.label() == label
        })
        .await;
    followed
        .until("listed again", |it| it.report().lists >= 2)
        .await;
    let before = followed.report();
    for number in 0..10 {
        nomad.register(instances("b", &format!("service-{number}"), 1));
        sleep(Duration::from_millis(50)).await;
    }
    // A change of its own is read after all of them.
    nomad.scale("a", "one", 2, Removal::Planned);
    followed.until_count("a", "one", 2).await;
    let after = followed.report();
    assert!(
        after.reads - before.reads <= 2,
        "{}",
        after.reads - before.reads
    );
    assert!(
        after.lists - before.lists <= 3,
        "{}",
        after.lists - before.lists
    );
    assert_eq!(after.resyncs, before.resyncs);
}

#[tokio::test]
async fn every_namespace_is_asked_at_once_when_the_index_went_back() {
    let nomad = guarded(&["a", "b"], Token::workload_identity());
    nomad.pass_indexes(500);
    nomad.register(instances("a", "two", 1));
    let followed = follow_with(&nomad, token("canary"), of_namespaces(&["a", "b"]));
    followed.until_count("a", "two", 1).await;
    followed.until_count("b", "one", 1).await;
    nomad.restore_index(50);
    nomad.scale("a", "two", 3, Removal::Silent);
    nomad.scale("b", "one", 3, Removal::Silent);
    followed.until_count("a", "two", 3).await;
    followed.until_count("b", "one", 3).await;
    assert!(followed.report().index < 500);
}
