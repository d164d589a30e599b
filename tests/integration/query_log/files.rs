//! The file of the query log: how it is made, rotated, taken up again, and how a reload begins and ends it.

use std::os::unix::fs::PermissionsExt;

use hickory_proto::rr::RecordType;
use nomadns::query_log::QueryLogFormat;

use super::frames::{START, stream};
use super::{WRITTEN, settings, text, written};
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

fn question() -> Question {
    Question::new("redis.default.nomad", RecordType::A)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_and_a_signal_entries_are_in_the_new_file() {
    let (nomad, folder) = (cast(), tempfile::tempdir().unwrap());
    let [path, rotated] = ["queries.log", "queries.log.1"].map(|it| folder.path().join(it));
    let gateway = Gateway::start(&nomad.url()).await;
    let target = path.to_str().unwrap().to_owned();
    gateway.reconfigure(|source| source.set("query_log.target", target, "test"));
    let mut clients = Clients::connect(&gateway).await;
    clients.agreed(&question()).await;
    written(&gateway, 6.0).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    // As the umask allows.
    assert_eq!(mode & !0o640, 0, "{mode:o}");
    assert_eq!(mode & 0o600, 0o600, "{mode:o}");
    std::fs::rename(&path, &rotated).unwrap();
    gateway.reconfigure(|_| {});
    until("the new file is there", async || path.exists()).await;
    clients.agreed(&question()).await;
    written(&gateway, 12.0).await;
    for it in [&path, &rotated] {
        assert_eq!(text(it).lines().count(), 6, "{it:?}");
    }
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_is_appended_to_and_one_that_is_emptied_begins_anew() {
    let (nomad, folder) = (cast(), tempfile::tempdir().unwrap());
    let path = folder.path().join("queries.log");
    std::fs::write(&path, "what was there before\n").unwrap();
    let target = nomadns::query_log::QueryLogTarget::File(path.clone());
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.query_log = Some(settings(QueryLogFormat::Json, target));
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    clients.agreed(&question()).await;
    written(&gateway, 6.0).await;
    let all = text(&path);
    assert!(
        all.starts_with("what was there before\n{\"time\":"),
        "{all}"
    );
    // As `copytruncate` of logrotate does.
    std::fs::write(&path, "").unwrap();
    clients.agreed(&question()).await;
    written(&gateway, 12.0).await;
    let all = text(&path);
    assert!(
        all.starts_with("{\"time\":") && all.lines().count() == 6,
        "{all}"
    );
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_dnstap_goes_on_after_a_restart_and_one_without_an_end_is_moved_away() {
    let (nomad, folder) = (cast(), tempfile::tempdir().unwrap());
    let path = folder.path().join("queries.tap");
    for runs in 1..=2 {
        let target = nomadns::query_log::QueryLogTarget::File(path.clone());
        let gateway = Gateway::with(&nomad.url(), |it| {
            it.query_log = Some(settings(QueryLogFormat::Dnstap, target));
        });
        gateway.until_ready().await;
        let mut clients = Clients::connect(&gateway).await;
        clients.agreed(&question()).await;
        written(&gateway, 6.0).await;
        gateway.end().await;
        assert_eq!(stream(&std::fs::read(&path).unwrap()).len(), runs * 12);
    }
    let torn = |number: u8| [START, b"\0\0\x01\0only a part", &[number]].concat();
    for number in 1..=2 {
        std::fs::write(&path, torn(number)).unwrap();
        let target = nomadns::query_log::QueryLogTarget::File(path.clone());
        let gateway = Gateway::with(&nomad.url(), |it| {
            it.query_log = Some(settings(QueryLogFormat::Dnstap, target));
        });
        gateway.until_ready().await;
        Clients::connect(&gateway).await.agreed(&question()).await;
        written(&gateway, 6.0).await;
        gateway.end().await;
        assert_eq!(stream(&std::fs::read(&path).unwrap()).len(), 12);
    }
    // The second is not moved over the first.
    for (moved, number) in [
        ("queries.tap.unfinished", 1),
        ("queries.tap.unfinished.2", 2),
    ] {
        let moved = folder.path().join(moved);
        assert_eq!(std::fs::read(moved).unwrap(), torn(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_begins_changes_and_ends_it_without_losing_an_entry() {
    let (nomad, folder) = (cast(), tempfile::tempdir().unwrap());
    let [first, second] = ["first.log", "second.log"].map(|it| folder.path().join(it));
    let gateway = Gateway::start(&nomad.url()).await;
    let mut clients = Clients::connect(&gateway).await;
    clients.agreed(&question()).await;
    for path in [&first, &second] {
        let target = path.to_str().unwrap().to_owned();
        gateway.reconfigure(|source| source.set("query_log.target", target, "test"));
        clients.agreed(&question()).await;
    }
    gateway.reconfigure(|source| source.set("query_log.target", "", "test"));
    clients.agreed(&question()).await;
    until("both are written", async || {
        gateway.metric(WRITTEN).await >= 12.0
    })
    .await;
    for path in [&first, &second] {
        assert_eq!(text(path).lines().count(), 6, "{path:?}");
    }
    gateway.end().await;
}
