//! Reading single services, and writing them into the catalogue.
//!
//! Floor 2.

use std::sync::Arc;

use tokio::time::Instant;

use super::outage::Loss;
use super::watch::Stream;
use super::{Catalogue, Done, Engine};
use crate::catalog::{NameError, Outcome};
use crate::nomad::{Cause, Client, NomadError, QueryOptions};
use crate::sync::oddities::Oddity;
use crate::sync::plan::{Apply, Failure, Key, Order};
use crate::sync::registration::{Converted, convert};
use crate::sync::settings::Settings;
use crate::sync::status::Answered;
use crate::sync::twins::{Presence, folded};

/// Connections for one list and one stream; more of them leave fewer for reads.
const CONNECTIONS_BESIDE_READS: usize = 2;
/// The fewest reads at a time.
const READS_MIN: usize = 2;

impl Engine {
    /// Starts the reads that are due; returns when the next is.
    pub(super) fn start_reads(&mut self, now: Instant) -> Option<Instant> {
        let limit = self.reads_limit();
        while self.reading.len() < limit {
            let began = self.plan.pass_began();
            let order = self.plan.next_read(now);
            if began.is_some() && began != self.plan.pass_began() {
                self.status.passed();
            }
            let Some(order) = order else {
                return self.plan.read_due();
            };
            let (client, settings) = (self.client.clone(), Arc::clone(&self.settings));
            let key = order.key.clone();
            let task = self
                .tasks
                .spawn(async move { Done::Read(read_service(&client, &settings, &key).await) });
            self.reading.insert(task.id(), order);
        }
        None
    }

    /// Takes a read.
    pub(super) fn read(&mut self, order: &Order, read: Result<(u64, Converted), NomadError>) {
        let now = Instant::now();
        match read {
            Ok((index, converted)) => {
                self.status.answered(Answered::Read);
                self.confirm(Loss::Read);
                if self.plan.read(order, index, converted.instances.len(), now) == Apply::Yes {
                    self.take_read(&order.key, order.told, converted);
                }
            }
            Err(error) => self.read_failed(order, &error, now),
        }
    }

    /// Writes the instances of a service into the catalogue.
    pub(super) fn apply(&mut self, key: &Key, converted: Converted) {
        let Converted {
            mut instances,
            mut found,
        } = converted;
        self.judge_new(key, &mut instances);
        let presence = if instances.is_empty() {
            Presence::Gone
        } else {
            Presence::Here
        };
        match self.writer.put(&key.namespace, &key.name, instances) {
            Ok(Outcome::Unchanged) => {}
            Ok(Outcome::Changed) => self.changed(),
            Err(_) if presence == Presence::Gone => {}
            Err(NameError::Service) => found.add(Oddity::ServiceName, &key.name),
            Err(NameError::Namespace) => found.add(Oddity::NamespaceName, &key.namespace),
        }
        self.oddities.set(key, &found);
        self.note_twins(key, presence);
        if self.catalogue != Catalogue::NeverPublished {
            self.status
                .set_oddities(&self.oddities.totals(), self.oddities.examples());
        }
    }

    fn note_twins(&mut self, key: &Key, presence: Presence) {
        if presence == Presence::Gone {
            self.oddities.set_twins(key, 0);
        }
        let capitals = self.twins.note(key, presence);
        if capitals.is_empty() {
            return;
        }
        let (namespace, name) = folded(key);
        let small = usize::from(self.plan.is_present(&namespace, &name));
        for key in capitals {
            self.oddities.set_twins(key, small + capitals.len() - 1);
        }
    }

    fn read_failed(&mut self, order: &Order, error: &NomadError, now: Instant) {
        self.status.erred(error);
        if let Cause::BadFilter(words) = &error.cause
            && !std::mem::replace(&mut self.filter_said, true)
        {
            let filter = &self.settings.filter;
            tracing::error!(?filter, words, "Nomad does not understand nomad.filter");
        }
        tracing::debug!(%error, "a service could not be read");
        let failure = match &error.cause {
            Cause::PermissionDenied => Failure::Denied,
            cause if cause.is_outage() || cause.is_authorization() => Failure::Outage,
            Cause::BadFilter(_) | Cause::RateLimited { .. } => Failure::Outage,
            _ => Failure::Other,
        };
        self.plan.failed(order, failure, now);
        match &error.cause {
            Cause::PermissionDenied => {}
            Cause::BadFilter(_) | Cause::RateLimited { .. } => self.lose_by(Loss::Read, error),
            cause if cause.is_authorization() => self.lose_by(Loss::Read, error),
            cause if cause.is_outage() => self.doubt(now),
            _ => {}
        }
    }

    fn reads_limit(&self) -> usize {
        let open = |watch: &super::Watch| matches!(watch.stream, Stream::Open { .. });
        let streams = self.watches.iter().filter(|watch| open(watch)).count();
        let beside = self.watches.len().min(super::lists::LISTS_AT_ONCE) + streams;
        let more = beside.saturating_sub(CONNECTIONS_BESIDE_READS) + self.health.under_way();
        self.settings
            .reads_in_flight
            .saturating_sub(more)
            .max(READS_MIN)
    }
}

/// Reads a service, and makes catalogue instances of what is answered for: Nomad's index, and they.
pub(super) async fn read_service(
    client: &Client,
    settings: &Settings,
    key: &Key,
) -> Result<(u64, Converted), NomadError> {
    let read = client
        .service(
            &key.namespace,
            &key.name,
            &settings.filter,
            QueryOptions::default(),
        )
        .await?;
    Ok((read.meta.index, convert(key, read, &settings.exclude_tags)))
}
