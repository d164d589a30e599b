//! Instances whose check fails or whose allocation is lost are left out, and what holds when nothing is known.

use hickory_proto::rr::RecordType;
use nomadns::demo::{Acl, Enforcement, Fault, Token};

use super::*;
use crate::support::clients::Clients;

#[tokio::test]
async fn an_instance_whose_check_fails_is_left_out_until_it_passes() {
    let nomad = nomad();
    let redis = register(&nomad, "redis", 3);
    nomad.check_instances(&redis, "success");
    let gateway = gateway(&nomad, HealthPolicy::Failing).await;
    assert_eq!(asked(&gateway, "redis").await, ["1", "2", "3"]);
    nomad.check_instances(&redis[..1], "failure");
    until_asked(&gateway, "redis", &["2", "3"]).await;
    // On every transport, and for the records of every type.
    let mut clients = Clients::connect(&gateway).await;
    let question = Question::new("redis.default.nomad", RecordType::SRV);
    assert_eq!(clients.agreed(&question).await.data().len(), 2);
    nomad.check_instances(&redis[..1], "success");
    until_asked(&gateway, "redis", &["1", "2", "3"]).await;
    gateway.end().await;
}

#[tokio::test]
async fn when_all_fail_all_are_answered_and_a_metric_says_so() {
    let nomad = nomad();
    let redis = register(&nomad, "redis", 2);
    nomad.check_instances(&redis, "failure");
    let gateway = gateway(&nomad, HealthPolicy::Failing).await;
    asked(&gateway, "redis").await;
    until("the metric", async || {
        gateway.metric("nomadns_failing_services").await == 1.0
    })
    .await;
    assert_eq!(asked(&gateway, "redis").await, ["1", "2"]);
    nomad.check_instances(&redis[1..], "success");
    until_asked(&gateway, "redis", &["2"]).await;
    let failing = "nomadns_judged_instances{health=\"failing\"}";
    assert_eq!(gateway.metric(failing).await, 1.0);
    assert_eq!(gateway.metric("nomadns_failing_services").await, 0.0);
    gateway.end().await;
}

#[tokio::test]
async fn a_name_with_a_tag_has_its_own_failing_instances_when_it_has_no_others() {
    let nomad = nomad();
    let both = ["primary", "replica"].map(|tag| {
        let at = if tag == "primary" { 1 } else { 2 };
        Registration::new("default", "redis")
            .address(format!("10.0.0.{at}"))
            .tags([tag])
    });
    nomad.register(both.clone());
    nomad.check_instances(&both[..1], "failure");
    nomad.check_instances(&both[1..], "success");
    let gateway = gateway(&nomad, HealthPolicy::Failing).await;
    asked(&gateway, "redis").await;
    until_asked(&gateway, "redis", &["2"]).await;
    assert_eq!(asked(&gateway, "primary.redis").await, ["1"]);
    gateway.end().await;
}

#[tokio::test]
async fn strict_answers_what_is_proven_and_nodata_when_nothing_is() {
    let nomad = nomad();
    let redis = register(&nomad, "redis", 3);
    nomad.check_instances(&redis[..1], "success");
    nomad.check_instances(&redis[1..2], "pending");
    nomad.check_instances(&redis[2..], "failure");
    let gateway = gateway(&nomad, HealthPolicy::Strict).await;
    assert_eq!(
        asked(&gateway, "redis").await,
        ["1", "2", "3"],
        "nothing is known yet"
    );
    until_asked(&gateway, "redis", &["1"]).await;
    nomad.check_instances(&redis[..1], "failure");
    until_asked(&gateway, "redis", &[]).await;
    // That it is asked for is noted with a denial too, else it would never be healthy again.
    nomad.check_instances(&redis[1..2], "success");
    until_asked(&gateway, "redis", &["2"]).await;
    gateway.end().await;
}

#[tokio::test]
async fn allocations_of_a_lost_node_go_at_once_while_they_are_asked_for() {
    let nomad = nomad();
    register(&nomad, "redis", 3);
    let gateway = gateway(&nomad, HealthPolicy::Failing).await;
    // Without a query nobody needs to know.
    assert_eq!(nomad.load("/v1/allocations").requests, 0);
    asked(&gateway, "redis").await;
    nomad.lose_node("node-2");
    until("one is gone", async || {
        gateway
            .metric("nomadns_judged_instances{health=\"gone\"}")
            .await
            == 1.0
    })
    .await;
    assert_eq!(asked(&gateway, "redis").await, ["1", "3"]);
    nomad.find_node("node-2");
    until_asked(&gateway, "redis", &["1", "2", "3"]).await;
    gateway.end().await;
}

#[tokio::test]
async fn an_outage_leaves_the_last_known_health() {
    let nomad = nomad();
    let redis = register(&nomad, "redis", 2);
    nomad.check_instances(&redis[..1], "failure");
    let gateway = gateway(&nomad, HealthPolicy::Failing).await;
    asked(&gateway, "redis").await;
    until_asked(&gateway, "redis", &["2"]).await;
    nomad.break_requests("/v1/allocation", Fault::no_leader());
    let reads = gateway.metric("nomadns_health_reads_total").await;
    until("reads failed", async || {
        gateway.metric("nomadns_health_reads_total").await > reads + 4.0
    })
    .await;
    assert_eq!(asked(&gateway, "redis").await, ["2"]);
    nomad.vanish().await;
    gateway.until_errors("unreachable", 1.0).await;
    assert_eq!(asked(&gateway, "redis").await, ["2"]);
    nomad.mend();
    nomad.check_instances(&redis[..1], "success");
    nomad.come_back().unwrap();
    until_asked(&gateway, "redis", &["1", "2"]).await;
    gateway.end().await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_read_and_cached_answers_count_as_asked() {
    let nomad = nomad();
    register(&nomad, "redis", 2);
    register(&nomad, "web", 2);
    let gateway = Gateway::with(&nomad.url(), |settings| {
        quick(settings, HealthPolicy::Failing);
        settings.sync.health.asked_for = Duration::from_millis(1500);
    });
    gateway.until_ready().await;
    asked(&gateway, "redis").await;
    let watched = async || gateway.metric("nomadns_health_services").await;
    until("one is watched", async || watched().await == 1.0).await;
    assert_eq!(gateway.metric("nomadns_health_allocations").await, 2.0);
    // The answers come from a cache now, and the service stays watched for as long as they are asked for.
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(asked(&gateway, "redis").await.len(), 2);
        assert_eq!(watched().await, 1.0);
    }
    until("none is watched", async || watched().await == 0.0).await;
    gateway.end().await;
}

#[tokio::test]
async fn with_health_off_no_checks_are_read_and_all_instances_answered() {
    let nomad = nomad();
    let redis = register(&nomad, "redis", 2);
    nomad.check_instances(&redis[..1], "failure");
    nomad.lose_node("node-1");
    let gateway = gateway(&nomad, HealthPolicy::Off).await;
    for _ in 0..50 {
        assert_eq!(asked(&gateway, "redis").await, ["1", "2"]);
    }
    let requests = nomad.recent_requests();
    assert!(
        !requests.iter().any(|it| it.contains("/v1/allocation")),
        "{requests:?}"
    );
    gateway.end().await;
}

#[tokio::test]
async fn a_token_that_may_not_read_checks_leaves_health_off_and_the_status_says_so() {
    let nomad = nomad();
    let redis = register(&nomad, "redis", 2);
    nomad.check_instances(&redis[..1], "failure");
    let mut acl = Acl {
        enforcement: Enforcement::On,
        ..Acl::default()
    };
    acl.tokens
        .insert("identity".into(), Token::workload_identity());
    nomad.set_acl(acl);
    let gateway = Gateway::with(&nomad.url(), |settings| {
        quick(settings, HealthPolicy::Failing);
        settings.nomad.token =
            nomadns::nomad::TokenSource::Fixed(nomadns::secret::Secret::new("identity"));
    });
    gateway.until_ready().await;
    asked(&gateway, "redis").await;
    until("it is known", async || {
        gateway
            .page("/")
            .await
            .1
            .contains("checks of default are not looked at")
    })
    .await;
    assert_eq!(gateway.metric("nomadns_health_denied").await, 1.0);
    assert_eq!(asked(&gateway, "redis").await, ["1", "2"]);
    gateway.end().await;
}
