//! What is kept of upstreams' answers, and what is given when no upstream answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::upstream::{GOOD, Reply, ScriptedUpstream};
use super::*;

#[tokio::test]
async fn an_answer_is_kept_and_counted_down_and_by_each_worker_too_once_it_is_asked_for_again() {
    let upstream = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    let first = alone.ask("www.example").await.unwrap();
    assert!(!first.sources.are_current(), "a worker does not keep it");
    let again = alone.ask("www.example").await.unwrap();
    assert!(again.sources.are_current(), "a worker may keep it");
    for asked in [&first, &again] {
        let freshness = asked.answer.freshness_seconds().unwrap();
        assert!((299..=300).contains(&freshness), "{freshness}");
    }
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert!(
        !again.sources.are_current(),
        "and looks again after a second"
    );
    let later = match alone.forwarder.ask(&query("WWW.example"), client()) {
        Forwarded::Ready(result) => result.unwrap(),
        Forwarded::Waiting(_) => panic!("it is kept"),
    };
    let left = later.answer.freshness_seconds().unwrap();
    assert!((1..=298).contains(&left), "{left}");
    assert_eq!(names(&upstream), ["www.example"]);
}

#[tokio::test]
async fn what_must_not_be_kept_is_asked_each_time() {
    let upstream = ScriptedUpstream::start(|asked| {
        let response = asked.response(GOOD);
        vec![Reply::Now(match &*asked.name() {
            "zero.example" => response.address("", 0, 7).octets(),
            // A denial without an SOA.
            _ => response.octets(),
        })]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for name in ["zero.example", "bare.example"] {
        for _ in 0..3 {
            assert!(!is_known(&alone, name));
            let answered = alone.ask(name).await.unwrap();
            assert!(!answered.sources.are_current());
        }
    }
    assert!(upstream.seen().len() >= 6);
}

#[tokio::test]
async fn an_older_answer_is_given_where_no_upstream_answers_and_no_failure_hides_it() {
    static IS_GONE: AtomicBool = AtomicBool::new(false);
    let upstream =
        ScriptedUpstream::start(
            |asked| match (IS_GONE.load(Ordering::Relaxed), &*asked.name()) {
                (false, _) => vec![Reply::Now(asked.response(GOOD).address("", 1, 7).octets())],
                (true, "fails.example") => vec![Reply::Now(asked.response(GOOD | 2).octets())],
                (true, _) => Vec::new(),
            },
        )
        .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    alone.ask("fails.example").await.unwrap();
    alone.ask("silent.example").await.unwrap();
    IS_GONE.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for name in ["fails.example", "silent.example"] {
        let stale = alone.ask(name).await.unwrap();
        assert_eq!(stale.answer.freshness_seconds(), Some(30));
        assert_eq!(stale.answer.extended_error().unwrap().code, 3);
        assert!(!stale.sources.are_current(), "a worker does not keep it");
    }
    // Nobody is asked again for a while.
    crate::support::gateway::until("known", async || is_known(&alone, "silent.example")).await;
    let before = upstream.seen().len();
    assert!(is_known(&alone, "fails.example") && is_known(&alone, "silent.example"));
    assert_eq!(upstream.seen().len(), before);
}

/// The time stands still but where all wait, which is for nobody then.
#[tokio::test(start_paused = true)]
async fn an_older_answer_is_given_after_1800_ms_while_upstreams_are_waited_for_still() {
    static IS_GONE: AtomicBool = AtomicBool::new(false);
    let upstream = ScriptedUpstream::start(|asked| match IS_GONE.load(Ordering::Relaxed) {
        false => vec![Reply::Now(asked.response(GOOD).address("", 1, 7).octets())],
        true => Vec::new(),
    })
    .await;
    let mut settings = all_to(&[upstream.url()]);
    settings.cache.failure = Duration::from_millis(1);
    let alone = Alone::start(&settings);
    // The system may be slower than a time that does not wait for it.
    crate::support::gateway::until("kept", async || alone.ask("www.example").await.is_ok()).await;
    IS_GONE.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begun = tokio::time::Instant::now();
    let stale = alone.ask("www.example").await.unwrap();
    let took = begun.elapsed();
    let expected = Duration::from_millis(1800);
    assert!(
        took >= expected && took < expected + Duration::from_millis(10),
        "{took:?}"
    );
    assert_eq!(stale.answer.extended_error().unwrap().code, 3);
    assert_eq!(alone.forwarder.under_way(), (1, 0));
}

#[tokio::test]
async fn dnssec_records_and_unchecked_data_are_kept_apart() {
    let upstream = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for (dnssec_ok, checking_disabled) in
        [(false, false), (true, false), (false, true), (true, true)]
    {
        let mut asked = query("www.example");
        asked.flags.checking_disabled = checking_disabled;
        asked.edns.as_mut().unwrap().dnssec_ok = dnssec_ok;
        for _ in 0..2 {
            if let Forwarded::Waiting(waiting) = alone.forwarder.ask(&asked, client()) {
                waiting.answer().await.unwrap();
            }
        }
    }
    let seen = upstream.seen();
    // CD and DO, as they went upstream: our own OPT, and nothing of the client's.
    let bits = |it: &upstream::Seen| {
        let opt = &it.octets[it.octets.len() - 11..];
        assert_eq!(&opt[..5], [0, 0, 41, 4, 208], "{opt:?}");
        (it.octets[3] & 0x10 != 0, opt[7] & 0x80 != 0)
    };
    let mut asked: Vec<(bool, bool)> = seen.iter().map(bits).collect();
    asked.dedup();
    assert_eq!(
        asked,
        [(false, false), (false, true), (true, false), (true, true)]
    );
}
