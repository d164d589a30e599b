//! Tests of the layer with a service that needs a turn for each answer until it has made one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use super::*;
use crate::dns::{AnswerBuilder, Name, RecordType, Transport};
use crate::layers::proofs::query_over;

/// What is made once, and then given to whoever tries.
#[derive(Clone)]
struct Costly {
    made: Arc<AtomicUsize>,
    tried: Arc<AtomicUsize>,
    is_kept: Arc<AtomicBool>,
    /// A permit for each answer that may be made.
    leave: Arc<Semaphore>,
}

impl Costly {
    fn new() -> Self {
        Self {
            made: Arc::default(),
            tried: Arc::default(),
            is_kept: Arc::default(),
            leave: Arc::new(Semaphore::new(0)),
        }
    }
}

impl Service<Attempt> for Costly {
    type Response = SourcedAnswer;
    type Error = AnswerError;
    type Future = Pin<Box<dyn Future<Output = Result<SourcedAnswer, AnswerError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AnswerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, attempt: Attempt) -> Self::Future {
        let costly = self.clone();
        Box::pin(async move {
            let reply = SourcedAnswer::once(AnswerBuilder::new(&Name::ROOT).finish());
            if costly.is_kept.load(Ordering::Relaxed) {
                return Ok(reply);
            }
            if attempt.effort == Effort::Bounded {
                costly.tried.fetch_add(1, Ordering::Relaxed);
                return Err(AnswerError::TooCostly);
            }
            costly.leave.acquire().await.unwrap().forget();
            costly.made.fetch_add(1, Ordering::Relaxed);
            costly.is_kept.store(true, Ordering::Relaxed);
            Ok(reply)
        })
    }
}

fn query(host: u8) -> Query {
    query_over(Transport::Udp, host)
}

#[tokio::test]
async fn a_thousand_equal_queries_of_one_client_take_one_turn() {
    let room = QueueCapacity {
        per_client: 4,
        per_class: 1024,
    };
    let costly = Costly::new();
    let mut service = FairnessLayer::new(1, room).layer(costly.clone());
    let mut asking: Vec<_> = (0..1000).map(|_| service.call(query(1))).collect();
    for _ in 0..2 {
        // Over UDP each is handed on first.
        assert!(asking.iter_mut().all(|it| it.now_or_never().is_none()));
    }
    costly.leave.add_permits(1000);
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(costly.made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn if_the_query_that_an_answer_is_made_for_gives_up_another_has_it_made() {
    let room = QueueCapacity {
        per_client: 4,
        per_class: 1024,
    };
    let costly = Costly::new();
    let mut service = FairnessLayer::new(1, room).layer(costly.clone());
    let mut asking: Vec<_> = (0..10).map(|_| service.call(query(1))).collect();
    for _ in 0..2 {
        assert!(asking.iter_mut().all(|it| it.now_or_never().is_none()));
    }
    drop(asking.remove(0));
    costly.leave.add_permits(1000);
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(costly.made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_equal_query_without_room_is_refused_at_once() {
    let room = QueueCapacity {
        per_client: 4,
        per_class: 3,
    };
    let mut service = FairnessLayer::new(1, room).layer(Costly::new());
    let mut asking: Vec<_> = (0..4).map(|_| service.call(query(1))).collect();
    for _ in 0..2 {
        assert!(asking.iter_mut().all(|it| it.now_or_never().is_none()));
    }
    let mut more = service.call(query(1));
    assert!((&mut more).now_or_never().is_none());
    let refused = more.now_or_never();
    assert_eq!(refused.unwrap().err(), Some(AnswerError::Overloaded));
}

#[tokio::test]
async fn a_client_with_one_query_waits_for_one_answer_of_who_asks_much() {
    let room = QueueCapacity {
        per_client: 8,
        per_class: 64,
    };
    let made = Arc::new(Mutex::new(Vec::new()));
    let (order, leave) = (Arc::clone(&made), Arc::new(Semaphore::new(0)));
    let permits = Arc::clone(&leave);
    let inner = tower::service_fn(move |attempt: Attempt| {
        let (order, permits) = (Arc::clone(&order), Arc::clone(&permits));
        async move {
            if attempt.effort == Effort::Bounded {
                return Err(AnswerError::TooCostly);
            }
            permits.acquire().await.unwrap().forget();
            order.lock().unwrap().push(attempt.query.id);
            Ok(SourcedAnswer::once(
                AnswerBuilder::new(&Name::ROOT).finish(),
            ))
        }
        .boxed()
    });
    let mut service = FairnessLayer::new(1, room).layer(inner);
    let of = |id: u16, host| Query {
        id,
        // No two are equal, so that each takes a turn.
        record_type: RecordType(id),
        ..query(host)
    };
    let mut asking: Vec<_> = (1..=4).map(|id| service.call(of(id, 1))).collect();
    asking.push(service.call(of(9, 2)));
    for _ in 0..2 {
        assert!(asking.iter_mut().all(|it| it.now_or_never().is_none()));
    }
    leave.add_permits(5);
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(Result::is_ok));
    let place = made.lock().unwrap().iter().position(|id| *id == 9);
    assert!(place.unwrap() <= 2, "{made:?}");
}
