//! Reads the services that queries request, if the token cannot list any, and notifies the waiting queries.
//!
//! Floor 2, no I/O. When lists are allowed again, it continues until all of them have been read, so that no query is
//! answered from half a catalogue.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Demands, KnownService, Waiter};
use crate::catalog::{Coverage, ReadRequest, UnknownReason};
use crate::nomad::{Cause, Consistency, NomadError, QueryMeta, QueryOptions, WaitMode};
use crate::sync::apply::Converted;
use crate::sync::ask::{Action, Commands, NomadReply, NomadRequest, Subject};
use crate::sync::key::ServiceKey;
use crate::sync::rights::unknown_reason;
use crate::sync::settings::SyncSettings;

/// What is read on demand, and what of it is under way.
#[derive(Debug)]
pub(in crate::sync) struct Demand {
    settings: Arc<SyncSettings>,
    demands: Demands,
    commands: Commands,
    reading: HashMap<u64, (ServiceKey, Consistency)>,
    /// What has to leave the catalogue, since other names have taken its room.
    gone: Vec<ServiceKey>,
    requests: mpsc::Receiver<ReadRequest>,
    coverage: Coverage,
}

/// A service that was read.
#[derive(Debug)]
pub(in crate::sync) struct ReadService {
    pub(in crate::sync) key: ServiceKey,
    pub(in crate::sync) result: Result<(QueryMeta, Converted), NomadError>,
}

impl Demand {
    pub(in crate::sync) fn new(
        settings: Arc<SyncSettings>,
        requests: mpsc::Receiver<ReadRequest>,
        coverage: Coverage,
    ) -> Self {
        let demands = Demands::new(settings.on_demand, Instant::now());
        Self {
            settings,
            demands,
            commands: Commands::new(Subject::Demand),
            reading: HashMap::new(),
            gone: Vec::new(),
            requests,
            coverage,
        }
    }

    /// Says whether the catalogue has what was asked for only.
    pub(in crate::sync) fn is_on(&self) -> bool {
        self.coverage == Coverage::OnDemand
    }

    /// Waits for the next read request.
    pub(in crate::sync) async fn next_request(&mut self) -> ReadRequest {
        match self.requests.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// Returns a read request that is there already.
    pub(in crate::sync) fn ready_request(&mut self) -> Option<ReadRequest> {
        self.requests.try_recv().ok()
    }

    /// Begins to read on demand, with services that the catalogue has from before.
    pub(in crate::sync) fn begin(&mut self, held: Vec<ServiceKey>, now: Instant) {
        self.coverage = Coverage::OnDemand;
        for key in held {
            self.demands.inherit(key, now);
        }
    }

    /// Ends it; returns who has to be told once all is published.
    pub(in crate::sync) fn end(&mut self) -> Vec<Waiter> {
        self.coverage = Coverage::Complete;
        self.demands.clear()
    }

    /// Takes a query's read request.
    pub(in crate::sync) fn requested(&mut self, request: ReadRequest, nomad: Nomad, now: Instant) {
        let key = ServiceKey {
            namespace: request.namespace.into(),
            name: request.service.into(),
        };
        if !self.is_on() || !self.settings.is_configured(&key.namespace) {
            // The catalogue has all of it, or nothing ever: who asked may have given up.
            let _ = request.done.send(Ok(()));
            return;
        }
        if nomad == Nomad::Away {
            self.demands.ask_without_nomad(&key, request.done);
            return;
        }
        self.demands.ask(key, request.client, request.done, now);
    }

    /// Commands the reads that are asked for; `index` tells which state an answer about a service has to reach.
    ///
    /// Returns when there is more to read without any reply.
    pub(in crate::sync) fn turn(
        &mut self,
        now: Instant,
        mut index: impl FnMut(&ServiceKey) -> u64,
    ) -> Option<Instant> {
        while self.reading.len() < self.settings.reads_in_flight {
            let Some((key, gone)) = self.demands.next_read(now) else {
                return self.demands.next_due();
            };
            self.gone.extend(gone);
            let min_index = index(&key);
            self.read(key, Consistency::Stale, min_index);
        }
        None
    }

    /// Takes what has to leave the catalogue.
    pub(in crate::sync) fn take_gone(&mut self) -> Vec<ServiceKey> {
        std::mem::take(&mut self.gone)
    }

    /// Takes a reply; none when it has to be asked of the leader first.
    pub(in crate::sync) fn reply(
        &mut self,
        number: u64,
        reply: NomadReply,
        now: Instant,
    ) -> Option<ReadService> {
        let (key, consistency) = self.reading.remove(&number)?;
        let NomadReply::Service(result) = reply else {
            // A task of ours has a bug.
            self.demands.failed(&key, UnknownReason::Unreadable, now);
            return None;
        };
        let is_behind = |error: &NomadError| matches!(error.cause, Cause::Behind { .. });
        if consistency == Consistency::Stale && result.as_ref().is_err_and(is_behind) {
            self.read(key, Consistency::Default, 0);
            return None;
        }
        if let Err(error) = &result {
            self.demands.failed(&key, unknown_reason(error), now);
        }
        Some(ReadService { key, result })
    }

    /// Notes that a read is in the catalogue; returns who waits until that is published.
    pub(in crate::sync) fn taken(&mut self, key: &ServiceKey, instances: usize) -> Vec<Waiter> {
        let known = match instances {
            0 => KnownService::Absent,
            _ => KnownService::Here,
        };
        self.demands.read(key, known)
    }

    /// Fails what is not being read yet: Nomad cannot be read now.
    pub(in crate::sync) fn nomad_failed(&mut self, now: Instant) {
        self.demands.fail_queued(now);
    }

    /// Forgets what nobody asks for; returns what has to leave the catalogue.
    pub(in crate::sync) fn sweep(&mut self, now: Instant) -> Vec<ServiceKey> {
        self.demands.sweep(now)
    }

    /// Takes the commands that were given.
    pub(in crate::sync) fn take_commands(&mut self) -> Vec<Action> {
        self.commands.take()
    }

    fn read(&mut self, key: ServiceKey, consistency: Consistency, min_index: u64) {
        let options = QueryOptions {
            consistency,
            min_index,
            wait: WaitMode::No,
        };
        let question = NomadRequest::Service {
            key: key.clone(),
            options,
        };
        let number = self.commands.ask(question);
        self.reading.insert(number, (key, consistency));
    }
}

/// Whether Nomad can be read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) enum Nomad {
    Here,
    Away,
}
