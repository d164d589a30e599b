//! Counters for queries and answers, one set for each worker.
//!
//! Workers do not share counters, so that no two write to the same cache line; they are added up when scraped. All
//! labels come from fixed lists: nothing that a client sends can create another one.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::dns::tsig::TsigError;
use crate::dns::{Query, Rcode, RecordType, Transport};

/// The types that are counted by name; all others together are the last.
pub(super) const TYPES: [(RecordType, &str); 14] = [
    (RecordType::A, "A"),
    (RecordType::AAAA, "AAAA"),
    (RecordType::SRV, "SRV"),
    (RecordType::TXT, "TXT"),
    (RecordType::HTTPS, "HTTPS"),
    (RecordType::SVCB, "SVCB"),
    (RecordType::SOA, "SOA"),
    (RecordType::NS, "NS"),
    (RecordType::CNAME, "CNAME"),
    (RecordType::PTR, "PTR"),
    (RecordType::MX, "MX"),
    (RecordType::ANY, "ANY"),
    (RecordType::AXFR, "AXFR"),
    (RecordType::IXFR, "IXFR"),
];
/// The label of all other types and codes.
pub(super) const OTHER: &str = "other";

/// The codes that are counted by name.
pub(super) const RCODES: [(Rcode, &str); 7] = [
    (Rcode::NOERROR, "NOERROR"),
    (Rcode::FORMERR, "FORMERR"),
    (Rcode::SERVFAIL, "SERVFAIL"),
    (Rcode::NXDOMAIN, "NXDOMAIN"),
    (Rcode::NOTIMP, "NOTIMP"),
    (Rcode::REFUSED, "REFUSED"),
    (Rcode::BADVERS, "BADVERS"),
];

/// The families of clients' addresses.
pub(super) const FAMILIES: [&str; 3] = ["1", "2", "0"];

/// The upper ends of the buckets of durations, in nanoseconds.
pub(super) const BUCKETS_NANOSECONDS: [u64; 11] = [
    1_000,
    5_000,
    20_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    20_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
];

const TRANSPORTS: usize = Transport::ALL.len();

/// The counters of one worker.
#[derive(Debug, Default)]
pub struct QueryCounters {
    pub(in crate::layers) queries: [[[AtomicU64; FAMILIES.len()]; TYPES.len() + 1]; TRANSPORTS],
    pub(in crate::layers) answers: [[AtomicU64; RCODES.len() + 1]; TRANSPORTS],
    pub(in crate::layers) durations: [[AtomicU64; BUCKETS_NANOSECONDS.len() + 1]; TRANSPORTS],
    pub(in crate::layers) nanoseconds: [AtomicU64; TRANSPORTS],
    /// Errors that were turned into answers, by `Failure`.
    pub(in crate::layers) failures: [AtomicU64; ServfailCause::ALL.len()],
    /// Queries whose signature was not taken.
    tsig_errors: [AtomicU64; TsigError::OF_QUERIES.len()],
}

/// Why a query got SERVFAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServfailCause {
    /// Nothing is known of the cluster.
    NotReady,
    /// The name was not read yet.
    Unread,
    /// The name could not be read.
    Unreadable,
    /// Nomad refuses the token to read the name.
    Refused,
    /// Too many queries waited already.
    Overloaded,
    /// What is forwarded comes back.
    ForwardingLoop,
    /// Too many queries waited for upstreams already.
    ForwardingOverloaded,
    /// No upstream has answered, or can be reached.
    NoUpstream,
    /// The upstreams have no answer.
    UpstreamFailed,
    /// The answer of an upstream has a private address.
    PrivateAddress,
    /// It took too long.
    TimedOut,
    /// The code panicked.
    Panic,
    /// Anything else.
    Other,
}

impl ServfailCause {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 13] = [
        Self::NotReady,
        Self::Unread,
        Self::Unreadable,
        Self::Refused,
        Self::Overloaded,
        Self::ForwardingLoop,
        Self::ForwardingOverloaded,
        Self::NoUpstream,
        Self::UpstreamFailed,
        Self::PrivateAddress,
        Self::TimedOut,
        Self::Panic,
        Self::Other,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NotReady => "not_ready",
            Self::Unread => "unread",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Overloaded => "overloaded",
            Self::ForwardingLoop => "forwarding_loop",
            Self::ForwardingOverloaded => "forwarding_overloaded",
            Self::NoUpstream => "no_upstream",
            Self::UpstreamFailed => "upstream_failed",
            Self::PrivateAddress => "private_address",
            Self::TimedOut => "timed_out",
            Self::Panic => "panic",
            Self::Other => OTHER,
        }
    }
}

impl QueryCounters {
    pub(super) fn count_query(&self, query: &Query) {
        let place = TYPES
            .iter()
            .position(|(known, _)| *known == query.record_type);
        let family = match query.client {
            Some(IpAddr::V4(_)) => 0,
            Some(IpAddr::V6(_)) => 1,
            None => 2,
        };
        let transport = query.transport as usize;
        let counter = &self.queries[transport][place.unwrap_or(TYPES.len())][family];
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_answer(&self, transport: Transport, rcode: Rcode, duration: Duration) {
        let transport = transport as usize;
        let place = RCODES.iter().position(|(known, _)| *known == rcode);
        let counter = &self.answers[transport][place.unwrap_or(RCODES.len())];
        counter.fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_NANOSECONDS.partition_point(|end| *end < nanoseconds);
        self.durations[transport][bucket].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds[transport].fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Counts an answer that the stack had no part in: to a message that was no query for it.
    pub fn count_refused(&self, transport: Transport, rcode: Rcode) {
        let place = RCODES.iter().position(|(known, _)| *known == rcode);
        self.answers[transport as usize][place.unwrap_or(RCODES.len())]
            .fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a query whose signature was not taken.
    pub fn count_tsig_error(&self, error: TsigError) {
        let mut all = TsigError::OF_QUERIES.iter();
        if let Some(place) = all.position(|(known, _)| *known == error) {
            self.tsig_errors[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those queries, by the words for what was wrong.
    pub fn tsig_errors(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let words = TsigError::OF_QUERIES.iter().map(|(_, word)| *word);
        let counts = self.tsig_errors.iter();
        words.zip(counts.map(|count| count.load(Ordering::Relaxed)))
    }
}
