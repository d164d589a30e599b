//! What an answer may cost where it is asked for, and what waits for its turn.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt as _;
use nomadns::answers::{AnswerError, Attempt, Effort, Router};
use nomadns::dns::{Class, Name, Query, QueryFlags, Rcode, RecordType, Signature, Transport};
use nomadns::fair_queue::ClientAddress;
use tower::Service as _;

use crate::support::answers::{Answers, instance};

/// A service `large.default` with so many instances, each of which carries a tag of its own and `each`.
fn large(instances: u16) -> Answers {
    let mut answers = Answers::of_zones(&["nomad"]);
    set(&mut answers, instances);
    answers
}

fn set(answers: &mut Answers, instances: u16) {
    let one = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let own = format!("tag{number}");
        instance(&format!("10.0.{high}.{low}"), 80, &["each", &own])
    };
    answers.set("default", "large", (0..instances).map(one).collect());
    answers.publish();
}

fn query(name: &str, record_type: RecordType) -> Query {
    Query {
        id: 0,
        flags: QueryFlags::default(),
        name: Name::from_labels(name.split('.').map(str::as_bytes)).unwrap(),
        record_type,
        class: Class::IN,
        edns: None,
        transport: Transport::Udp,
        client: Some(IpAddr::from([127, 0, 0, 1])),
        signature: Signature::Absent,
    }
}

/// How many records are answered, as far as that may cost so much.
fn tried(
    router: &mut Router,
    name: &str,
    record_type: RecordType,
    effort: Effort,
) -> Result<usize, AnswerError> {
    let query = query(name, record_type);
    let attempt = Attempt {
        client: ClientAddress::proven(query.client),
        query,
        effort,
    };
    let reply = router.call(attempt).now_or_never().unwrap()?;
    Ok(reply.answer().answer_count())
}

#[test]
fn what_names_can_say_of_a_large_service_is_found_out_in_turn_and_its_plain_name_needs_none_of_it()
{
    let answers = large(50);
    let mut router = Router::new(answers.zones.clone(), Arc::clone(&answers.catalog));
    let mut bounded = |name, asked| tried(&mut router, name, asked, Effort::Bounded);
    let plain = [
        ("large.default.nomad", RecordType::A),
        ("large.default.nomad", RecordType::AAAA),
        ("large.default.nomad", RecordType::SRV),
        ("_large._tcp.default.nomad", RecordType::SRV),
        ("_large._tcp.large.default.nomad", RecordType::SRV),
    ];
    for (name, asked) in plain {
        let count = if asked == RecordType::AAAA { 0 } else { 50 };
        assert_eq!(bounded(name, asked), Ok(count), "{name} {asked}");
    }
    let tagged = [
        ("tag7.large.default.nomad", 1),
        ("each.large.default.nomad", 50),
        ("tag7.each.large.default.nomad", 1),
        ("tag7.tag8.large.default.nomad", 0),
        ("_large._tag7.default.nomad", 1),
        ("large.default.dc1.dc.nomad", 50),
        ("_tag7._tcp.large.default.nomad", 1),
        ("_tcp.large.default.nomad", 0),
    ];
    let out_of_turn = Err(AnswerError::TooCostly);
    for (name, _) in tagged {
        assert_eq!(bounded(name, RecordType::SRV), out_of_turn, "{name}");
    }
    let (one, _) = tagged[0];
    assert_eq!(tried(&mut router, one, RecordType::A, Effort::Whole), Ok(1));
    for (name, count) in tagged {
        let answered = tried(&mut router, name, RecordType::SRV, Effort::Bounded);
        assert_eq!(answered, Ok(count), "{name}");
    }
}

#[test]
fn descriptions_of_a_large_service_are_found_out_in_turn_and_then_given_at_once() {
    let answers = large(50);
    let mut router = Router::new(answers.zones.clone(), Arc::clone(&answers.catalog));
    let mut described = |effort| tried(&mut router, "large.default.nomad", RecordType::TXT, effort);
    assert_eq!(described(Effort::Bounded), Err(AnswerError::TooCostly));
    let whole = described(Effort::Whole);
    assert!(whole.as_ref().is_ok_and(|count| *count > 0), "{whole:?}");
    assert_eq!(described(Effort::Bounded), whole);
}

#[test]
fn a_small_service_is_answered_at_once_by_its_tags() {
    let answers = large(16);
    let mut router = Router::new(answers.zones.clone(), Arc::clone(&answers.catalog));
    let answered = tried(
        &mut router,
        "tag7.large.default.nomad",
        RecordType::A,
        Effort::Bounded,
    );
    assert_eq!(answered, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_equal_queries_of_one_client_right_after_a_change_are_all_answered() {
    let mut answers = large(3000);
    for instances in [3000, 2999] {
        set(&mut answers, instances);
        let asking: Vec<_> = (0..1000)
            .map(|_| {
                answers
                    .stack
                    .call(query("large.default.nomad", RecordType::SRV))
            })
            .collect();
        for answered in futures_util::future::join_all(asking).await {
            let Ok(answer) = answered;
            assert_eq!(answer.rcode(), Rcode::NOERROR);
            assert_eq!(answer.answer_count(), usize::from(instances));
        }
    }
}
