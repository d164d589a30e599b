//! Following the event streams: opening, frames, ends and refusals.
//!
//! Floor 2. A stream runs in its own task and tells everything in order, its end last.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::watch::{Since, Stream};
use super::{Done, Engine};
use crate::nomad::{Client, Frame, NomadError};
use crate::sync::access::{Access, Events};
use crate::sync::plan::{Asked, StreamAgain};
use crate::sync::status::Answered;

/// More lists than these are followed without streams, for the connections they would cost.
const STREAMS_MAX: usize = 3;
/// A stream that lived for this long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(10);
/// Streams in a row that lived shorter, after which no more is expected of them.
const SHORT_LIVES: u32 = 3;

/// What a stream tells.
#[derive(Debug)]
pub(super) struct StreamEvent {
    number: u64,
    watch: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    Frame(Frame),
    End(Option<NomadError>),
}

impl Engine {
    /// Opens the streams that are due; returns when the next is.
    pub(super) fn open_streams(&mut self, now: Instant) -> Option<Instant> {
        if self.watches.len() > STREAMS_MAX {
            return None;
        }
        let mut next: Option<Instant> = None;
        for watch in 0..self.watches.len() {
            match self.watches[watch].stream {
                // The list comes first: its index is where the stream begins.
                Stream::Closed(at) if at <= now && self.plan.index(watch) > 0 => {
                    self.open_stream(watch)
                }
                Stream::Closed(at) if at > now => next = Some(next.map_or(at, |next| next.min(at))),
                Stream::Closed(_) | Stream::Open { .. } => {}
            }
        }
        next
    }

    /// Closes a stream, to open it again at once.
    pub(super) fn reopen_stream(&mut self, watch: usize, now: Instant) {
        if let Stream::Open { task, .. } = &self.watches[watch].stream {
            task.abort();
            self.plan.stream_down(watch, StreamAgain::Soon);
            self.watches[watch].stream = Stream::Closed(now);
        }
    }

    /// Takes what a stream tells.
    pub(super) fn streamed(&mut self, event: StreamEvent) {
        let StreamEvent {
            number,
            watch,
            what,
        } = event;
        let current = self
            .watches
            .get(watch)
            .and_then(|watch| match watch.stream {
                Stream::Open {
                    number,
                    from,
                    since,
                    ..
                } => Some((number, from, since)),
                Stream::Closed(_) => None,
            });
        let Some((_, from, since)) = current.filter(|(current, ..)| *current == number) else {
            return;
        };
        match what {
            What::Frame(frame) => {
                if since == Since::NotYet {
                    self.stream_is_up(watch, from);
                }
                self.status.heard();
                if let Frame::Events {
                    index,
                    changes,
                    unreadable,
                } = frame
                {
                    self.plan
                        .frame(watch, index, &changes, unreadable, Instant::now());
                }
            }
            What::End(error) => self.stream_ended(watch, since, error.as_ref()),
        }
    }

    fn open_stream(&mut self, watch: usize) {
        let from = self.plan.subscribe(watch);
        self.streams += 1;
        let number = self.streams;
        let (client, events) = (self.client.clone(), self.events_sender.clone());
        let name = self.watches[watch].name.clone();
        let tell = move |what| StreamEvent {
            number,
            watch,
            what,
        };
        let task = self.tasks.spawn(async move {
            follow(&client, from, &name, &events, tell).await;
            Done::Stream
        });
        let since = Since::NotYet;
        self.watches[watch].stream = Stream::Open {
            task,
            number,
            from,
            since,
        };
    }

    fn stream_is_up(&mut self, watch: usize, asked: u64) {
        let now = Instant::now();
        self.plan.stream_up(watch, asked);
        self.status.answered(Answered::Stream);
        if let Stream::Open { since, .. } = &mut self.watches[watch].stream {
            *since = Since::Up(now);
        }
        // What changed between the last list and this moment may have no frame.
        self.watches[watch].ask_now(Asked::AfterStream, now);
        self.set_events(Events::Followed);
    }

    fn stream_ended(&mut self, watch: usize, since: Since, error: Option<&NomadError>) {
        let now = Instant::now();
        if let Some(error) = error {
            self.status.erred(error);
        }
        let outage = error.is_some_and(|error| error.cause.is_outage());
        let lived = match since {
            Since::Up(at) => Some(at.elapsed()),
            Since::NotYet => None,
        };
        let pace = &mut self.watches[watch].stream_pace;
        if lived.is_some_and(|lived| lived >= GOOD_LIFE) {
            pace.succeeded();
        }
        let pause = pace.failed();
        let short_lived = pace.failures() > SHORT_LIVES;
        let (again, pause) = match lived {
            // From 1.11.2 on, a refusal is a stream that ends before its first frame.
            None if !outage => (StreamAgain::NotSoon, self.settings.times.stream_again),
            _ if short_lived => (StreamAgain::NotSoon, pause),
            _ => (StreamAgain::Soon, pause),
        };
        tracing::debug!(?error, ?lived, ?pause, "event stream ended");
        self.plan.stream_down(watch, again);
        self.watches[watch].stream = Stream::Closed(now + pause);
        let mut refused_now = false;
        if again == StreamAgain::NotSoon {
            refused_now = self.access.has_events();
            self.set_events(Events::Refused);
        }
        // Who loses the events has perhaps lost the list too, which else tells only when it is asked again.
        if outage || refused_now {
            self.doubt(now);
        }
    }

    fn set_events(&mut self, events: Events) {
        let access = match &self.access {
            Access::All(_) => Access::All(events),
            Access::Namespaces(names, _) => Access::Namespaces(names.clone(), events),
            Access::Unknown | Access::Reads | Access::None => return,
        };
        self.set_access(access);
    }
}

async fn follow(
    client: &Client,
    from: u64,
    namespace: &str,
    events: &mpsc::Sender<StreamEvent>,
    tell: impl Fn(What) -> StreamEvent,
) {
    let end = match client.event_stream(from, namespace).await {
        Err(error) => Some(error),
        Ok(mut stream) => loop {
            match stream.next_frame().await {
                Ok(Some(frame)) => {
                    if events.send(tell(What::Frame(frame))).await.is_err() {
                        return;
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        },
    };
    // The engine is gone when nobody listens.
    let _ = events.send(tell(What::End(end))).await;
}
