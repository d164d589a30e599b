//! The event buffer: the events of the last raft indexes, for `/v1/event/stream`.
//!
//! As in Nomad its size is a number of raft indexes, not of events, so an index without a service event also pushes
//! out an old one. A reader that falls behind its start loses its place.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::instance::{Instance, View};

/// The name that events of a registration carry.
pub(crate) const REGISTRATION: &str = "ServiceRegistration";

/// The events of one raft index.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) index: u64,
    pub(crate) events: Vec<Event>,
}

/// One event of the topic Service.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) namespace: Arc<str>,
    /// Job, service name and registration ID: what a topic's key may name.
    keys: [Box<str>; 3],
    json: Box<str>,
}

impl Event {
    pub(crate) fn new(index: u64, kind: &'static str, instance: &Instance) -> Self {
        let view = instance.view();
        let id = view.id();
        let keys = [
            view.job_id.into(),
            view.service_name.into(),
            id.as_str().into(),
        ];
        let wire = EventJson {
            filter_keys: [instance.job(), instance.service()],
            index,
            key: &id,
            namespace: instance.namespace(),
            payload: Payload { service: view },
            topic: "Service",
            r#type: kind,
        };
        Self {
            namespace: Arc::clone(instance.namespace()),
            keys,
            // A struct of texts and numbers always serialises.
            json: serde_json::to_string(&wire).unwrap_or_default().into(),
        }
    }

    /// Tells whether a topic's key names this event.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        key == "*" || self.keys.iter().any(|own| **own == *key)
    }
}

impl Frame {
    /// Writes the frame as one line, with those events that are wanted; without one there is no line.
    pub(crate) fn line(&self, wanted: impl Fn(&Event) -> bool) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        for event in self.events.iter().filter(|event| wanted(event)) {
            line.extend_from_slice(if line.is_empty() {
                br#"{"Events":["#
            } else {
                b","
            });
            line.extend_from_slice(event.json.as_bytes());
        }
        if line.is_empty() {
            return None;
        }
        line.extend_from_slice(format!("],\"Index\":{}}}\n", self.index).as_bytes());
        Some(line)
    }
}

/// The ring of frames. A place in it is counted from the first frame ever.
#[derive(Debug)]
pub(crate) struct EventLog {
    frames: VecDeque<Arc<Frame>>,
    capacity: usize,
    /// The place of the oldest frame still held.
    start: u64,
}

impl EventLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            capacity: capacity.max(1),
            start: 0,
        }
    }

    pub(crate) fn push(&mut self, frame: Arc<Frame>) {
        if self.frames.len() == self.capacity {
            self.frames.pop_front();
            self.start += 1;
        }
        self.frames.push_back(frame);
    }

    /// Drops all frames, as a restored server does. No place of before is valid any more.
    pub(crate) fn clear(&mut self) {
        self.start += self.frames.len() as u64 + 1;
        self.frames.clear();
    }

    /// Finds where a stream from an index begins: 0 is the oldest frame; else the frame at the index,
    /// else the closest later one, else the last one again.
    pub(crate) fn place_of(&self, index: u64) -> u64 {
        let offset = match index {
            0 => 0,
            _ => self.frames.partition_point(|frame| frame.index < index),
        };
        self.start + offset.min(self.frames.len().saturating_sub(1)) as u64
    }

    /// Gives the frame at a place.
    pub(crate) fn at(&self, place: u64) -> Step {
        let Some(offset) = place.checked_sub(self.start) else {
            return Step::Lost;
        };
        match self
            .frames
            .get(usize::try_from(offset).unwrap_or(usize::MAX))
        {
            Some(frame) => Step::Frame(Arc::clone(frame)),
            None => Step::Wait,
        }
    }
}

/// What is at a place of the log.
#[derive(Debug)]
pub(crate) enum Step {
    Frame(Arc<Frame>),
    /// Nothing yet.
    Wait,
    /// The frame has left the buffer.
    Lost,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventJson<'a> {
    filter_keys: [&'a str; 2],
    index: u64,
    key: &'a str,
    namespace: &'a str,
    payload: Payload<'a>,
    topic: &'static str,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payload<'a> {
    service: View<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(index: u64) -> Arc<Frame> {
        Arc::new(Frame {
            index,
            events: Vec::new(),
        })
    }

    fn log(indexes: impl IntoIterator<Item = u64>) -> EventLog {
        let mut log = EventLog::new(3);
        for index in indexes {
            log.push(empty(index));
        }
        log
    }

    fn first_from(log: &EventLog, index: u64) -> Option<u64> {
        match log.at(log.place_of(index)) {
            Step::Frame(frame) => Some(frame.index),
            Step::Wait | Step::Lost => None,
        }
    }

    #[test]
    fn a_stream_from_index_0_begins_with_the_oldest_kept_frame() {
        assert_eq!(first_from(&log([10, 20, 30, 40]), 0), Some(20));
    }

    #[test]
    fn a_stream_begins_at_its_index_or_at_the_next_later_one() {
        let log = log([10, 20, 30, 40]);
        assert_eq!(first_from(&log, 30), Some(30));
        assert_eq!(first_from(&log, 31), Some(40));
        assert_eq!(first_from(&log, 5), Some(20));
    }

    #[test]
    fn a_future_index_gives_the_last_frame_again() {
        assert_eq!(first_from(&log([10, 20, 30]), 99), Some(30));
        assert_eq!(first_from(&log([]), 99), None);
    }

    #[test]
    fn a_reader_that_falls_behind_the_log_loses_its_place() {
        let mut log = log([10, 20, 30]);
        let place = log.place_of(10);
        log.push(empty(40));
        assert!(matches!(log.at(place), Step::Lost));
    }

    #[test]
    fn clearing_the_log_makes_every_reader_lose_its_place() {
        let mut log = log([10, 20, 30]);
        let next = log.place_of(30) + 1;
        log.clear();
        assert!(matches!(log.at(next), Step::Lost));
        assert!(matches!(log.at(log.place_of(0)), Step::Wait));
    }
}
