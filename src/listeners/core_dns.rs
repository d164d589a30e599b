//! Counts what a message came to as CoreDNS does, where that is wanted: `metrics.names`.
//!
//! Floor 4, in `exchange`. Where it is not wanted it costs one comparison.

use tokio::time::Instant;

use super::server::Server;
use crate::dns::{Query, Rcode, RecordType, Transport};
use crate::layers::metrics::{AnsweredQuery, ShardNumber};

/// A message that is being answered: when it came, and where it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    shard: ShardNumber,
    /// None where nothing is counted.
    since: Option<Instant>,
}

impl Counting {
    /// The set of counters of a worker or connection.
    pub(super) fn shard(server: &Server) -> ShardNumber {
        let zones = server.core_dns.as_ref();
        zones.map(|it| it.next_shard()).unwrap_or_default()
    }

    /// Notes that a message has come.
    #[inline]
    pub(super) fn begin(server: &Server, shard: ShardNumber) -> Self {
        let since = server.core_dns.is_some().then(Instant::now);
        Self { shard, since }
    }

    /// Counts the answer to a query; its octets and those of the query, if both are messages.
    #[inline]
    pub(super) fn end(
        self,
        server: &Server,
        query: &Query,
        rcode: Rcode,
        octets: Option<(usize, usize)>,
    ) {
        // What has no client, the gateway asks itself.
        if let Some(since) = self.since
            && query.client.is_some()
        {
            let answered = AnsweredQuery::of(query, rcode, since.elapsed());
            self.count(server, &AnsweredQuery { octets, ..answered });
        }
    }

    /// Counts the answer, from its start in `out`, to a message of so many octets.
    pub(super) fn end_written(self, server: &Server, query: &Query, asked: usize, answer: &[u8]) {
        self.end(server, query, rcode(answer), Some((asked, answer.len())));
    }

    /// Counts the answer to a message without a question that was read.
    pub(super) fn end_without_question(
        self,
        server: &Server,
        (transport, client): (Transport, Option<std::net::IpAddr>),
        asked: usize,
        answer: &[u8],
    ) {
        if let Some(since) = self.since {
            let answered = AnsweredQuery {
                name: None,
                record_type: RecordType(0),
                transport,
                client,
                rcode: rcode(answer),
                octets: Some((asked, answer.len())),
                took: since.elapsed(),
            };
            self.count(server, &answered);
        }
    }

    #[inline(never)]
    fn count(self, server: &Server, answered: &AnsweredQuery<'_>) {
        if let Some(zones) = &server.core_dns {
            zones.count(self.shard, answered);
        }
    }
}

/// The code in the header of an answer; success where none is sent.
fn rcode(answer: &[u8]) -> Rcode {
    Rcode(answer.get(3).map_or(0, |bits| u16::from(bits & 0xf)))
}
