//! What the gateway costs Nomad when it is well and when it is not: connections and requests.

use std::sync::Arc;

use nomadns::catalog::Catalog;
use nomadns::demo::{Acl, Enforcement, Fault, Options, Token};
use nomadns::nomad::{self, Client, TokenSource};
use nomadns::secret::Secret;
use nomadns::sync::{self, Status};

use super::*;
use crate::support::replay::{Replay, Reply};

const OUTAGE: Duration = Duration::from_secs(300);
const STEP: Duration = Duration::from_millis(500);

/// Follows what is at an address for five minutes of paused time.
async fn five_minutes(url: &str, token: TokenSource, namespaces: &[&str]) {
    let mut settings = nomad::NomadSettings::new(vec![url.parse().unwrap()]);
    settings.token = token;
    let client = Client::new(settings).unwrap();
    let sync = sync::SyncSettings {
        namespaces: namespaces.iter().map(|&name| name.to_owned()).collect(),
        ..sync::SyncSettings::default()
    };
    let writer = Arc::new(Catalog::new()).writer();
    let status = Arc::new(Status::new());
    let following = tokio::spawn(sync::run(
        sync,
        client,
        writer,
        status,
        std::future::pending(),
    ));
    for _ in 0..OUTAGE.as_millis() / STEP.as_millis() {
        // While a thread is busy the clock stands still, and what is on the way arrives.
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(3)))
            .await
            .unwrap();
        tokio::time::advance(STEP).await;
    }
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn row_5_an_outage_costs_one_request_a_second_at_most() {
    let failing = Replay::start(|_| Reply::Close(Vec::new())).await;
    five_minutes(&failing.url(), TokenSource::None, &["*"]).await;
    let requests = failing.heads().len();
    assert!(
        (5..=300).contains(&requests),
        "{requests} requests in five minutes"
    );
}

#[tokio::test(start_paused = true)]
async fn row_5_a_refused_token_costs_one_request_a_second_at_most() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.set_acl(Acl {
        enforcement: Enforcement::On,
        tokens: [("nothing".to_owned(), Token::without_rights())].into(),
    });
    let names: Vec<_> = (0..60)
        .map(|number| format!("namespace-{number}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    five_minutes(
        &nomad.url(),
        TokenSource::Fixed(Secret::new("nothing")),
        &names,
    )
    .await;
    let requests = nomad.load("/v1/services").requests + nomad.load("/v1/service/:name").requests;
    assert!(
        (60..=300).contains(&requests),
        "{requests} requests in five minutes"
    );
}

#[tokio::test]
async fn no_more_than_ten_connections_are_open_whatever_is_followed_and_read() {
    for namespaces in [1, 3, 6] {
        let nomad = SimulatedNomad::start(Options::default()).unwrap();
        let mut names = Vec::new();
        for number in 0..namespaces {
            let name = format!("namespace-{number}");
            nomad.create_namespace(&name);
            for service in 0..50 {
                nomad.register([Registration::new(&name, &format!("service-{service}"))]);
            }
            names.push(name);
        }
        nomad.break_next("/v1/service/", Fault::Slow(Duration::from_millis(20)), 100);
        let gateway = Gateway::with(&nomad.url(), |settings| {
            settings.sync.namespaces = names;
            settings.sync.reads_in_flight = 64;
        });
        gateway.until_ready().await;
        for _ in 0..20 {
            nomad.cut_connections();
            nomad.register([Registration::new("namespace-0", "more")]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let peak = nomad.peak_connections();
        assert!(
            peak <= 10,
            "{peak} connections with {namespaces} namespaces"
        );
        gateway.end().await;
    }
}
