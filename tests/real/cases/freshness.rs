//! How far the gateway's answers are behind Nomad's own word.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::machine::api::{Api, Reply};
use crate::machine::cluster::{Cluster, ports_of};
use crate::machine::gateway::{Asker, Gateway};
use crate::machine::jobs::Job;
use crate::machine::{AT_MOST, run_alone, say};

/// So many changes are measured: each takes away one instance.
const SERVICES: usize = 20;
const INSTANCES: usize = 10;

/// How often the gateway is asked.
const ASKED_EVERY: Duration = Duration::from_micros(200);

/// Far more than it is on a machine that is not busy.
const MEDIAN_AT_MOST: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_in_the_next_answer() {
    let Some(run) = run_alone().await else { return };
    let cluster = Cluster::of_one(&run.nomad).await;
    let names: Vec<String> = (0..SERVICES).map(|it| format!("web{it}")).collect();
    let job = Job::new("many").services(names.clone()).count(INSTANCES);
    cluster.run(&job).await;
    let gateway = Gateway::ready(&cluster.addresses()).await;
    let mut lags = Vec::new();
    for service in &names {
        lags.extend(lags_of(&cluster.api(), &gateway, service).await);
    }
    lags.sort();
    assert_eq!(lags.len(), SERVICES * INSTANCES);
    let (median, worst) = (lags[lags.len() / 2], lags[lags.len() - 1]);
    let high = lags[lags.len() * 99 / 100];
    say(&format!(
        "{} changes, behind Nomad's own blocking query: median {median:.1?}, 99 % {high:.1?}, worst {worst:.1?}",
        lags.len()
    ));
    assert!(median < MEDIAN_AT_MOST, "{lags:?}");
}

/// Deregisters the instances of a service one by one; how much later than Nomad the gateway shows each.
async fn lags_of(api: &Api, gateway: &Gateway, service: &str) -> Vec<Duration> {
    let path = format!("/v1/service/{service}");
    let mut known = api.get(&path).await;
    let ids = known.body.as_array().unwrap().iter();
    let ids: Vec<String> = ids.map(|it| it["ID"].as_str().unwrap().into()).collect();
    let name = format!("{service}.default.nomad");
    gateway.until_ports(&name, &ports_of(&known.body)).await;
    let mut lags = Vec::new();
    for id in ids {
        let before = ports_of(&known.body);
        let (nomad, asker) = (api.clone(), gateway.asker().await);
        let (waiting, last) = (path.clone(), known.clone());
        let reported = tokio::spawn(async move { until_reported(&nomad, &waiting, &last).await });
        let asked = name.clone();
        let shown = tokio::spawn(async move { until_shown(&asker, &asked, &before).await });
        api.delete(&format!("{path}/{id}")).await;
        let (at, reply) = reported.await.unwrap();
        let (shown_at, ports) = shown.await.unwrap();
        assert_eq!(ports, ports_of(&reply.body));
        lags.push(shown_at.saturating_duration_since(at));
        known = reply;
    }
    lags
}

/// Waits at Nomad until a service has other instances than in its last answer.
async fn until_reported(api: &Api, path: &str, last: &Reply) -> (Instant, Reply) {
    let (before, mut index) = (ports_of(&last.body), last.index);
    let begun = Instant::now();
    loop {
        let waiting = format!("{path}?index={index}&wait={}s", AT_MOST.as_secs());
        let reply = api.get(&waiting).await;
        let at = Instant::now();
        if ports_of(&reply.body) != before {
            return (at, reply);
        }
        assert!(begun.elapsed() < AT_MOST, "Nomad tells nothing of {path}");
        index = reply.index;
    }
}

/// Asks the gateway until a service has other instances.
async fn until_shown(
    asker: &Asker,
    name: &str,
    before: &BTreeSet<u16>,
) -> (Instant, BTreeSet<u16>) {
    let begun = Instant::now();
    loop {
        let answer = asker.ask(name).await;
        if answer.ports != *before {
            return (Instant::now(), answer.ports);
        }
        assert!(begun.elapsed() < AT_MOST, "{name} stays {answer:?}");
        sleep(ASKED_EVERY).await;
    }
}
