//! Reads single services: which reads start, and how their responses are handled.
//!
//! Floor 2, no I/O.

use tokio::time::Instant;

use super::outage::FailingKind;
use super::plan::{Apply, Order, ReadFailure};
use super::watch::StreamState;
use super::{Follow, FollowOutcome, Pending};
use crate::nomad::{Cause, NomadError, QueryMeta, QueryOptions, WaitMode};
use crate::sync::apply::Converted;
use crate::sync::ask::NomadRequest;
use crate::sync::key::ServiceKey;
use crate::sync::rights::is_refusal;
use crate::sync::status::NomadAnswer;

/// Connections for one list and one stream; more of them leave fewer for reads.
const CONNECTIONS_BESIDE_READS: usize = 2;
/// The fewest reads at a time.
const READS_MIN: usize = 2;

impl Follow {
    /// Begins the reads that are due; returns when the next is.
    pub(super) fn start_reads(&mut self, now: Instant) -> Option<Instant> {
        let limit = self.reads_limit();
        let mut reading = self.reading();
        while reading < limit {
            let began = self.plan.resync_began();
            let order = self.plan.next_read(now);
            if began.is_some() && began != self.plan.resync_began() {
                self.status.resynced();
            }
            let Some(order) = order else {
                return self.plan.read_due();
            };
            let options = QueryOptions {
                consistency: order.consistency,
                min_index: order.min_index,
                wait: WaitMode::No,
            };
            let key = order.key.clone();
            self.ask(NomadRequest::Service { key, options }, Pending::Read(order));
            reading += 1;
        }
        None
    }

    /// Has a service read again because an instance of it may be gone without a word.
    pub(in crate::sync) fn read_again(&mut self, key: &ServiceKey) {
        self.plan.read_again(key);
    }

    /// Takes what was read of a service.
    pub(super) fn read(
        &mut self,
        order: &Order,
        read: Result<(QueryMeta, Converted), NomadError>,
        now: Instant,
    ) {
        match read {
            Ok((meta, converted)) => {
                self.status.answered(NomadAnswer::Read);
                self.worked(FailingKind::Reads);
                let count = converted.instances.len();
                if self.plan.read(order, meta.index, count, now) == Apply::Yes {
                    self.outcomes.push(FollowOutcome::Read {
                        key: order.key.clone(),
                        trigger: order.trigger,
                        converted,
                    });
                }
            }
            Err(error) => self.read_failed(order, &error, now),
        }
    }

    fn read_failed(&mut self, order: &Order, error: &NomadError, now: Instant) {
        self.erred(error);
        if let Cause::BadFilter(words) = &error.cause
            && !std::mem::replace(&mut self.is_filter_logged, true)
        {
            let filter = &self.settings.filter;
            tracing::error!(?filter, words, "Nomad does not understand nomad.filter");
        }
        tracing::debug!(%error, "a service could not be read");
        let cause = &error.cause;
        let failure = match cause {
            Cause::Behind { .. } => ReadFailure::Behind,
            cause if is_refusal(cause) => ReadFailure::Denied,
            Cause::BadFilter(_) | Cause::RateLimited { .. } => ReadFailure::Outage,
            cause if cause.is_transport() || cause.is_authorization() => ReadFailure::Outage,
            _ => ReadFailure::Other,
        };
        self.plan.failed(order, failure, now);
        match cause {
            Cause::PermissionDenied | Cause::Behind { .. } => {}
            Cause::BadFilter(_) | Cause::RateLimited { .. } => {
                self.fail_by(FailingKind::Reads, error, now);
            }
            cause if is_refusal(cause) => {}
            cause if cause.is_authorization() => self.fail_by(FailingKind::Reads, error, now),
            cause if cause.is_transport() => self.recheck(now),
            _ => {}
        }
    }

    fn reading(&self) -> usize {
        let reads = self.pending.values();
        reads.filter(|it| matches!(it, Pending::Read(_))).count()
    }

    fn reads_limit(&self) -> usize {
        let open = |watch: &&super::Watch| matches!(watch.stream, StreamState::Open { .. });
        let streams = self.watches.iter().filter(open).count();
        let beside = self.watches.len().min(super::lists::LISTS_AT_ONCE) + streams;
        let more = beside.saturating_sub(CONNECTIONS_BESIDE_READS);
        self.settings
            .reads_in_flight
            .saturating_sub(more)
            .max(READS_MIN)
    }
}
