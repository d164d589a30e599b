//! What an exchange tells the query log: who asked, and when.
//!
//! Floor 4, beside `exchange`. Nothing of it is used while there is no query log.

use std::net::IpAddr;

use tokio::time::Instant;

use super::live_server::LiveServer;
use crate::dns::Transport;
use crate::query_log::{ObservedQuery, QueryLog};

/// Where an exchange records.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    transport: Transport,
    /// The number of its queue.
    pub(super) worker: usize,
    /// The port that messages come from; 0 when that is not known.
    pub(super) port: u16,
}

/// A query that is recorded once it is answered.
#[derive(Debug)]
pub(super) struct PendingRecord {
    query: Vec<u8>,
    client: Option<IpAddr>,
    begun: Instant,
    recorder: Recorder,
}

impl Recorder {
    /// Gives a UDP worker a queue of its own.
    pub(super) fn new(transport: Transport, server: &LiveServer) -> Self {
        let worker = match transport {
            Transport::Udp => server.next_worker(),
            Transport::Tcp | Transport::Dot | Transport::Doh | Transport::Json => 0,
        };
        Self {
            transport,
            worker,
            port: 0,
        }
    }

    /// What is known before there is a response.
    pub(super) fn observed<'octets>(
        &self,
        query: &'octets [u8],
        client: Option<IpAddr>,
        begun: Instant,
    ) -> ObservedQuery<'octets> {
        ObservedQuery {
            query,
            response: &[],
            client,
            port: self.port,
            transport: self.transport,
            begun,
        }
    }

    /// Keeps that until there is one.
    pub(super) fn keep(&self, asked: &ObservedQuery<'_>) -> PendingRecord {
        PendingRecord {
            query: asked.query.into(),
            client: asked.client,
            begun: asked.begun,
            recorder: self.clone(),
        }
    }
}

impl PendingRecord {
    /// Records it with its response.
    pub(super) fn record(&self, log: &QueryLog, response: &[u8]) {
        let asked = self.recorder.observed(&self.query, self.client, self.begun);
        log.record(self.recorder.worker, &ObservedQuery { response, ..asked });
    }
}
