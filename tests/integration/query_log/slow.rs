//! Nobody waits for the query log: a collector that hangs, a full disk and a pipe that nobody reads cost entries.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use nomadns::query_log::{QueryLogFormat, QueryLogTarget};
use tempfile::TempDir;

use super::frames::{ACCEPT, READY};
use super::{QUEUE_FULL, WRITE_FAILED, WRITTEN, settings};
use crate::support::gateway::{AT_MOST, Gateway, cast, until};

const QUERIES: u32 = 10_000;
/// How many are asked at once, so that no buffer of the kernel is full.
const AT_ONCE: u32 = 50;

/// Asks over UDP; every query must have its answer.
fn ask(gateway: &Gateway, queries: u32) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(AT_MOST)).unwrap();
    socket.connect(gateway.dns).unwrap();
    let query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x05redis\x07default\x05nomad\0\0\x01\0\x01";
    for _ in 0..queries / AT_ONCE {
        (0..AT_ONCE).for_each(|_| assert_eq!(socket.send(query).unwrap(), query.len()));
        (0..AT_ONCE).for_each(|_| assert!(socket.recv(&mut [0; 4096]).unwrap() > query.len()));
    }
}

/// A gateway with a short queue.
async fn gateway(
    format: QueryLogFormat,
    target: QueryLogTarget,
) -> (nomadns::demo::SimulatedNomad, Gateway) {
    let nomad = cast();
    let mut query_log = settings(format, target);
    query_log.queue_entries = 64;
    let gateway = Gateway::with(&nomad.url(), |it| it.query_log = Some(query_log));
    gateway.until_ready().await;
    (nomad, gateway)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_queries_are_answered_before_a_collector_that_reads_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dnstap.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (_nomad, gateway) = gateway(QueryLogFormat::Dnstap, QueryLogTarget::Unix(path)).await;
    // It accepts, and from then on reads nothing.
    let (mut connection, _) = listener.accept().unwrap();
    connection.read_exact(&mut [0; READY.len()]).unwrap();
    connection.write_all(ACCEPT).unwrap();
    ask(&gateway, QUERIES);
    let dropped = gateway.metric(QUEUE_FULL).await;
    assert!(dropped > 0.0, "what the collector has not taken is counted");
    // Once the write ends for its time, all are accounted for but those that still wait.
    until("the collector is given up", async || {
        gateway.metric(WRITE_FAILED).await > 0.0
    })
    .await;
    let [written, failed] = [
        gateway.metric(WRITTEN).await,
        gateway.metric(WRITE_FAILED).await,
    ];
    let told = written + failed + gateway.metric(QUEUE_FULL).await;
    assert!(
        told <= QUERIES.into() && told >= f64::from(QUERIES) - 64.0 * 6.0,
        "{told}"
    );
    ask(&gateway, 100);
    drop(connection);
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_entries_and_is_told_by_a_metric() {
    let full = QueryLogTarget::File(PathBuf::from("/dev/full"));
    let (_nomad, gateway) = gateway(QueryLogFormat::Json, full).await;
    ask(&gateway, QUERIES);
    let failed = gateway.metric(WRITE_FAILED).await;
    let dropped = gateway.metric(QUEUE_FULL).await;
    assert!(failed > 0.0 && dropped > 0.0, "{failed}, {dropped}");
    assert!(gateway.metric(WRITTEN).await.abs() < 0.5);
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_may_have_no_reader_for_a_while() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let target = QueryLogTarget::File(path.clone());
    let (_nomad, gateway) = gateway(QueryLogFormat::Coredns, target).await;
    ask(&gateway, QUERIES);
    assert!(gateway.metric(QUEUE_FULL).await > 0.0);
    let reading = thread::spawn(move || {
        let mut pipe = OpenOptions::new().read(true).open(path).unwrap();
        let mut text = vec![0; 512];
        pipe.read_exact(&mut text).unwrap();
        text
    });
    until("it is written", async || {
        gateway.metric(WRITTEN).await > 0.0
    })
    .await;
    let text = reading.join().unwrap();
    assert!(text.starts_with(b"[INFO] 127.0.0.1:"), "{text:?}");
    gateway.end().await;
}
