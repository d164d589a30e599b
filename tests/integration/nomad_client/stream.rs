//! The event stream: frames wherever they are cut, silence, ends and refusals.

use std::time::Duration;

use nomadns::nomad::{Cause, Change, Client, Frame};

use super::{client, settings};
use crate::support::replay::{Replay, Reply, capture, chunked, fixtures};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Longer than a busy machine takes to send a frame in pieces.
const SILENCE: Duration = Duration::from_secs(1);

async fn frames_of(bytes: Vec<u8>, piece: usize) -> (Vec<Frame>, Option<Cause>) {
    let server = Replay::start(move |_| Reply::Trickle(bytes.clone(), piece)).await;
    let mut settings = settings(&[&server.url()]);
    settings.timeouts.stream_silence = SILENCE;
    let mut stream = Client::new(settings)
        .unwrap()
        .event_stream(7, "*")
        .await
        .unwrap();
    let mut frames = Vec::new();
    loop {
        match stream.next_frame().await {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error.cause)),
        }
    }
}

#[tokio::test]
async fn frames_are_the_same_wherever_the_bytes_are_cut_and_silence_ends_the_stream() {
    let body = std::fs::read(fixtures().join("stream/changes.ndjson")).unwrap();
    let mut seen = Vec::new();
    for (chunk, piece) in [(body.len(), 65536), (333, 7), (17, 1000)] {
        let (frames, end) = frames_of([HEAD, &chunked(&body, chunk)].concat(), piece).await;
        assert_eq!(end, Some(Cause::TimedOut(SILENCE)));
        seen.push(frames);
    }
    assert!(seen.iter().all(|frames| *frames == seen[0]));
    let lines = body
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .count();
    assert_eq!(seen[0].len(), lines);
    let change = |service: &str| Change {
        namespace: "-lead-".into(),
        service: service.into(),
    };
    let changes = vec![change("redis"), change("redis-metrics")];
    assert_eq!(
        seen[0][1],
        Frame::Events {
            index: 108,
            changes,
            unreadable: 0
        }
    );
}

#[tokio::test]
async fn bytes_without_a_line_end_do_not_keep_a_stream_alive() {
    let (frames, end) = frames_of([HEAD, &chunked(&[b'x'; 400], 1)].concat(), 6).await;
    assert_eq!((frames.len(), end), (0, Some(Cause::TimedOut(SILENCE))));
}

#[tokio::test]
async fn a_refusal_of_newer_nomads_is_an_end_before_the_first_frame() {
    let server = Replay::always("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await;
    let mut stream = client(&[&server.url()]).event_stream(0, "*").await.unwrap();
    assert_eq!(stream.next_frame().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_cut_on_the_way_is_unreachable() {
    let body = [HEAD, &chunked(b"{}\n{\"Index\":7,", 100)].concat();
    let server = Replay::always(body).await;
    let mut stream = client(&[&server.url()]).event_stream(0, "*").await.unwrap();
    assert_eq!(stream.next_frame().await.unwrap(), Some(Frame::Heartbeat));
    let cause = stream.next_frame().await.unwrap_err().cause;
    assert!(matches!(cause, Cause::Unreachable(_)), "{cause:?}");
}

#[tokio::test]
async fn a_line_over_its_limit_ends_the_stream() {
    let server =
        Replay::start(|_| Reply::Close([HEAD, &chunked(&[b'x'; 5000], 1000)].concat())).await;
    let mut settings = settings(&[&server.url()]);
    settings.limits.event_line_bytes = 2000;
    let mut stream = Client::new(settings)
        .unwrap()
        .event_stream(0, "*")
        .await
        .unwrap();
    let cause = stream.next_frame().await.unwrap_err().cause;
    assert_eq!(
        cause,
        Cause::TooLarge {
            what: "event line",
            limit_bytes: 2000
        }
    );
}

#[tokio::test]
async fn the_stream_is_asked_for_unpacked_and_the_rest_packed() {
    let server = Replay::always(capture("acl/prod-stream-prod.http")).await;
    let client = client(&[&server.url()]);
    client.event_stream(29, "prod").await.unwrap();
    let _ = client.nodes().await;
    let heads = server.heads();
    assert!(
        heads[0].starts_with("GET /v1/event/stream?topic=Service&namespace=prod&index=29 "),
        "{heads:?}"
    );
    assert!(
        heads[0].contains("accept-encoding: identity\r\n"),
        "{heads:?}"
    );
    assert!(heads[1].contains("accept-encoding: gzip\r\n"), "{heads:?}");
}
