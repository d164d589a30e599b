//! Many at once: equal questions, floods of names, clients that ask for all there is.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use nomadns::demo::Registration;

use super::upstream::{Reply, ScriptedUpstream};
use super::*;
use crate::support::gateway::AT_MOST;

#[tokio::test]
async fn of_10_000_equal_questions_at_once_one_goes_upstream() {
    let upstream = ScriptedUpstream::start(|asked| {
        vec![Reply::After(Duration::from_millis(80), asked.address(7))]
    })
    .await;
    let mut settings = all_to(&[upstream.url()]);
    settings.limits.waiting_per_client = 10_000;
    let alone = Alone::start(&settings);
    let asked = (0..10_000).map(
        |_| match alone.forwarder.ask(&query("www.example"), client()) {
            Forwarded::Waiting(waiting) => waiting.answer(),
            Forwarded::Ready(_) => panic!("nothing was answered yet"),
        },
    );
    let answers = join_all(asked.collect::<Vec<_>>()).await;
    assert!(answers.iter().all(Result::is_ok));
    let coalesced = &alone.forwarder.counters().coalesced;
    assert_eq!(coalesced.load(Ordering::Relaxed), 9_999);
    assert!(
        upstream.seen().len() <= 3,
        "it is sent again only where the machine is slow"
    );
    assert_eq!(alone.forwarder.under_way(), (0, 0));
}

#[tokio::test]
async fn too_many_that_wait_are_refused_by_client_and_in_all() {
    let silent = ScriptedUpstream::start(|_| Vec::new()).await;
    let mut settings = all_to(&[silent.url()]);
    settings.limits = FlightLimits {
        questions: 20,
        waiting: 1000,
        waiting_per_client: 10,
    };
    let alone = Alone::start(&settings);
    let mut waiting = Vec::new();
    let mut ask = |client: u8, name: &str| {
        let from = ClientAddress::proven(Some(IpAddr::from([10, 0, 0, client])));
        match alone.forwarder.ask(&query(name), from) {
            Forwarded::Waiting(it) => {
                waiting.push(it);
                true
            }
            Forwarded::Ready(result) => {
                assert_eq!(result.unwrap_err(), ForwardError::Overloaded);
                false
            }
        }
    };
    let taken = (0..15)
        .filter(|number| ask(1, &format!("a{number}.example")))
        .count();
    assert_eq!(taken, 10, "of one client");
    let taken = (0..15)
        .filter(|number| ask(*number + 2, &format!("b{number}.example")))
        .count();
    assert_eq!(taken, 10, "questions in all");
    // For what is under way others may wait.
    assert!(ask(100, "a1.example") && ask(101, "b1.example"));
    drop(waiting);
    assert_eq!(alone.forwarder.under_way(), (20, 0));
}

/// How many queries of each kind one client sends.
const EACH: u16 = 20;

#[tokio::test]
async fn queries_that_wait_for_upstreams_take_no_room_of_those_of_the_cluster() {
    let silent = ScriptedUpstream::start(|_| Vec::new()).await;
    let nomad = cast();
    // More instances than are answered on the spot: its queries wait for a turn.
    nomad.register((0..100).map(|last| {
        let many = Registration::new("default", "many");
        many.address(format!("10.9.0.{last}")).port(80)
    }));
    let url = silent.url();
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.forward = Some(all_to(&[url]));
        it.udp.waiting = 1;
    });
    gateway.until_ready().await;
    // One socket, and so one worker.
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    let ask = async |id: u16, name: &str| {
        let question = Question::new(name, "A".parse().unwrap());
        socket.send(&question.message(id)).await.unwrap();
    };
    for id in 0..EACH {
        ask(id, &format!("n{id}.example")).await;
    }
    ask(EACH, "many.default.nomad").await;
    let mut octets = [0; 4096];
    let mut failed = 0;
    for _ in 0..=EACH {
        let received = tokio::time::timeout(AT_MOST, socket.recv(&mut octets));
        received.await.expect("all are answered").unwrap();
        let is_own = u16::from_be_bytes([octets[0], octets[1]]) == EACH;
        assert_eq!(octets[3] & 0xf, if is_own { 0 } else { 2 });
        failed += u16::from(!is_own);
    }
    assert_eq!(failed, EACH);
    assert_eq!(gateway.metric("nomadns_udp_dropped_total").await, 0.0);
    gateway.end().await;
}

#[tokio::test]
async fn a_flood_of_random_names_drives_out_no_answer_of_the_cluster() {
    let upstream = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
    let nomad = cast();
    let mut forward = all_to(&[upstream.url()]);
    forward.cache.octets = 1 << 20;
    forward.worker_octets = 1 << 18;
    forward.limits.waiting_per_client = 10_000;
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.forward = Some(forward);
        // However long the flood takes.
        it.zones.negative_ttl_seconds = 3600;
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let own = ["redis.default.nomad", "nope.default.nomad"]
        .map(|it| Question::new(it, "A".parse().unwrap()));
    for question in own.iter().chain(&own) {
        clients.agreed(question).await;
    }
    let mut stream = tokio::net::TcpStream::connect(gateway.dns).await.unwrap();
    for round in 0..50 {
        let mut framed = Vec::new();
        for number in 0..100 {
            let question =
                Question::new(&format!("r{round}-{number}.example"), "A".parse().unwrap());
            framed.extend(crate::support::clients::framed(&question.message(number)));
        }
        tokio::io::AsyncWriteExt::write_all(&mut stream, &framed)
            .await
            .unwrap();
        for _ in 0..100 {
            crate::support::clients::next_message(&mut stream)
                .await
                .unwrap();
        }
    }
    let misses = gateway.metric("nomadns_forward_cache_misses_total").await;
    assert!(misses >= 5000.0, "{misses}");
    let octets = gateway.metric("nomadns_forward_cache_octets").await;
    assert!(octets <= f64::from(1 << 20), "{octets}");
    assert_eq!(gateway.metric("nomadns_cache_evictions_total").await, 0.0);
    let before = gateway.metric("nomadns_cache_hits_total").await;
    // The denial; what is known of the other's health may have changed meanwhile.
    clients.ask_udp(&own[1]).await;
    let after = gateway.metric("nomadns_cache_hits_total").await;
    assert!(
        after >= before + 1.0,
        "the cluster's answers are there still"
    );
    gateway.end().await;
}
