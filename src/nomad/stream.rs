//! Nomad's event stream, as frames: which services changed, at which index.
//!
//! Floor 1. Events are used only as hints, never as state: Nomad may show more than the token can see, and reports
//! deletions under three different types. It does not reconnect; `sync` decides that.

use std::borrow::Cow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, Decoder};

use super::error::{Cause, NomadError, excerpt};
use super::permits::Permit;
use crate::blocking::BlockingPermits;

/// An open stream.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    /// Allows the connection as long as the stream lives.
    _permit: Permit,
    /// What came and is no whole line yet.
    begun: BytesMut,
    lines: AnyDelimiterCodec,
    url: String,
    silence: Duration,
    limit_bytes: usize,
    turns: BlockingPermits,
}

/// One line of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Nomad lives; the first frame of every stream.
    Heartbeat,
    /// What one index changed.
    Events {
        /// The index.
        index: u64,
        /// The services that changed, each once.
        changes: Vec<Change>,
        /// Changes that do not say which service they are of.
        unreadable: usize,
    },
}

/// A service that changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Exactly as Nomad has it.
    pub namespace: String,
    /// Exactly as Nomad has it.
    pub service: String,
}

impl Frame {
    /// About how much memory it takes, in octets.
    pub fn octets(&self) -> usize {
        let named = match self {
            Self::Heartbeat => 0,
            Self::Events { changes, .. } => changes
                .iter()
                .map(|it| size_of::<Change>() + it.namespace.len() + it.service.len())
                .sum(),
        };
        size_of::<Self>() + named
    }
}

impl EventStream {
    pub(super) fn new(
        (response, permit): (Response, Permit),
        url: String,
        silence: Duration,
        limit_bytes: usize,
        turns: BlockingPermits,
    ) -> Self {
        Self {
            response,
            _permit: permit,
            begun: BytesMut::new(),
            lines: AnyDelimiterCodec::new_with_max_length(
                b"\n".to_vec(),
                b"\n".to_vec(),
                limit_bytes,
            ),
            url,
            silence,
            limit_bytes,
            turns,
        }
    }

    /// Returns the next frame; `None` when Nomad ended the stream.
    ///
    /// # Errors
    /// When the stream breaks, is silent for too long, or sends what is no frame. It must be dropped then, as it must be
    /// when the future is dropped before it is done.
    pub async fn next_frame(&mut self) -> Result<Option<Frame>, NomadError> {
        let deadline = Instant::now() + self.silence;
        let frame = self.frame_by(deadline).await;
        frame.map_err(|cause| NomadError {
            url: self.url.clone(),
            cause,
        })
    }

    async fn frame_by(&mut self, deadline: Instant) -> Result<Option<Frame>, Cause> {
        loop {
            match self.lines.decode(&mut self.begun) {
                Ok(Some(line)) if line.trim_ascii().is_empty() => continue,
                Ok(Some(line)) => {
                    let frame = self.turns.read(line.len(), || decode(&line)).await;
                    return frame.map(Some);
                }
                Ok(None) => {}
                Err(AnyDelimiterCodecError::MaxChunkLengthExceeded) => {
                    let limit_bytes = self.limit_bytes;
                    return Err(Cause::TooLarge {
                        what: "event line",
                        limit_bytes,
                    });
                }
                Err(AnyDelimiterCodecError::Io(error)) => {
                    return Err(Cause::of_transport(&error, self.silence));
                }
            }
            match timeout_at(deadline, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.begun.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => return Err(Cause::of_transport(&error, self.silence)),
                Err(_) => return Err(Cause::TimedOut(self.silence)),
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StreamLine<'a> {
    #[serde(default)]
    index: u64,
    #[serde(default, borrow)]
    events: Option<Vec<Event<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(default, borrow)]
    topic: Cow<'a, str>,
    #[serde(default, borrow)]
    namespace: Cow<'a, str>,
    /// The job and the service.
    #[serde(default, borrow)]
    filter_keys: Option<Vec<Cow<'a, str>>>,
    #[serde(default, borrow)]
    payload: Option<Payload<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Payload<'a> {
    #[serde(default, borrow)]
    service: Option<PayloadService<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PayloadService<'a> {
    #[serde(default, borrow)]
    service_name: Cow<'a, str>,
}

fn decode(line: &Bytes) -> Result<Frame, Cause> {
    let text = String::from_utf8_lossy(line);
    let line: StreamLine<'_> = serde_json::from_str(&text).map_err(|error| Cause::Malformed {
        what: "event",
        why: excerpt(&error.to_string()),
    })?;
    let Some(events) = line.events else {
        return Ok(Frame::Heartbeat);
    };
    let mut changes: Vec<Change> = Vec::with_capacity(events.len());
    let mut unreadable = 0;
    for event in events.into_iter().filter(|event| event.topic == "Service") {
        let named = event
            .payload
            .and_then(|payload| payload.service)
            .map(|s| s.service_name);
        let keyed = || event.filter_keys.and_then(|keys| keys.into_iter().nth(1));
        match named.filter(|name| !name.is_empty()).or_else(keyed) {
            Some(service) if !event.namespace.is_empty() => changes.push(Change {
                namespace: event.namespace.into(),
                service: service.into(),
            }),
            _ => unreadable += 1,
        }
    }
    // A frame may have thousands of changes of one service, which is read once.
    changes.sort_unstable();
    changes.dedup();
    Ok(Frame::Events {
        index: line.index,
        changes,
        unreadable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Result<Frame, Cause> {
        decode(&Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn an_event_names_its_service_by_payload_or_by_key() {
        for event in [
            r#"{"Topic":"Service","Type":"PlanResult","Namespace":"default","Payload":{"Service":{"ServiceName":"redis"}}}"#,
            r#"{"Topic":"Service","Namespace":"default","FilterKeys":["job","redis"],"Payload":null}"#,
        ] {
            let line = format!(
                r#"{{"Index":7,"Events":[{event},{{"Topic":"Node"}},{{"Topic":"Service"}}]}}"#
            );
            let Frame::Events {
                index,
                changes,
                unreadable,
            } = decode(&line.into()).unwrap()
            else {
                panic!("a heartbeat");
            };
            assert_eq!((index, unreadable), (7, 1));
            assert_eq!(
                changes,
                [Change {
                    namespace: "default".into(),
                    service: "redis".into()
                }]
            );
        }
    }

    #[test]
    fn an_empty_object_is_a_heartbeat_and_anything_else_is_malformed() {
        assert_eq!(frame("{}"), Ok(Frame::Heartbeat));
        assert!(matches!(
            frame("Permission denied"),
            Err(Cause::Malformed { .. })
        ));
        assert!(matches!(
            frame(r#"{"Index":"7"}"#),
            Err(Cause::Malformed { .. })
        ));
    }
}
