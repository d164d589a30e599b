//! Handles the event stream: which services to read again, and whether the stream can be trusted to be complete.
//!
//! Floor 2, no I/O.

use tokio::time::Instant;

use super::scope::StreamAgain;
use super::{Plan, Trigger};
use crate::nomad::Change;

/// Services that are known at once; names that only the stream tells are not taken beyond.
const SERVICES_MAX: usize = 1_000_000;

impl Plan {
    /// Says whether the stream must be opened again, for a namespace that it was not opened for.
    pub(crate) fn must_resubscribe(&self, scope: usize) -> bool {
        let scope = &self.scopes[scope];
        scope.has_stream()
            && scope.namespace().is_none()
            && self
                .services
                .namespaces()
                .any(|name| !scope.subscribed.contains(name))
    }

    /// Returns the index that a stream is to be asked from, and notes for which namespaces.
    pub(crate) fn subscribe(&mut self, scope: usize) -> u64 {
        let names = self.services.namespaces().cloned().collect();
        let scope = &mut self.scopes[scope];
        scope.subscribed = names;
        scope.resume_index
    }

    /// Notes that a stream has sent its first frame; the list must be asked now, without waiting.
    pub(crate) fn stream_up(&mut self, scope: usize, asked: u64) {
        self.scopes[scope].stream_up(asked);
    }

    /// Notes that a stream ended.
    pub(crate) fn stream_down(&mut self, scope: usize, again: StreamAgain) {
        let resync = self.scopes[scope].stream_down(again);
        self.need(resync);
    }

    /// Takes a frame of the stream.
    pub(crate) fn frame(
        &mut self,
        scope: usize,
        index: u64,
        changes: &[Change],
        unreadable: usize,
        now: Instant,
    ) {
        let trigger = match self.scopes[scope].is_new(index) {
            true => Trigger::Event,
            false => Trigger::List,
        };
        let resync = self.scopes[scope].frame(index);
        self.need(resync);
        if unreadable > 0 {
            let resync = self.scopes[scope].missed(index);
            self.need(resync);
        }
        for change in changes {
            if self.services.count(None) >= SERVICES_MAX {
                let resync = self.scopes[scope].missed(index);
                self.need(resync);
                return;
            }
            // An old frame comes again after a reconnection: its changes are known, or being read.
            let is_known = self
                .services
                .find(&change.namespace, &change.service)
                .is_some();
            if trigger == Trigger::List && !is_known {
                continue;
            }
            let service = self.services.ensure(&change.namespace, &change.service);
            if index > service.applied {
                service.wanted = service.wanted.max(index);
                service.remember(trigger);
                if trigger == Trigger::Event {
                    service.changed_at.get_or_insert(now);
                }
                self.queue.changed(service, self.times.debounce, now);
            }
        }
    }
}
