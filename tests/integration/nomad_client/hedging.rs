//! An address that is late: what is asked of another beside it, and when it is left for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nomadns::nomad::{Client, NomadError, QueryOptions};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::memory::{ScriptedReply, two};

const MS: Duration = Duration::from_millis(1);
const READ: &str = "/v1/service/redis";

async fn read(client: &Client) -> Result<Duration, NomadError> {
    let begun = Instant::now();
    client
        .service("default", "redis", "", QueryOptions::default())
        .await?;
    Ok(begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_only_slower_is_kept_and_soon_asked_alone() {
    let (client, slow, quick) = two(
        |_| ScriptedReply::index(7).after(300 * MS),
        |_| ScriptedReply::index(7).after(MS),
    );
    // Not measured yet: the other is asked after 120 ms, and answers first.
    assert_eq!(read(&client).await, Ok(121 * MS));
    sleep(600 * MS).await;
    for _ in 0..100 {
        assert_eq!(read(&client).await, Ok(300 * MS));
    }
    assert_eq!((slow.asked(READ), quick.asked(READ)), (101, 1));
    assert_eq!(
        (client.moves(), &*client.address().to_string()),
        (0, "http://first")
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_an_address_makes_no_request_late_and_moves_nothing() {
    let pauses = Arc::new(AtomicBool::new(false));
    let paused = Arc::clone(&pauses);
    let (client, _, other) = two(
        move |_| match paused.swap(false, Ordering::Relaxed) {
            true => ScriptedReply::index(7).after(400 * MS),
            false => ScriptedReply::index(7).after(MS),
        },
        |_| ScriptedReply::index(7).after(MS),
    );
    for _ in 0..20 {
        assert_eq!(read(&client).await, Ok(MS));
    }
    pauses.store(true, Ordering::Relaxed);
    assert_eq!(read(&client).await, Ok(51 * MS));
    sleep(Duration::from_secs(2)).await;
    assert_eq!((other.asked(READ), client.moves()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_is_left_once_it_was_silent_for_longer() {
    let (client, silent, _) = two(
        |_| ScriptedReply::never(),
        |_| ScriptedReply::index(7).after(MS),
    );
    assert_eq!(read(&client).await, Ok(121 * MS));
    assert_eq!(client.moves(), 0);
    sleep(378 * MS).await;
    assert_eq!(client.moves(), 0);
    sleep(2 * MS).await;
    assert_eq!(
        (client.moves(), &*client.address().to_string()),
        (1, "http://second")
    );
    for _ in 0..10 {
        assert_eq!(read(&client).await, Ok(MS));
    }
    assert_eq!(silent.asked(READ), 1);
}

/// Lists, allocations, checks and namespaces take a while at every server.
fn heavy(url: &str) -> ScriptedReply {
    match url.contains("/v1/status/leader") || url.contains("/v1/service/") {
        true => ScriptedReply::index(7).after(MS),
        false => ScriptedReply::index(7).after(1500 * MS),
    }
}

#[tokio::test(start_paused = true)]
async fn an_expensive_request_is_sent_to_one_server_only() {
    let (client, busy, other) = two(heavy, heavy);
    let options = QueryOptions::default();
    for _ in 0..20 {
        client.allocations("*", "", options).await.unwrap();
        client.list_services("*", options).await.unwrap();
        client.namespaces().await.unwrap();
        read(&client).await.unwrap();
    }
    for part in ["/v1/allocations", "/v1/services", "/v1/namespaces"] {
        assert_eq!((busy.asked(part), other.asked(part)), (20, 0), "{part}");
    }
    assert_eq!(client.moves(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_expensive_request_moves_to_the_next_address_when_its_server_is_silent() {
    let (client, silent, other) = two(|_| ScriptedReply::never(), heavy);
    let listed = client.list_services("*", QueryOptions::default());
    let listed = timeout(Duration::from_secs(3), listed).await.unwrap();
    assert_eq!(listed.unwrap().meta.index, 7);
    let lists = (silent.asked("/v1/services"), other.asked("/v1/services"));
    assert_eq!((lists, client.moves()), ((1, 1), 1));
}

#[tokio::test(start_paused = true)]
async fn health_that_hangs_holds_up_no_read() {
    let (client, server, _) = two(
        |url| match url.contains("/v1/alloc") {
            true => ScriptedReply::never(),
            false => ScriptedReply::index(7).after(MS),
        },
        |_| ScriptedReply::index(7).after(MS),
    );
    let mut hanging = JoinSet::new();
    for number in 0..20 {
        let client = client.clone();
        hanging.spawn(async move { client.allocation_checks(&format!("a{number}")).await });
    }
    let (waiting, stream) = (client.clone(), client.clone());
    hanging.spawn(async move { stream.allocation_checks("more").await });
    let options = QueryOptions::default().over(7, Duration::from_secs(300));
    let list = tokio::spawn(async move { waiting.list_services("*", options).await });
    sleep(10 * MS).await;
    assert_eq!(server.asked("/checks"), 3);
    for _ in 0..20 {
        assert_eq!(read(&client).await, Ok(MS));
    }
    assert_eq!(client.moves(), 0);
    list.abort();
}
