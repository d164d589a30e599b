//! Tests of each layer, with a service that answers when the test says so, in paused time.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::advance;
use tower::{BoxError, Layer as _, Service, service_fn};
use tower_test::mock::{self, Handle, Mock};

use super::cache::{CacheLayer, CacheTable};
use super::forwarding::ForwardingLayer;
use super::metrics::{QueryCounters, ServfailCause};
use super::not_found::NotFoundLayer;
use super::rescue::RescueLayer;
use super::{Replaceable, StackLimits, WorkerStack, inner_layers, stack};
use crate::answers::{AnswerError, SourcedAnswer};
use crate::catalog::UnknownReason;
use crate::dns::{
    Answer, AnswerBuilder, Class, ExtendedError, Name, Query, QueryFlags, Rcode, RecordType,
    Signature, Transport,
};

const LIMITS: StackLimits = StackLimits {
    waiting: 1,
    timeout: Duration::from_secs(2),
    large_at_once: 1,
    large_per_client: 1,
};

/// A query that waits in place: over UDP it would be handed on first.
fn query() -> Query {
    query_over(Transport::Tcp, 1)
}

/// A query of the host with this number.
pub(super) fn query_over(transport: Transport, host: u8) -> Query {
    Query {
        id: 0,
        flags: QueryFlags::default(),
        name: Name::ROOT,
        record_type: RecordType::SRV,
        class: Class::IN,
        edns: None,
        transport,
        client: Some(IpAddr::from([192, 0, 2, host])),
        signature: Signature::Absent,
    }
}

fn reply() -> SourcedAnswer {
    SourcedAnswer::once(AnswerBuilder::new(&Name::ROOT).finish())
}

/// The stacks of two workers before one service, which share their limits.
fn workers(counters: &Arc<QueryCounters>) -> ([WorkerStack; 2], Handle<Query, SourcedAnswer>) {
    let (inner, handle): (Mock<Query, SourcedAnswer>, _) = mock::pair();
    let outer = (NotFoundLayer(None), ForwardingLayer::default());
    let inner = inner_layers(inner, LIMITS.layers(), outer);
    let inner = Replaceable::new(inner);
    let worker = || {
        let cache = CacheLayer::new(Arc::new(CacheTable::new(0, 0)));
        stack(inner.clone(), cache, Arc::clone(counters))
    };
    ([worker(), worker()], handle)
}

fn outcome(
    answer: Option<Result<Answer, std::convert::Infallible>>,
) -> (Rcode, Option<ExtendedError>) {
    let Ok(answer) = answer.expect("an answer that is ready");
    (answer.rcode(), answer.extended_error())
}

fn sum<'a>(counts: impl IntoIterator<Item = &'a AtomicU64>) -> u64 {
    counts
        .into_iter()
        .map(|count| count.load(Ordering::Relaxed))
        .sum()
}

#[tokio::test(start_paused = true)]
async fn rescue_makes_servfail_of_each_error_with_its_reason_and_counts_it_once() {
    let unknown = |reason| BoxError::from(AnswerError::Unknown(reason));
    let errors: [(BoxError, ServfailCause, ExtendedError); 6] = [
        (
            AnswerError::NotReady.into(),
            ServfailCause::NotReady,
            ExtendedError::NOT_READY,
        ),
        (
            AnswerError::Overloaded.into(),
            ServfailCause::Overloaded,
            ExtendedError::OVERLOADED,
        ),
        (
            unknown(UnknownReason::Unread),
            ServfailCause::Unread,
            ExtendedError::NOT_READ_YET,
        ),
        (
            unknown(UnknownReason::Unreadable),
            ServfailCause::Unreadable,
            ExtendedError::UNREADABLE,
        ),
        (
            unknown(UnknownReason::Refused),
            ServfailCause::Refused,
            ExtendedError::REFUSED_BY_NOMAD,
        ),
        (
            "it broke".into(),
            ServfailCause::Other,
            ExtendedError::OTHER,
        ),
    ];
    for (error, cause, words) in errors {
        let counters = Arc::new(QueryCounters::default());
        let ([mut worker, _], mut handle) = workers(&counters);
        let mut asking = worker.call(query());
        assert!((&mut asking).now_or_never().is_none());
        let (_, asked) = handle.next_request().await.unwrap();
        asked.send_error(error);
        let answer = outcome(asking.now_or_never());
        assert_eq!(answer, (Rcode::SERVFAIL, Some(words)), "{cause:?}");
        let counted = counters.failures[cause as usize].load(Ordering::Relaxed);
        assert_eq!((counted, sum(&counters.failures)), (1, 1), "{cause:?}");
    }
}

#[tokio::test]
async fn rescue_keeps_a_panic_to_its_own_query() {
    let counters = Arc::new(QueryCounters::default());
    let inner = service_fn(|query: Query| {
        assert_ne!(query.id, 1, "before there is a future");
        async move {
            assert_ne!(query.id, 2, "in the future");
            Ok::<_, BoxError>(AnswerBuilder::new(&Name::ROOT).finish())
        }
        .boxed()
    });
    let mut service = RescueLayer::new(Arc::clone(&counters)).layer(inner);
    for (id, rcode) in [
        (1, Rcode::SERVFAIL),
        (2, Rcode::SERVFAIL),
        (3, Rcode::NOERROR),
    ] {
        let answer = service.call(Query { id, ..query() }).now_or_never();
        assert_eq!(outcome(answer).0, rcode, "{id}");
    }
    let panics = &counters.failures[ServfailCause::Panic as usize];
    assert_eq!(panics.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn limits_shed_at_once_what_finds_no_room_over_all_workers() {
    let counters = Arc::new(QueryCounters::default());
    let ([mut one, mut other], mut handle) = workers(&counters);
    let mut waiting = one.call(query());
    assert!((&mut waiting).now_or_never().is_none());
    let (_, asked) = handle.next_request().await.unwrap();
    for worker in [&mut one, &mut other] {
        let answer = outcome(worker.call(query()).now_or_never());
        assert_eq!(answer, (Rcode::SERVFAIL, Some(ExtendedError::OVERLOADED)));
    }
    asked.send_response(reply());
    assert_eq!(outcome(waiting.now_or_never()).0, Rcode::NOERROR);
    let mut next = other.call(query());
    assert!((&mut next).now_or_never().is_none());
    let (_, asked) = handle.next_request().await.unwrap();
    asked.send_response(reply());
    assert_eq!(outcome(next.now_or_never()).0, Rcode::NOERROR);
}

#[tokio::test(start_paused = true)]
async fn limits_give_up_what_takes_longer_than_its_time_and_have_room_again() {
    let counters = Arc::new(QueryCounters::default());
    let ([mut worker, _], mut handle) = workers(&counters);
    let mut asking = worker.call(query());
    assert!((&mut asking).now_or_never().is_none());
    let slow = handle.next_request().await.unwrap();
    advance(LIMITS.timeout - Duration::from_millis(2)).await;
    assert!((&mut asking).now_or_never().is_none());
    advance(Duration::from_millis(4)).await;
    let answer = outcome(asking.now_or_never());
    assert_eq!(answer, (Rcode::SERVFAIL, Some(ExtendedError::TIMED_OUT)));
    let mut next = worker.call(query());
    assert!((&mut next).now_or_never().is_none());
    let (_, asked) = handle.next_request().await.unwrap();
    asked.send_response(reply());
    assert_eq!(outcome(next.now_or_never()).0, Rcode::NOERROR);
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn metrics_count_a_query_and_its_answer_with_the_time_between() {
    let counters = Arc::new(QueryCounters::default());
    let ([mut worker, _], mut handle) = workers(&counters);
    let mut asking = worker.call(query());
    assert!((&mut asking).now_or_never().is_none());
    let tcp = Transport::Tcp as usize;
    assert_eq!(sum(counters.queries[tcp].iter().flatten()), 1);
    assert_eq!(sum(&counters.answers[tcp]), 0);
    let (_, asked) = handle.next_request().await.unwrap();
    advance(Duration::from_millis(7)).await;
    asked.send_response(reply());
    assert_eq!(outcome(asking.now_or_never()).0, Rcode::NOERROR);
    assert_eq!(sum(counters.queries.iter().flatten().flatten()), 1);
    assert_eq!(sum(counters.answers.iter().flatten()), 1);
    assert_eq!(sum(&counters.answers[tcp]), 1);
    assert_eq!(sum(&counters.durations[tcp]), 1);
    assert_eq!(sum(&counters.nanoseconds), 7_000_000);
}

#[tokio::test(start_paused = true)]
async fn metrics_count_no_answer_for_a_query_that_is_given_up() {
    let counters = Arc::new(QueryCounters::default());
    let ([mut worker, _], mut handle) = workers(&counters);
    let mut asking = worker.call(query());
    assert!((&mut asking).now_or_never().is_none());
    let asked = handle.next_request().await.unwrap();
    drop(asking);
    drop(asked);
    assert_eq!(sum(counters.queries.iter().flatten().flatten()), 1);
    assert_eq!(sum(counters.answers.iter().flatten()), 0);
    assert_eq!(sum(&counters.nanoseconds), 0);
}
