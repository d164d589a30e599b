//! Frames of Nomad's event stream, cut into pieces anywhere.
//!
//! How the octets are cut changes nothing; there are no more frames than lines; an error is short, on one line, and the
//! last thing of a stream.
#![no_main]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::StreamBody;
use libfuzzer_sys::fuzz_target;
use nomadns::nomad::{Client, Frame, Settings};
use nomadns_fuzz::in_runtime;
use reqwest::{Body, Request, Response};

fuzz_target!(|given: (u8, &[u8])| {
    let (piece, octets) = given;
    let lines = octets.split(|it| *it == b'\n').count();
    in_runtime(|| {
        let whole = frames(octets.to_vec(), usize::MAX);
        let pieces = frames(octets.to_vec(), usize::from(piece) + 1);
        assert_eq!(whole, pieces);
        assert!(whole.0.len() <= lines);
        if let Some(words) = &whole.1 {
            assert!(
                words.len() < 4096 && !words.contains(char::is_control),
                "{words:?}"
            );
        }
        for frame in &whole.0 {
            if let Frame::Events {
                changes,
                unreadable,
                ..
            } = frame
            {
                assert!(changes.len() + unreadable <= octets.len());
            }
        }
    });
});

/// The frames of a stream that sends this and ends, and why it failed.
fn frames(octets: Vec<u8>, piece: usize) -> (Vec<Frame>, Option<String>) {
    let address = "http://127.0.0.1:4646".parse().expect("it is an address");
    let answer = tower::service_fn(move |_: Request| {
        let pieces: Vec<_> = octets
            .chunks(piece.min(octets.len().max(1)))
            .map(|it| Ok::<_, Infallible>(http_body::Frame::data(Bytes::copy_from_slice(it))))
            .collect();
        let body = StreamBody::new(futures_util::stream::iter(pieces));
        let body = Body::wrap(body);
        let response = http::Response::builder()
            .status(200)
            .body(body)
            .expect("it is a response");
        std::future::ready(Ok::<_, Infallible>(Response::from(response)))
    });
    let client =
        Client::over(Settings::new(vec![address]), [answer]).expect("one service for one address");
    let stream = client
        .event_stream(1, "*")
        .now_or_never()
        .expect("it is there");
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut frames = Vec::new();
    loop {
        match stream.next_frame().now_or_never().expect("it is there") {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error.to_string())),
        }
    }
}
