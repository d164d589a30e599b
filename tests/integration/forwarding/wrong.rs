//! Upstreams that are gone, slow, lame, broken or imitated: what a client gets, and how soon.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nomadns::forward::UpstreamResult;
use tokio::time::Instant;

use super::upstream::{GOOD, Reply, ScriptedUpstream, Seen};
use super::*;

/// The flag TC of a header.
const TRUNCATED: u16 = 0x0200;

/// What it may cost in time is held by the model of the policy; here the machine may be slow.
#[tokio::test]
async fn where_one_upstream_fails_another_is_asked_and_only_its_answer_is_given() {
    use UpstreamResult::{Failed, Malformed, Silent};
    type Script = fn(&Seen) -> Vec<Reply>;
    let scripts: [(&str, UpstreamResult, Script); 8] = [
        ("silent", Silent, |_| Vec::new()),
        ("SERVFAIL", Failed, |it| {
            vec![Reply::Now(it.response(GOOD | 2).octets())]
        }),
        ("REFUSED", Failed, |it| {
            vec![Reply::Now(it.response(GOOD | 5).octets())]
        }),
        ("lame", Failed, |it| {
            let response = it.response(0x8100);
            vec![Reply::Now(
                response
                    .record(1, "example", 2, 60, &upstream::wire("ns.example"))
                    .octets(),
            )]
        }),
        ("a circle", Malformed, |it| {
            let response = it
                .response(GOOD)
                .cname("", "a.example")
                .cname("a.example", "www.example");
            vec![Reply::Now(response.octets())]
        }),
        ("cut short within", Malformed, |it| {
            let mut octets = it.address(66);
            octets.truncate(octets.len() - 3);
            vec![Reply::Now(octets)]
        }),
        ("garbage", Silent, |_| vec![Reply::Now(vec![0xff; 40]); 2]),
        ("another question", Silent, |it| {
            let mut octets = it.address(66);
            octets[14] = b'x';
            vec![Reply::Now(octets)]
        }),
    ];
    for (what, result, script) in scripts {
        let wrong = ScriptedUpstream::start(script).await;
        let good = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
        let alone = Alone::start(&all_to(&[wrong.url(), good.url()]));
        let answered = alone.ask("www.example").await;
        let answer = answered
            .unwrap_or_else(|error| panic!("{what}: {error}"))
            .answer;
        assert!(has_address(&answer, 7), "{what}: {answer:?}");
        assert!(counted(&alone, result) >= 1, "{what}");
        assert!(!good.seen().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn an_upstream_that_nobody_listens_at_costs_next_to_nothing() {
    let gone = {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        format!("udp://{}", socket.local_addr().unwrap())
    };
    let good = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
    let alone = Alone::start(&all_to(&[gone, good.url()]));
    alone.ask("www.example").await.unwrap();
    // It was left because the system said so, and not after a wait.
    assert!(counted(&alone, UpstreamResult::Unreachable) >= 1);
    assert_eq!(counted(&alone, UpstreamResult::Silent), 0);
}

#[tokio::test]
async fn messages_that_are_not_the_response_are_ignored_until_tcp_is_asked() {
    // Two that are wrong, and then the right one.
    let upstream = ScriptedUpstream::start(|asked| {
        let mut wrong = asked.address(66);
        wrong[0] ^= 1;
        let (wrong, right) = (Reply::Now(wrong), Reply::Now(asked.address(7)));
        vec![
            Reply::Elsewhere(asked.address(66)),
            wrong.clone(),
            wrong,
            right,
        ]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    let answered = alone.ask("two.example").await.unwrap();
    assert_eq!(answered.answer.answer_count(), 1);
    assert!(upstream.seen().iter().all(|seen| !seen.over_tcp));

    // Never the right one, but over TCP.
    let upstream = ScriptedUpstream::start(|asked| {
        if asked.over_tcp {
            return vec![Reply::Now(asked.address(7))];
        }
        let wrong = |number: u16| {
            let mut octets = asked.address(66);
            let id = u16::from_be_bytes([octets[0], octets[1]]).wrapping_add(number);
            octets[..2].copy_from_slice(&id.to_be_bytes());
            Reply::Now(octets)
        };
        (1..20).map(wrong).collect()
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for number in 0..100 {
        let answered = alone.ask(&format!("n{number}.example")).await.unwrap();
        assert!(
            has_address(&answered.answer, 7),
            "a message with a wrong id was taken"
        );
    }
    let seen = upstream.seen();
    // More only where the machine is so slow that a question is sent again.
    assert!(seen.iter().filter(|seen| seen.over_tcp).count() >= 100);
    // Each query has a port of its own, and all that came over TCP one connection.
    let ports = |over_tcp: bool| {
        let of = seen.iter().filter(|seen| seen.over_tcp == over_tcp);
        of.map(|seen| seen.from.port())
            .collect::<std::collections::HashSet<u16>>()
            .len()
    };
    assert!(ports(false) > 90, "{} ports", ports(false));
    assert!(ports(true) <= 3, "{} connections", ports(true));
}

#[tokio::test]
async fn where_no_upstream_has_an_answer_that_is_kept_for_seconds() {
    let upstream =
        ScriptedUpstream::start(|asked| vec![Reply::Now(asked.response(GOOD | 2).octets())]).await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    let failed = ForwardError::Failed(None);
    assert_eq!(alone.ask("www.example").await.unwrap_err(), failed);
    let again = alone.forwarder.ask(&query("www.example"), client());
    assert!(
        matches!(again, Forwarded::Ready(Err(error)) if error == failed),
        "a failure is kept for a while"
    );
    assert!((1..=3).contains(&upstream.seen().len()), "no storm");
}

/// The time stands still but where all wait: nobody answers, so nothing else is waited for.
#[tokio::test(start_paused = true)]
async fn where_no_upstream_answers_that_is_said_after_two_seconds() {
    let silent = ScriptedUpstream::start(|_| Vec::new()).await;
    let alone = Alone::start(&all_to(&[silent.url()]));
    let begun = Instant::now();
    let error = alone.ask("www.example").await.unwrap_err();
    assert_eq!(error, ForwardError::TimedOut);
    let took = begun.elapsed();
    let in_all = Duration::from_secs(2);
    assert!(
        took >= in_all && took < in_all + Duration::from_millis(10),
        "{took:?}"
    );
    let seen = silent.seen();
    let asked = seen.iter().filter(|it| it.name() == "www.example");
    assert!(asked.count() <= 3, "no storm");
}

/// Has the one upstream go down, which is silent until `is_back` is set, and waits until it is asked again.
async fn assert_comes_back(alone: &Alone, is_back: &AtomicUsize) {
    for number in 0..4 {
        let names = (0..3).map(|it| format!("gone-{number}-{it}.example"));
        let names: Vec<String> = names.collect();
        futures_util::future::join_all(names.iter().map(|name| alone.ask(name))).await;
    }
    assert_eq!(
        alone.ask("now.example").await.unwrap_err(),
        ForwardError::Unreachable
    );
    is_back.store(1, Ordering::Relaxed);
    crate::support::gateway::until("up again", async || alone.ask("back.example").await.is_ok())
        .await;
}

#[tokio::test]
async fn an_upstream_that_is_down_is_probed_and_asked_again_when_it_is_back() {
    static IS_BACK: AtomicUsize = AtomicUsize::new(0);
    let upstream = ScriptedUpstream::start(|asked| match IS_BACK.load(Ordering::Relaxed) {
        0 => Vec::new(),
        _ => vec![Reply::Now(asked.address(7))],
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    assert_comes_back(&alone, &IS_BACK).await;
    let is_asked = upstream.seen().iter().any(|it| it.name() == "now.example");
    assert!(!is_asked, "it was known to be down");
}

#[tokio::test]
async fn a_distant_upstream_that_was_down_is_asked_again() {
    static IS_BACK: AtomicUsize = AtomicUsize::new(0);
    let upstream = ScriptedUpstream::start(|asked| match IS_BACK.load(Ordering::Relaxed) {
        0 => Vec::new(),
        // Longer than until the next probe.
        _ => vec![Reply::After(Duration::from_millis(700), asked.address(7))],
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    assert_comes_back(&alone, &IS_BACK).await;
}

#[tokio::test]
async fn an_upstream_of_udp_that_refuses_tcp_is_up_all_the_same() {
    let upstream = ScriptedUpstream::without_tcp(|asked| {
        let reply = match asked.name().starts_with("large") {
            true => asked.response(GOOD | TRUNCATED).octets(),
            false => asked.address(7),
        };
        vec![Reply::Now(reply)]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for number in 0..4 {
        assert!(alone.ask(&format!("large-{number}.example")).await.is_err());
        let small = alone.ask(&format!("small-{number}.example")).await;
        assert!(has_address(&small.unwrap().answer, 7));
    }
}
