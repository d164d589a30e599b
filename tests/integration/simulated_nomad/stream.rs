//! The event stream: captured history again, where a stream begins, and how it ends.

use std::time::Duration;

use nomadns::demo::{EventBroker, Options, Registration, Removal, SimulatedNomad, Version};
use serde_json::Value;
use tokio::io::BufReader;
use tokio::net::TcpStream;

use super::capture::{Answer, ask, fixture, frames, read_chunk, read_head, replay, send};

/// An open stream.
struct Stream {
    connection: BufReader<TcpStream>,
    head: Answer,
}

impl Stream {
    async fn open(nomad: &SimulatedNomad, query: &str) -> Self {
        let mut connection = BufReader::new(TcpStream::connect(nomad.address()).await.unwrap());
        send(
            &mut connection,
            &format!("GET /v1/event/stream?{query}"),
            &[],
        )
        .await;
        let head = read_head(&mut connection).await;
        Self { connection, head }
    }

    /// Gives the next line; none at the end of the stream.
    async fn line(&mut self) -> Option<String> {
        let chunk = read_chunk(&mut self.connection).await?;
        Some(String::from_utf8(chunk).unwrap().trim_end().to_owned())
    }

    async fn frame(&mut self) -> Value {
        loop {
            match self.line().await.expect("a frame").as_str() {
                "{}" => {}
                line => return serde_json::from_str(line).unwrap(),
            }
        }
    }
}

fn nomad() -> SimulatedNomad {
    SimulatedNomad::start(Options::default()).unwrap()
}

fn web(namespace: &str) -> Registration {
    Registration::new(namespace, "web")
}

#[tokio::test]
async fn captured_history_comes_out_as_it_was() {
    let captured = String::from_utf8(fixture("stream/from-index-0.ndjson")).unwrap();
    let lines: Vec<&str> = captured.lines().filter(|line| *line != "{}").collect();
    let nomad = SimulatedNomad::start(Options {
        event_buffer: 1000,
        ..Options::default()
    })
    .unwrap();
    replay(&nomad, &frames(captured.as_bytes()), u64::MAX);
    let mut stream = Stream::open(&nomad, "topic=Service&namespace=*").await;
    let head = String::from_utf8(fixture("stream/from-index-0.head")).unwrap();
    let head: Vec<&str> = head
        .lines()
        .filter(|line| !line.starts_with("Date"))
        .collect();
    let ours = stream.head.head().replace("Date: (now)\n", "");
    assert_eq!(ours.lines().collect::<Vec<_>>(), head[..head.len() - 1]);
    assert_eq!(stream.line().await.unwrap(), "{}");
    for line in lines {
        assert_eq!(stream.line().await.unwrap(), line);
    }
}

#[tokio::test]
async fn a_stream_from_the_last_index_shows_it_again_and_then_what_comes() {
    let nomad = nomad();
    nomad.register([web("default")]);
    let last = nomad.index();
    for index in [last, last + 1000] {
        let mut stream = Stream::open(&nomad, &format!("topic=Service&index={index}")).await;
        assert_eq!(stream.frame().await["Index"], nomad.index());
        nomad.register([web("default")]);
        assert_eq!(stream.frame().await["Index"], nomad.index());
    }
}

#[tokio::test]
async fn events_that_left_the_buffer_are_skipped_silently() {
    let nomad = nomad();
    nomad.register([web("default")]);
    let first = nomad.index();
    nomad.register([web("default")]);
    nomad.pass_indexes(99);
    let mut stream = Stream::open(&nomad, &format!("topic=Service&index={first}")).await;
    assert_eq!(stream.frame().await["Index"], first + 1);
}

#[tokio::test]
async fn topics_keys_and_namespaces_choose_the_events() {
    let nomad = nomad();
    let mut keyed = Stream::open(&nomad, "topic=Service:redis&namespace=*").await;
    let mut default = Stream::open(&nomad, "topic=Service").await;
    let mut others = Stream::open(&nomad, "topic=Job&topic=Node").await;
    nomad.streams_reach(3).await;
    nomad.register([web("default"), web("prod")]);
    nomad.register([Registration::new("prod", "redis")]);
    nomad.register([web("default")]);
    let frame = keyed.frame().await;
    assert_eq!(
        frame["Events"][0]["FilterKeys"],
        serde_json::json!(["redis", "redis"])
    );
    assert_eq!(default.frame().await["Events"].as_array().unwrap().len(), 1);
    assert_eq!(default.frame().await["Index"], nomad.index());
    nomad.end_streams();
    assert_eq!(keyed.line().await, None);
    assert_eq!(others.line().await.unwrap(), "{}");
    assert_eq!(others.line().await, None);
}

#[tokio::test]
async fn removals_carry_the_type_of_their_cause() {
    let nomad = nomad();
    let mut stream = Stream::open(&nomad, "topic=Service").await;
    nomad.streams_reach(1).await;
    for (removal, kind) in [
        (Removal::Deregistered, "ServiceDeregistration"),
        (Removal::Planned, "PlanResult"),
        (Removal::Silent, ""),
        (Removal::Ended, "AllocationUpdated"),
    ] {
        let service = web("default");
        nomad.register([service.clone()]);
        assert_eq!(
            stream.frame().await["Events"][0]["Type"],
            "ServiceRegistration"
        );
        assert!(nomad.deregister(&service, removal));
        if removal != Removal::Silent {
            let frame = stream.frame().await;
            assert_eq!(frame["Events"][0]["Type"], kind);
            assert_eq!(frame["Events"][0]["Payload"]["Service"]["ID"], service.id);
        }
    }
}

#[tokio::test]
async fn later_versions_show_only_the_namespaces_of_the_start() {
    for (version, sees_it) in [(Version::V1_6_5, true), (Version::V1_10_5, false)] {
        let nomad = SimulatedNomad::start(Options {
            version,
            ..Options::default()
        })
        .unwrap();
        let mut stream = Stream::open(&nomad, "topic=Service&namespace=*").await;
        nomad.streams_reach(1).await;
        nomad.register([web("young")]);
        nomad.register([web("default")]);
        let first = stream.frame().await;
        assert_eq!(first["Events"][0]["Namespace"] == "young", sees_it);
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_at_once_and_every_thirty_seconds() {
    let nomad = nomad();
    let start = tokio::time::Instant::now();
    let mut stream = Stream::open(&nomad, "topic=Service").await;
    assert_eq!(stream.line().await.unwrap(), "{}");
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(stream.line().await.unwrap(), "{}");
    assert!(start.elapsed() >= Duration::from_secs(30));
}

#[tokio::test]
async fn a_restored_state_and_a_token_change_end_streams() {
    let nomad = nomad();
    nomad.register([web("default")]);
    let mut stream = Stream::open(&nomad, "topic=Service").await;
    stream.frame().await;
    nomad.restore_index(1);
    assert_eq!(stream.line().await, None);
    let mut stream = Stream::open(&nomad, "topic=Service").await;
    assert_eq!(stream.line().await.unwrap(), "{}");
    nomad.delete_token("any");
    assert_eq!(stream.line().await, None);
}

#[tokio::test]
async fn a_broker_may_be_off_or_end_streams_at_once() {
    let nomad = nomad();
    nomad.set_event_broker(EventBroker::Off);
    let answer = ask(&nomad, "GET /v1/event/stream?topic=Service", &[]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 500 Internal Server Error");
    nomad.set_event_broker(EventBroker::ClosesAtOnce);
    let answer = ask(&nomad, "GET /v1/event/stream?topic=Service", &[]).await;
    assert_eq!(
        (answer.status_line.as_str(), answer.body.len()),
        ("HTTP/1.1 200 OK", 0)
    );
}

#[tokio::test]
async fn a_stream_to_a_client_that_takes_gzip_is_readable_line_by_line() {
    use std::io::{BufRead as _, BufReader};
    let nomad = nomad();
    let headers = [("Accept-Encoding", "gzip")];
    let mut stream = tokio::io::BufReader::new(TcpStream::connect(nomad.address()).await.unwrap());
    send(&mut stream, "GET /v1/event/stream?topic=Service", &headers).await;
    assert_eq!(
        read_head(&mut stream).await.header("content-encoding"),
        Some("gzip")
    );
    nomad.streams_reach(1).await;
    let mut compressed = read_chunk(&mut stream).await.unwrap();
    nomad.register([web("default")]);
    compressed.extend(read_chunk(&mut stream).await.unwrap());
    let mut text = BufReader::new(flate2::read::GzDecoder::new(compressed.as_slice())).lines();
    assert_eq!(text.next().unwrap().unwrap(), "{}");
    assert!(
        text.next()
            .unwrap()
            .unwrap()
            .starts_with(r#"{"Events":[{"FilterKeys""#)
    );
}
