//! A token that lists nothing: each service is read when it is asked for, once for all who ask.

use nomadns::demo::Fault;

use super::*;

/// A Nomad that lists nothing but lets services be read.
fn unlisted() -> SimulatedNomad {
    let nomad = guarded(Token::workload_identity());
    nomad.break_requests("/v1/services", Fault::permission_denied());
    nomad
}

fn keeps_long(settings: &mut Settings) {
    quick(settings);
    settings.sync.access_every = Duration::from_secs(600);
    settings.sync.on_demand.keep = Duration::from_secs(600);
    settings.sync.on_demand.keep_absent = Duration::from_secs(600);
}

async fn gateway(nomad: &SimulatedNomad, change: impl FnOnce(&mut Settings)) -> (Gateway, Clients) {
    let gateway = Gateway::with(&nomad.url(), change);
    gateway.until_ready().await;
    tier(&gateway, "reads").await;
    let clients = Clients::connect(&gateway).await;
    (gateway, clients)
}

fn reads(nomad: &SimulatedNomad) -> u64 {
    nomad.load("/v1/service/:name").requests
}

#[tokio::test]
async fn every_transport_answers_what_was_read_for_the_query() {
    let nomad = unlisted();
    let (gateway, mut clients) = gateway(&nomad, quick).await;
    for (asked, expected) in [
        ("web.prod.dc1.dc.nomad", &["10.2.0.1"][..]),
        ("redis.default.nomad", &["10.1.0.1", "10.1.0.2"]),
        ("REDIS.default.service.nomad", &["10.1.0.1", "10.1.0.2"]),
        ("canary.web.prod.nomad", &["10.2.0.1"]),
        ("_web._canary.prod.nomad", &["10.2.0.1"]),
        ("0a010001.addr.nomad", &["10.1.0.1"]),
        ("_redis._tcp.redis.default.nomad", &["10.1.0.1", "10.1.0.2"]),
        ("_canary._tcp.web.prod.dc1.dc.nomad", &["10.2.0.1"]),
        ("0a010001.addr.default.nomad", &["10.1.0.1"]),
        ("0a020001.addr.prod.dc1.dc.nomad", &["10.2.0.1"]),
    ] {
        assert_eq!(
            clients.agreed(&question(asked)).await.data(),
            expected,
            "{asked}"
        );
    }
    let (_, page) = gateway.page("/").await;
    assert!(
        page.contains("the token cannot list services, only read single ones"),
        "{page}"
    );
    gateway.end().await;
}

#[tokio::test]
async fn what_was_read_and_is_not_there_is_denied_and_what_is_not_known_is_not() {
    let nomad = unlisted();
    let (gateway, mut clients) = gateway(&nomad, quick).await;
    for (asked, rcode) in [
        ("nope.default.nomad", NXDOMAIN),
        ("tag.redis.default.nomad", NXDOMAIN),
        ("0a0a0a0a.addr.nomad", NXDOMAIN),
        ("0a0a0a0a.addr.default.nomad", NXDOMAIN),
        ("_nope._tcp.redis.default.nomad", NXDOMAIN),
        ("_tcp.redis.default.nomad", NOERROR),
        ("a_b.default.nomad", NXDOMAIN),
        // Of the namespaces nobody knows which exist, and a denial would hold for all names below (RFC 8020).
        ("default.nomad", NOERROR),
        ("perhaps.nomad", NOERROR),
        ("dc1.dc.nomad", NOERROR),
        ("_redis.default.nomad", NOERROR),
    ] {
        let decoded = clients.agreed(&question(asked)).await;
        assert_eq!((decoded.rcode, decoded.answer.len()), (rcode, 0), "{asked}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_namespace_that_is_not_configured_is_not_read() {
    let nomad = unlisted();
    let only_default = |settings: &mut Settings| {
        quick(settings);
        settings.sync.namespaces = vec!["default".into()];
    };
    let (gateway, mut clients) = gateway(&nomad, only_default).await;
    let before = reads(&nomad);
    assert_eq!(ask(&mut clients, "web.prod.nomad").await.rcode, NXDOMAIN);
    assert_eq!(reads(&nomad), before);
    assert_eq!(
        ask(&mut clients, "redis.default.nomad").await.answer.len(),
        2
    );
    gateway.end().await;
}

#[tokio::test]
async fn equal_queries_cost_one_read_and_what_was_read_is_kept() {
    let nomad = unlisted();
    let (gateway, mut clients) = gateway(&nomad, keeps_long).await;
    let before = reads(&nomad);
    nomad.break_next("/v1/service/", Fault::Slow(Duration::from_millis(200)), 1);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut clients = Clients::connect(&gateway).await;
        asking.spawn(async move { ask(&mut clients, "redis.default.nomad").await.answer.len() });
    }
    assert!(asking.join_all().await.into_iter().all(|count| count == 2));
    for asked in [
        "redis.default.nomad",
        "redis.default.nomad AAAA",
        "_redis._tcp.default.nomad SRV",
    ] {
        assert_eq!(ask(&mut clients, asked).await.rcode, NOERROR);
    }
    assert_eq!(reads(&nomad), before + 1);
    gateway.end().await;
}

#[tokio::test]
async fn a_change_shows_when_the_keeping_time_is_over() {
    let nomad = unlisted();
    let (gateway, mut clients) = gateway(&nomad, |settings| {
        quick(settings);
        settings.sync.on_demand.keep = Duration::from_millis(100);
        settings.sync.on_demand.keep_absent = Duration::from_millis(100);
    })
    .await;
    assert_eq!(
        ask(&mut clients, "redis.default.nomad").await.answer.len(),
        2
    );
    for count in [3_u8, 1, 0, 2] {
        let one = |it| Registration::new("default", "redis").address(format!("10.3.0.{it}"));
        nomad.replace("default", "redis", (0..count).map(one));
        until("replaced", async || {
            let decoded = ask(&mut clients, "redis.default.nomad").await;
            let data = decoded.data().into_iter();
            data.filter(|it| it.starts_with("10.3.")).count() == usize::from(count)
        })
        .await;
    }
    gateway.end().await;
}

#[tokio::test]
async fn while_nomad_is_away_what_was_read_is_answered_and_the_rest_is_not_denied() {
    let nomad = unlisted();
    let (gateway, mut clients) = gateway(&nomad, |settings| {
        quick(settings);
        settings.sync.on_demand.keep = Duration::from_millis(1);
    })
    .await;
    assert_eq!(
        ask(&mut clients, "redis.default.nomad").await.answer.len(),
        2
    );
    nomad.vanish().await;
    for _ in 0..3 {
        assert_eq!(
            ask(&mut clients, "redis.default.nomad").await.answer.len(),
            2
        );
        let unread = ask(&mut clients, "web.prod.nomad").await;
        assert_eq!((unread.rcode, unread.extended_errors), (SERVFAIL, vec![22]));
    }
    nomad.come_back().unwrap();
    until("read again", async || {
        ask(&mut clients, "web.prod.nomad").await.answer.len() == 1
    })
    .await;
    gateway.end().await;
}

#[tokio::test]
async fn many_names_cost_no_more_reads_than_the_budget_has() {
    let nomad = unlisted();
    let (gateway, mut clients) = gateway(&nomad, |settings| {
        keeps_long(settings);
        settings.sync.on_demand.reads_per_second = 1;
        settings.sync.on_demand.names = 10;
        settings.stack.timeout = Duration::from_millis(20);
    })
    .await;
    // One read may take longer than a query waits; its answer is there for a later one.
    let redis = "redis.default.nomad";
    let begun = tokio::time::Instant::now();
    while ask(&mut clients, redis).await.answer.len() != 2 {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    let (before, mut refused) = (reads(&nomad), 0);
    let started = tokio::time::Instant::now();
    for number in 0..50 {
        let name = format!("name-{number}.default.nomad");
        refused += u64::from(ask(&mut clients, &name).await.rcode == SERVFAIL);
    }
    let granted = 2 + started.elapsed().as_secs();
    let made = reads(&nomad) - before;
    assert!(
        refused >= 50 - granted && made <= granted,
        "{refused} refused, {made} reads of {granted}"
    );
    assert_eq!(ask(&mut clients, redis).await.answer.len(), 2);
    let failures = "nomadns_failures_total{reason=\"timed_out\"}";
    let refused = f64::from(u32::try_from(refused).unwrap());
    assert!(gateway.metric(failures).await >= refused);
    gateway.end().await;
}

#[tokio::test]
async fn the_filter_excluded_tags_and_health_hold_for_what_is_read_on_demand() {
    let nomad = guarded(Token::reads_everything());
    nomad.break_requests("/v1/services", Fault::permission_denied());
    let db = [(1, "a"), (2, "a"), (3, "old")].map(|(at, tag)| {
        Registration::new("default", "db")
            .address(format!("10.3.0.{at}"))
            .tags([tag])
    });
    nomad.register(db.clone());
    nomad.check_instances(&db[..1], "failure");
    nomad.check_instances(&db[1..], "success");
    let (gateway, mut clients) = gateway(&nomad, |settings| {
        quick(settings);
        settings.sync.filter = "Tags not contains \"old\"".into();
        settings.sync.exclude_tags = vec!["canary".into()];
        settings.sync.health.look_every = Duration::from_millis(20);
        settings.sync.health.check_every = Duration::from_millis(50);
    })
    .await;
    assert_eq!(
        ask(&mut clients, "web.prod.nomad").await.rcode,
        NXDOMAIN,
        "all of it has an excluded tag"
    );
    until("the failing one is left out", async || {
        ask(&mut clients, "db.default.nomad").await.data() == ["10.3.0.2"]
    })
    .await;
    gateway.end().await;
}

/// Aliases in a Nomad that lists nothing: `ALIAS.default` is at `HOST`.
fn with_aliases(aliases: &[(&str, &str)]) -> SimulatedNomad {
    let nomad = unlisted();
    for (alias, host) in aliases {
        nomad.register([Registration::new("default", alias).address(*host)]);
    }
    nomad
}

#[tokio::test]
async fn what_cnames_lead_to_is_read_too_and_once() {
    let nomad = with_aliases(&[
        ("alias", "redis.default.nomad"),
        ("second", "alias.default.nomad"),
        ("nowhere", "nobody.default.nomad"),
        ("a", "b.default.nomad"),
        ("b", "a.default.nomad"),
    ]);
    let (gateway, mut clients) = gateway(&nomad, keeps_long).await;
    for (asked, rcode, records, cost) in [
        ("second.default.nomad SRV", NOERROR, 1, 1),
        ("second.default.nomad", NOERROR, 4, 2),
        ("second.default.nomad", NOERROR, 4, 0),
        ("alias.default.nomad AAAA", NOERROR, 1, 0),
        ("nowhere.default.nomad", NXDOMAIN, 1, 2),
        ("a.default.nomad", NOERROR, 0, 2),
    ] {
        let before = reads(&nomad);
        let decoded = ask(&mut clients, asked).await;
        assert_eq!(decoded.rcode, rcode, "{asked}");
        assert_eq!(decoded.answer.len(), records, "{asked}");
        assert_eq!(reads(&nomad), before + cost, "{asked}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_target_that_cannot_be_read_is_not_denied() {
    let nomad = with_aliases(&[("alias", "late.default.nomad")]);
    let (gateway, mut clients) = gateway(&nomad, keeps_long).await;
    nomad.break_requests("/v1/service/late", Fault::permission_denied());
    for asked in ["alias.default.nomad", "late.default.nomad"] {
        let decoded = ask(&mut clients, asked).await;
        assert_eq!(decoded.rcode, SERVFAIL, "{asked}");
        assert!(decoded.answer.is_empty(), "{asked}");
        assert_eq!(decoded.extended_errors, vec![18], "{asked}");
    }
    gateway.end().await;
}
