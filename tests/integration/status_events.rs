//! The events of the status page: what open pages are sent, how many there are, and when they end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nomadns::listeners::admin::ReadinessReport;
use nomadns::listeners::{ConnectionLimits, ListenerKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::gateway::{AT_MOST, until};
use crate::web::{Web, header, problem};

fn web() -> Web {
    Web::admin(ReadinessReport::Ready("ready".to_owned()))
}

#[tokio::test]
async fn an_open_page_is_told_until_the_gateway_ends() {
    let web = web();
    let mut response = web.get("/api/events").await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    let first = timeout(AT_MOST, response.chunk())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(&first[..], b"retry: 3000\nevent: live\ndata: {}\n\n");
    web.end_gateway();
    assert_eq!(
        timeout(AT_MOST, response.chunk()).await.unwrap().unwrap(),
        None
    );
}

#[tokio::test]
async fn only_so_many_pages_are_kept_up_to_date() {
    let web = web();
    let mut open = Vec::new();
    for _ in 0..32 {
        let response = web.get("/api/events").await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    assert_eq!(problem(web.get("/api/events").await).await.0, 503);
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place_at_once() {
    let web = web();
    let places = async || {
        let mut open = Vec::new();
        loop {
            let response = web.get("/api/events").await;
            if response.status() != 200 {
                return open;
            }
            open.push(response);
        }
    };
    let mut open = places().await;
    assert_eq!(open.len(), 32);
    drop(open.pop());
    // Nothing is sent meanwhile that could fail: the gateway notices by itself.
    until("there is a place again", async || {
        web.get("/api/events").await.status() == 200
    })
    .await;
    assert_eq!(web.get("/api/events").await.status(), 200);
}

#[tokio::test]
async fn a_stream_outlives_the_idle_time_and_is_cut_when_nobody_reads_it() {
    let limits = ConnectionLimits {
        http_idle: Duration::from_millis(100),
        http_headers: Duration::from_millis(50),
        write_stall: Duration::from_millis(300),
        ..ConnectionLimits::default()
    };
    let (web, live) = Web::admin_streaming(limits);
    let mut watched = web.get("/api/events").await;
    let mut hung = TcpStream::connect(web.running.address).await.unwrap();
    let request = b"GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    hung.write_all(request).await.unwrap();
    let mut next = async || {
        timeout(AT_MOST, watched.chunk())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    };
    assert!(next().await.starts_with(b"retry"));
    // Far beyond both times, in which nobody asks for anything.
    tokio::time::sleep(Duration::from_secs(1)).await;
    live.send_replace("\"later\"".into());
    assert_eq!(next().await, "event: live\ndata: \"later\"\n\n");
    let untaken = || {
        web.running
            .shared
            .counters
            .connections(ListenerKind::Admin)
            .untaken
            .load(Ordering::Relaxed)
    };
    // One reads all that comes, and the other one nothing, until no more fits between.
    let much: Arc<str> = format!("{:?}", "x".repeat(1 << 20)).into();
    until("who reads nothing is cut", async || {
        live.send_replace(Arc::clone(&much));
        let mut length = 0;
        while length < much.len() {
            length += next().await.len();
        }
        untaken() == 1
    })
    .await;
    live.send_replace("\"still\"".into());
    assert_eq!(next().await, "event: live\ndata: \"still\"\n\n");
}
