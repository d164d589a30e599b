//! Follows the event streams: opening, frames, ends and refusals.
//!
//! Floor 2, no I/O. The replies of a stream come in order, its end last.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::plan::{ListTiming, StreamAgain};
use super::watch::{Since, StreamState};
use super::{Follow, Pending};
use crate::nomad::{Frame, NomadError};
use crate::sync::ask::NomadRequest;
use crate::sync::rights::Events;
use crate::sync::status::NomadAnswer;

/// More lists than these are followed without streams, for the connections they would cost.
const STREAMS_MAX: usize = 3;
/// A stream that lived for this long was a good one.
const GOOD_LIFE: Duration = Duration::from_secs(10);
/// Streams in a row that lived shorter, after which no more is expected of them.
const SHORT_LIVES: u32 = 3;

impl Follow {
    /// Opens the streams that are due; returns when the next is.
    pub(super) fn open_streams(&mut self, now: Instant) -> Option<Instant> {
        if self.watches.len() > STREAMS_MAX {
            return None;
        }
        let mut next: Option<Instant> = None;
        for watch in 0..self.watches.len() {
            match self.watches[watch].stream {
                // The list comes first: its index is where the stream begins.
                StreamState::Closed(at) if at <= now && self.plan.index(watch) > 0 => {
                    self.open_stream(watch);
                }
                StreamState::Closed(at) if at > now => {
                    next = Some(next.map_or(at, |next| next.min(at)))
                }
                StreamState::Closed(_) | StreamState::Open { .. } => {}
            }
        }
        next
    }

    /// Closes a stream, to open it again at once.
    pub(super) fn reopen_stream(&mut self, watch: usize, now: Instant) {
        if let StreamState::Open { number, .. } = self.watches[watch].stream {
            self.cancel(number);
            self.plan.stream_down(watch, StreamAgain::Soon);
            self.watches[watch].stream = StreamState::Closed(now);
        }
    }

    /// Takes a frame.
    pub(super) fn frame(&mut self, number: u64, frame: Frame, now: Instant) {
        let Some(Pending::Stream(name)) = self.pending.get(&number) else {
            return;
        };
        let name = Arc::clone(name);
        let Some((at, watch)) = self.watch(&name) else {
            return;
        };
        if let StreamState::Open {
            from,
            since: Since::NotYet,
            ..
        } = watch.stream
        {
            self.stream_is_up(at, from, now);
        }
        self.status.heard();
        if let Frame::Events {
            index,
            mut changes,
            unreadable,
        } = frame
        {
            changes.retain(|change| self.settings.is_configured(&change.namespace));
            self.plan.frame(at, index, &changes, unreadable, now);
        }
    }

    /// Takes the end of a stream.
    pub(super) fn stream_ended(
        &mut self,
        name: &Arc<str>,
        error: Option<&NomadError>,
        now: Instant,
    ) {
        if let Some(error) = error {
            self.erred(error);
        }
        let Some((at, watch)) = self.watch(name) else {
            return;
        };
        let broke = error.is_some_and(|error| error.cause.is_transport());
        let lived = match watch.stream {
            StreamState::Open {
                since: Since::Up(since),
                ..
            } => Some(now.duration_since(since)),
            StreamState::Open { .. } | StreamState::Closed(_) => None,
        };
        let backoff = &mut watch.stream_backoff;
        if lived.is_some_and(|lived| lived >= GOOD_LIFE) {
            backoff.succeeded();
        }
        let pause = backoff.failed();
        let short_lived = backoff.failures() > SHORT_LIVES;
        let (again, pause) = match lived {
            // From 1.11.2 on, a refusal is a stream that ends before its first frame.
            None if !broke => (StreamAgain::NotSoon, self.settings.times.stream_again),
            _ if short_lived => (StreamAgain::NotSoon, pause),
            _ => (StreamAgain::Soon, pause),
        };
        tracing::debug!(?error, ?lived, ?pause, "event stream ended");
        self.plan.stream_down(at, again);
        self.watches[at].stream = StreamState::Closed(now + pause);
        let mut refused_now = false;
        if again == StreamAgain::NotSoon {
            refused_now = self.access.has_events();
            self.set_events(Events::Refused);
        }
        // Who loses the events has perhaps lost the list too, which else tells only when it is asked again.
        if broke || refused_now {
            self.recheck(now);
        }
    }

    fn open_stream(&mut self, watch: usize) {
        let from = self.plan.subscribe(watch);
        let namespace = Arc::clone(&self.watches[watch].name);
        let pending = Pending::Stream(Arc::clone(&namespace));
        let number = self.ask(NomadRequest::Stream { namespace, from }, pending);
        self.watches[watch].stream = StreamState::Open {
            number,
            from,
            since: Since::NotYet,
        };
    }

    fn stream_is_up(&mut self, watch: usize, asked: u64, now: Instant) {
        self.plan.stream_up(watch, asked);
        self.status.answered(NomadAnswer::Stream);
        if let StreamState::Open { since, .. } = &mut self.watches[watch].stream {
            *since = Since::Up(now);
        }
        // What changed between the last list and this moment may have no frame.
        self.ask_list_at(watch, ListTiming::AfterStream, now);
        self.set_events(Events::Followed);
    }
}
