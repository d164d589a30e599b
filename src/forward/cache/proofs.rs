//! What is kept, for how long, and what is given when.

use super::*;
use crate::dns::{AnswerBuilder, Name, Owner, RecordType, Section};

fn question(name: &str) -> ForwardQuestion {
    ForwardQuestion {
        name: name.parse::<Name>().unwrap().to_lower_case(),
        record_type: RecordType::A,
        dnssec_ok: false,
        checking_disabled: false,
    }
}

fn received(keep_seconds: Option<u32>) -> ReceivedAnswer {
    let mut builder = AnswerBuilder::new(&Name::ROOT);
    let ttl = keep_seconds.unwrap_or(0);
    builder.push(
        Section::Answer,
        Owner::Question,
        RecordType::A,
        ttl,
        |data| {
            data.octets(&[192, 0, 2, 1]);
        },
    );
    ReceivedAnswer {
        answer: builder.finish(),
        keep_seconds,
        is_denial: false,
        has_private_address: false,
    }
}

fn cache(octets: u64) -> ForwardCache {
    ForwardCache::new(ForwardCacheSettings {
        octets,
        stale: Duration::from_secs(100),
        ..ForwardCacheSettings::default()
    })
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What is found, in a word, with its TTL.
fn found(cache: &ForwardCache, now: Instant) -> String {
    match cache.find(&question("www.example"), now) {
        Found::Fresh {
            answer,
            is_wanted_again,
        } => {
            let again = if is_wanted_again { " again" } else { "" };
            format!("fresh {}{again}", answer.freshness_seconds().unwrap())
        }
        Found::Stale { answer, may_ask } => {
            let code = answer.extended_error().unwrap().code;
            format!(
                "stale {} {code} {may_ask}",
                answer.freshness_seconds().unwrap()
            )
        }
        Found::Failure(_) => "failure".into(),
        Found::Nothing => "nothing".into(),
    }
}

#[test]
fn an_answer_counts_down_is_stale_and_then_gone() {
    let (cache, begin) = (cache(1 << 20), Instant::now());
    assert_eq!(found(&cache, begin), "nothing");
    let answer = cache.keep(&question("WWW.example"), received(Some(60)), begin);
    assert_eq!(answer.freshness_seconds(), Some(60));
    for (after, expected) in [
        (0, "fresh 60"),
        (59, "fresh 1"),
        (60, "stale 30 3 true"),
        (159, "stale 30 3 true"),
        (160, "nothing"),
    ] {
        assert_eq!(
            found(&cache, begin + seconds(after)),
            expected,
            "after {after}"
        );
    }
}

#[test]
fn a_denial_is_kept_no_longer_than_denials_may_be_also_behind_an_alias() {
    let cache = ForwardCache::new(ForwardCacheSettings {
        octets: 1 << 20,
        most_negative_ttl_seconds: 10,
        most_ttl_seconds: 50,
        ..ForwardCacheSettings::default()
    });
    for (is_denial, kept) in [(true, 10), (false, 50)] {
        // What it has is the alias.
        let received = ReceivedAnswer {
            is_denial,
            ..received(Some(60))
        };
        let answer = cache.keep(&question("www.example"), received, Instant::now());
        assert_eq!(answer.freshness_seconds(), Some(kept));
    }
}

#[test]
fn what_is_asked_for_often_is_asked_for_again_once_before_its_time_is_over() {
    let (cache, begin) = (cache(1 << 20), Instant::now());
    cache.keep(&question("www.example"), received(Some(60)), begin);
    assert_eq!(found(&cache, begin + seconds(54)), "fresh 6");
    for after in [1, 2, 3] {
        found(&cache, begin + seconds(after));
    }
    assert_eq!(found(&cache, begin + seconds(55)), "fresh 5 again");
    assert_eq!(found(&cache, begin + seconds(55)), "fresh 5");
}

#[test]
fn a_failure_hides_no_older_answer_and_is_kept_for_seconds_where_there_is_none() {
    let (cache, begin) = (cache(1 << 20), Instant::now());
    let asked = question("www.example");
    assert!(
        cache
            .keep_failure(&asked, NoUpstreamAnswer::TimedOut, begin)
            .is_none()
    );
    assert_eq!(found(&cache, begin + seconds(4)), "failure");
    assert_eq!(found(&cache, begin + seconds(5)), "nothing");
    assert!(
        cache
            .keep_failure(&asked, NoUpstreamAnswer::Unreachable, begin + seconds(6))
            .is_none()
    );
    assert_eq!(found(&cache, begin + seconds(6)), "nothing");
    cache.keep(&asked, received(Some(10)), begin);
    let late = begin + seconds(20);
    let stale = cache
        .keep_failure(&asked, NoUpstreamAnswer::TimedOut, late)
        .unwrap();
    assert_eq!(stale.freshness_seconds(), Some(30));
    assert_eq!(found(&cache, late + seconds(29)), "stale 30 3 false");
    assert_eq!(found(&cache, late + seconds(30)), "stale 30 3 true");
    // Constant asking does not make it live longer.
    assert_eq!(found(&cache, begin + seconds(110)), "nothing");
}

#[test]
fn what_must_not_be_kept_is_not() {
    let (cache, begin) = (cache(1 << 20), Instant::now());
    for keep_seconds in [None, Some(0)] {
        cache.keep(&question("www.example"), received(keep_seconds), begin);
        assert_eq!(found(&cache, begin), "nothing");
    }
    let answer = cache.keep(
        &question("www.example"),
        received(Some(u32::MAX / 2)),
        begin,
    );
    assert_eq!(answer.freshness_seconds(), Some(86_400));
}

#[test]
fn dnssec_and_checking_are_other_questions() {
    let (cache, begin) = (cache(1 << 20), Instant::now());
    let asked = ForwardQuestion {
        dnssec_ok: true,
        ..question("www.example")
    };
    cache.keep(&asked, received(Some(60)), begin);
    assert_eq!(found(&cache, begin), "nothing");
}

#[test]
fn a_flood_of_names_stays_within_the_octets() {
    let (cache, begin) = (cache(256 << 10), Instant::now());
    for number in 0..20_000 {
        let name = question(&format!("n{number}.example"));
        cache.keep(&name, received(Some(60)), begin);
        cache.keep_failure(
            &question(&format!("f{number}.example")),
            NoUpstreamAnswer::TimedOut,
            begin,
        );
    }
    let (octets, count) = cache.size();
    assert!(
        octets <= 256 << 10 && count > 100,
        "{octets} octets of {count}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_before_is_over_where_an_upstream_has_answered_with_what_is_refused() {
    let (cache, question) = (cache(1 << 20), question("www.example"));
    let begun = Instant::now();
    cache.keep(&question, received(Some(10)), begun);
    let later = begun + Duration::from_secs(11);
    assert!(matches!(cache.find(&question, later), Found::Stale { .. }));
    let reason = NoUpstreamAnswer::PrivateAddress;
    assert!(cache.keep_failure(&question, reason, later).is_none());
    let found = cache.find(&question, later);
    assert!(matches!(found, Found::Failure(it) if it == reason));
}
