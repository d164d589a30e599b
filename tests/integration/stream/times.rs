//! How long a connection lives that does nothing, too little, or too much.

use std::time::Duration;

use nomadns::dns::RecordType;
use nomadns::listeners::ConnectionLimits;
use nomadns::listeners::stream::ConnectionEnd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::{Conversation, framed, start};
use crate::stub::{PATIENCE, query};

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let begin = Instant::now();
    let mut conversation = start();
    tokio::time::sleep(Duration::from_secs(8)).await;
    conversation.ask(&[(1, "a.nomad")]).await;
    assert_eq!(conversation.next_id().await, Some(1));
    assert_eq!(conversation.next_id().await, None);
    assert_eq!(begin.elapsed().as_secs(), 18);
    assert_eq!(conversation.end().await, ConnectionEnd::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_owed_an_answer_is_not_idle() {
    let mut conversation = start();
    conversation.ask(&[(1, "slow.nomad")]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    conversation.gate.release(1);
    assert_eq!(conversation.next_id().await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_message_has_to_come_whole_in_time() {
    let begin = Instant::now();
    let mut conversation = start();
    conversation.ask(&[(1, "a.nomad")]).await;
    assert_eq!(conversation.next_id().await, Some(1));
    let Conversation {
        mut client, served, ..
    } = conversation;
    let trickle = async {
        for octet in framed(&query(2, "a.nomad", RecordType::A)) {
            client.write_u8(octet).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        end = served => assert_eq!(end.unwrap(), ConnectionEnd::TimedOut),
        () = trickle => panic!("the message was waited for"),
    }
    assert_eq!(begin.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_answers_is_not_read_and_then_closed() {
    let begin = Instant::now();
    let mut conversation = Conversation::start(ConnectionLimits::default(), 4096);
    let asked = framed(&query(1, "many.nomad", RecordType::A));
    let mut taken = 0;
    while conversation.client.write_all(&asked).await.is_ok() {
        taken += 1;
    }
    assert!(
        taken * asked.len() < 16 * 1024,
        "{taken} queries were taken"
    );
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert_eq!(conversation.end().await, ConnectionEnd::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_answers_slowly_gets_them_all() {
    let mut conversation = Conversation::start(ConnectionLimits::default(), 512);
    conversation.ask(&[(1, "many.nomad")]).await;
    let length = conversation.client.read_u16().await.unwrap();
    for _ in 0..length {
        conversation.client.read_u8().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(conversation.client);
    assert_eq!(
        timeout(PATIENCE, conversation.served)
            .await
            .unwrap()
            .unwrap(),
        ConnectionEnd::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_does_not_live_for_ever() {
    let limits = ConnectionLimits {
        connection_age: Duration::from_secs(60),
        ..ConnectionLimits::default()
    };
    let (begin, mut conversation) = (Instant::now(), Conversation::start(limits, 4096));
    while !conversation.served.is_finished() {
        let octets = framed(&query(1, "a.nomad", RecordType::A));
        if conversation.client.write_all(&octets).await.is_ok() {
            conversation.next_id().await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(begin.elapsed().as_secs(), 61);
    assert_eq!(conversation.end().await, ConnectionEnd::Closed);
}

#[tokio::test(start_paused = true)]
async fn at_a_shutdown_a_new_connection_is_kept_for_its_first_query_and_no_other() {
    let mut conversation = start();
    tokio::task::yield_now().await;
    conversation.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(400)).await;
    conversation.ask(&[(1, "a.nomad")]).await;
    assert_eq!(conversation.next_id().await, Some(1));
    assert_eq!(conversation.next_id().await, None);
    assert_eq!(conversation.end().await, ConnectionEnd::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_who_has_asked_at_once_and_who_never_asks_after_half_a_second() {
    for (asked, milliseconds) in [(true, 0), (false, 500)] {
        let mut conversation = start();
        if asked {
            conversation.ask(&[(1, "a.nomad")]).await;
            assert_eq!(conversation.next_id().await, Some(1));
        }
        let begin = Instant::now();
        conversation.shutdown.cancel();
        assert_eq!(conversation.next_id().await, None);
        assert_eq!(begin.elapsed().as_millis(), milliseconds);
        assert_eq!(conversation.end().await, ConnectionEnd::Closed);
    }
}
