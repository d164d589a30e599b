//! The connections to an agent: never more than are allowed, and not opened anew for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nomadns::demo::{Fault, Options, Registration, SimulatedNomad};
use nomadns::nomad::{Client, NomadSettings, QueryOptions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::replay::{Reply, ok, serve};

const SERVICES: usize = 20;
const MOST: usize = 10;

fn nomad() -> (SimulatedNomad, Client) {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register((0..SERVICES).map(|number| Registration::new("default", &service(number))));
    let settings = NomadSettings::new(vec![nomad.url().parse().unwrap()]);
    (nomad, Client::new(settings).unwrap())
}

fn service(number: usize) -> String {
    format!("service-{}", number % SERVICES)
}

async fn read(client: Client, number: usize) {
    let name = service(number);
    let read = client.service("default", &name, "", QueryOptions::default());
    read.await.unwrap();
}

/// The connections to a server: those that are open, the most that were, and all.
#[derive(Debug, Default)]
struct Counted {
    open: AtomicUsize,
    peak: AtomicUsize,
    all: AtomicUsize,
}

/// A server that counts the connections to it.
async fn counting() -> (String, Arc<Counted>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counted = Arc::<Counted>::default();
    let (seen, mut task) = (Arc::clone(&counted), JoinSet::new());
    task.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let counted = Arc::clone(&seen);
            connections.spawn(async move {
                let order = Ordering::Relaxed;
                let open = counted.open.fetch_add(1, order) + 1;
                counted.peak.fetch_max(open, order);
                counted.all.fetch_add(1, order);
                let answer = Arc::new(|_: &str| Reply::Send(ok(7, "[]")));
                serve(stream, answer, Arc::default()).await;
                counted.open.fetch_sub(1, order);
            });
        }
    });
    (url, counted, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_opens_no_more_connections_than_are_allowed_and_uses_them_again() {
    let (url, counted, _task) = counting().await;
    let client = super::client(&[&url]);
    for _ in 0..30 {
        let mut reads = JoinSet::new();
        for number in 0..100 {
            reads.spawn(read(client.clone(), number));
        }
        reads.join_all().await;
    }
    let peak = counted.peak.load(Ordering::Relaxed);
    let all = counted.all.load(Ordering::Relaxed);
    assert!(peak <= MOST, "{peak} at once");
    assert!(all <= 10 * MOST, "{all} opened for 3000 reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_given_up_leave_no_more_connections_than_are_allowed() {
    let (nomad, client) = nomad();
    for round in 0..60 {
        let slow = Duration::from_millis(20);
        nomad.break_next("/v1/service/", Fault::Slow(slow), 4);
        let mut reads = JoinSet::new();
        for number in 0..30 {
            let read = read(client.clone(), number);
            let patience = Duration::from_millis(2 + round % 7);
            reads.spawn(async move { drop(timeout(patience, read).await) });
        }
        let list = client.list_services("*", QueryOptions::default().over(1 << 40, slow * 100));
        drop(timeout(slow / 4, list).await);
        reads.join_all().await;
    }
    let peak = nomad.peak_connections();
    assert!(peak <= MOST, "{peak} at once");
}
