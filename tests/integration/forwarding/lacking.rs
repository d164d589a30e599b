//! Upstreams that lack something: room over UDP, EDNS, an eye for letter case.

use nomadns::forward::UpstreamResult;

use super::upstream::{GOOD, Reply, ScriptedUpstream, Seen};
use super::*;

#[tokio::test]
async fn an_answer_that_is_cut_short_or_too_long_for_udp_comes_over_tcp() {
    let upstream = ScriptedUpstream::start(|asked| {
        if !asked.over_tcp {
            let bits = if asked.name() == "long.example" {
                GOOD
            } else {
                GOOD | 0x0200
            };
            let mut response = asked.response(bits);
            for last in 0..250 {
                response = response.record(0, "", 1, 60, &[192, 0, 2, last]);
            }
            let mut octets = response.octets();
            if bits == GOOD {
                octets.resize(9000, 0);
            }
            return vec![Reply::Now(octets)];
        }
        let mut response = asked.response(GOOD);
        for number in 0..4000_u16 {
            let [high, low] = number.to_be_bytes();
            response = response.record(0, "", 1, 60, &[10, 0, high, low]);
        }
        vec![Reply::Now(response.octets())]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for name in ["cut.example", "long.example"] {
        let answered = alone.ask(name).await.unwrap();
        assert_eq!(answered.answer.answer_count(), 4000, "{name}");
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_know_edns_is_asked_without() {
    const FORMERR: u16 = 1;
    let upstream = ScriptedUpstream::start(|asked| {
        let octets = match asked.has_opt() {
            true => asked.response(GOOD | FORMERR).octets(),
            false => asked.address(7),
        };
        vec![Reply::Now(octets)]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for name in ["one.example", "two.example"] {
        let answer = alone.ask(name).await.unwrap().answer;
        assert!(has_address(&answer, 7), "{answer:?}");
    }
    let seen = upstream.seen();
    let with_opt = seen.iter().filter(|it| it.has_opt());
    assert!(with_opt.count() >= 1);
    let second = seen.iter().filter(|it| it.name() == "two.example");
    assert!(second.clone().count() >= 1 && second.clone().all(|it| !it.has_opt()));

    // One that says so whatever it is asked is asked twice and left.
    let never =
        ScriptedUpstream::start(|asked| vec![Reply::Now(asked.response(GOOD | FORMERR).octets())]);
    let never = never.await;
    let alone = Alone::start(&all_to(&[never.url()]));
    let error = alone.ask("www.example").await.unwrap_err();
    assert_eq!(error, ForwardError::Failed(None));
}

#[tokio::test]
async fn an_error_without_the_question_is_taken_for_one() {
    // RFC 6891 §7: a server that cannot read an OPT may know as little of the rest.
    let upstream = ScriptedUpstream::start(|asked| {
        let mut bare = asked.response(GOOD | 1).octets();
        bare.truncate(12);
        bare[4..].fill(0);
        vec![Reply::Now(match asked.has_opt() {
            true => bare,
            false => asked.address(7),
        })]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    let answer = alone.ask("www.example").await.unwrap().answer;
    assert!(has_address(&answer, 7), "{answer:?}");
    let seen = upstream.seen();
    let of_name: Vec<_> = seen
        .iter()
        .filter(|it| it.name() == "www.example")
        .collect();
    assert!(
        of_name.len() <= 2 && of_name.iter().all(|it| !it.over_tcp),
        "{seen:?}"
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_short_over_tcp_too_is_no_answer() {
    let upstream = ScriptedUpstream::start(|asked| {
        let cut = asked.response(GOOD | 0x0200).address("", 60, 7);
        vec![Reply::Now(cut.octets())]
    })
    .await;
    for (url, least) in [
        (upstream.url(), 2),
        (format!("tcp://{}", upstream.address), 1),
    ] {
        let alone = Alone::start(&all_to(&[url]));
        let error = alone.ask("www.example").await.unwrap_err();
        assert_eq!(error, ForwardError::Failed(None));
        assert!(counted(&alone, UpstreamResult::Truncated) >= least);
        assert_eq!(counted(&alone, UpstreamResult::Answered), 0);
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_keep_letter_case_is_found_out_over_tcp_once() {
    // So many letters that by chance they are never all small.
    const LETTERS: &str = "a-host-with-so-many-letters-that-they-never-are-all-small";
    let upstream = ScriptedUpstream::start(|asked| {
        let mut octets = asked.address(7);
        let end = octets.len().min(72);
        octets[12..end].make_ascii_lowercase();
        vec![Reply::Now(octets)]
    })
    .await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    for number in 100..110 {
        let name = format!("{LETTERS}-{number}.example");
        alone.ask(&name).await.unwrap();
    }
    let seen = upstream.seen();
    let over_tcp = seen.iter().filter(|seen| seen.over_tcp).count();
    assert!(
        (1..=3).contains(&over_tcp),
        "{over_tcp} of {} queries",
        seen.len()
    );
    let has_capitals = |it: &Seen| it.octets[12..72].iter().any(u8::is_ascii_uppercase);
    assert!(has_capitals(&seen[0]) && !has_capitals(seen.last().unwrap()));
}
