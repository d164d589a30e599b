//! Which server's word counts: one that hears its leader and is not behind; and what is known of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nomadns::nomad::{Cause, Client, NomadSettings, QueryMeta, QueryOptions, SettingsError};

use crate::support::replay::{Replay, Reply, ok};

use super::memory::{ScriptedReply, Server, two};

const AT_LEAST_9: QueryOptions = QueryOptions {
    min_index: 9,
    ..QueryOptions::STALE
};

/// Reads a service and returns the index.
async fn read(client: &Client, options: QueryOptions) -> Result<u64, Cause> {
    let read = client.service("default", "redis", "", options).await;
    read.map(|it| it.meta.index).map_err(|error| error.cause)
}

fn reads(server: &Server) -> usize {
    server.asked("/v1/service/redis")
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_without_a_leader_or_a_late_or_a_lower_one_is_left_for_the_next_address() {
    let unbelieved: [fn() -> ScriptedReply; 3] = [
        || ScriptedReply::index(9).with("x-nomad-knownleader", "false"),
        || ScriptedReply::index(9).with("x-nomad-lastcontact", "5001"),
        || ScriptedReply::index(8),
    ];
    for reply in unbelieved {
        let (client, first, second) = two(move |_| reply(), |_| ScriptedReply::index(9));
        assert_eq!(read(&client, AT_LEAST_9).await, Ok(9));
        assert_eq!(read(&client, AT_LEAST_9).await, Ok(9));
        // At once, and for good until it fails.
        assert_eq!((reads(&first), reads(&second), client.moves()), (1, 2, 1));
        let listed = client.list_services("*", AT_LEAST_9).await.unwrap();
        let allocations = client.allocations("*", "", AT_LEAST_9).await.unwrap();
        assert_eq!((listed.meta.index, allocations.meta.index), (9, 9));
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_address_is_believed_one_that_is_only_behind_is_told_of() {
    let isolated = |_: &str| ScriptedReply::index(9).with("x-nomad-knownleader", "false");
    let (client, ..) = two(isolated, isolated);
    assert_eq!(read(&client, AT_LEAST_9).await, Err(Cause::NoLeader));
    let (min_index, behind) = (9, |index| move |_: &str| ScriptedReply::index(index));
    for (client, ..) in [two(behind(8), isolated), two(isolated, behind(8))] {
        let index = 8;
        let error = Cause::Behind { index, min_index };
        assert!(error.is_outage() && error.is_transport());
        assert_eq!(read(&client, AT_LEAST_9).await, Err(error));
        assert_eq!(client.moves(), 0);
    }
    let (client, ..) = two(behind(5), behind(7));
    let index = 7;
    assert_eq!(
        read(&client, AT_LEAST_9).await,
        Err(Cause::Behind { index, min_index })
    );
}

#[tokio::test(start_paused = true)]
async fn the_leaders_word_is_asked_for_without_stale_and_always_taken() {
    let (client, first, second) = two(|_| ScriptedReply::index(3), |_| ScriptedReply::index(9));
    assert_eq!(read(&client, AT_LEAST_9.of_leader()).await, Ok(3));
    assert_eq!((first.asked("stale"), reads(&second)), (0, 0));
}

#[tokio::test]
async fn how_long_ago_a_leader_may_have_been_heard_is_a_setting() {
    let server = Replay::start(|_| {
        let answer = ok(7, "[]");
        let text = String::from_utf8(answer).unwrap();
        Reply::Send(
            text.replacen("\r\n", "\r\nX-Nomad-LastContact: 900\r\n", 1)
                .into(),
        )
    })
    .await;
    let mut settings = super::settings(&[&server.url()]);
    settings.last_contact = Duration::from_millis(899);
    let client = Client::new(settings.clone()).unwrap();
    let (ms, most_ms) = (900, 899);
    assert_eq!(
        super::list(&client).await,
        Err(Cause::LastContact { ms, most_ms })
    );
    settings.last_contact = Duration::from_millis(900);
    assert_eq!(super::list(&Client::new(settings).unwrap()).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn contact_tells_how_the_followed_server_stands_to_its_leader() {
    let contact = Arc::new(AtomicU64::new(40));
    let ago = Arc::clone(&contact);
    let (client, first, _) = two(
        move |_| {
            let ms = ago.load(Ordering::Relaxed).to_string();
            ScriptedReply::index(7).with("x-nomad-lastcontact", &ms)
        },
        |_| ScriptedReply::index(8),
    );
    assert_eq!(client.followed().meta, None);
    let meta = |index, ms| QueryMeta {
        last_contact: Duration::from_millis(ms),
        ..QueryMeta::of_leader(index)
    };
    assert_eq!(
        client.contact("default", QueryOptions::STALE).await,
        Ok(meta(7, 40))
    );
    assert_eq!(first.asked("namespace=default&stale="), 1);
    tokio::time::advance(Duration::from_secs(2)).await;
    let followed = client.followed();
    assert_eq!(followed.address.to_string(), "http://first");
    assert_eq!(followed.meta, Some((meta(7, 40), Duration::from_secs(2))));
    contact.store(45_049, Ordering::Relaxed);
    assert_eq!(
        client.contact("default", QueryOptions::STALE).await,
        Ok(meta(8, 0))
    );
    assert_eq!(client.followed().address.to_string(), "http://second");
}

#[test]
fn each_address_needs_a_service() {
    let settings = NomadSettings::new(vec!["http://first".parse().unwrap()]);
    let services: Vec<nomadns::nomad::AgentService> = Vec::new();
    let error = Client::over(settings, services).unwrap_err();
    assert!(matches!(
        error,
        SettingsError::Services {
            addresses: 1,
            services: 0
        }
    ));
}
