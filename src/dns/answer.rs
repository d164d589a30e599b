//! An answer, with its wire form made once.
//!
//! It does not contain what depends on the client (id, letter case of the question, OPT, size); `wire::encode` adds
//! that to each copy. All compression pointers point into the question, which is at the same place in every answer,
//! so records can be left out and rotated freely.

use std::sync::Arc;

use super::Rcode;

/// An answer; a clone shares the wire form.
#[derive(Clone, Debug)]
pub struct Answer(Arc<AnswerParts>);

/// The parts of an answer, as `AnswerBuilder` makes them; a clone shares the records.
#[derive(Clone, Debug)]
pub(super) struct AnswerParts {
    /// How long the question's name is, in octets.
    pub(super) question_octets: usize,
    pub(super) rcode: Rcode,
    pub(super) authoritative: bool,
    /// Whether it says something of the cluster, and so may be old while Nomad is away.
    pub(super) is_of_cluster: bool,
    /// Whether whoever made it has validated it (AD); told to those that ask (RFC 6840 §5.8).
    pub(super) authentic: bool,
    /// The records of all sections, one after the other.
    pub(super) records: Arc<[u8]>,
    /// Where each record of the answer section begins in `records`.
    pub(super) answer_starts: Arc<[u32]>,
    /// How many of them are the chain of CNAMEs that leads to the others, and keeps its place.
    pub(super) chain_count: usize,
    pub(super) answer_end: usize,
    pub(super) authority_end: usize,
    pub(super) authority_count: u16,
    /// The additional section by names: what is said of a name is there as a whole or not at all (RFC 2181 §9).
    pub(super) additional: Arc<[OfName]>,
    pub(super) additional_count: u16,
    /// Whether the records behind the chain are a set, which has no order.
    pub(super) rotates: bool,
    /// Whether there were more than an answer holds.
    pub(super) is_part: bool,
    pub(super) saved: Saved,
    pub(super) freshness_seconds: Option<u32>,
    pub(super) extended_error: Option<ExtendedError>,
}

/// The records of one name in the additional section.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfName {
    /// Where they begin in the records.
    pub(super) start: u32,
    /// How many additional records stand before them.
    pub(super) before: u16,
}

/// The octets that compression saves, which a writer without it puts back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Saved {
    pub(super) all: usize,
    pub(super) chain: usize,
    pub(super) authority: usize,
    /// The most in one record behind the chain.
    pub(super) in_set_record: usize,
    /// The most in one record of the additional section.
    pub(super) in_additional_record: usize,
}

impl AnswerParts {
    /// Where a record of the answer section begins, or ends that before it.
    pub(super) fn answer_start(&self, place: usize) -> usize {
        let start = self.answer_starts.get(place);
        start.map_or(self.answer_end, |start| *start as usize)
    }

    /// Where the additional records of a name begin, and how many stand before them.
    pub(super) fn additional_start(&self, place: usize) -> (usize, usize) {
        match self.additional.get(place) {
            Some(name) => (name.start as usize, name.before.into()),
            None => (self.records.len(), self.additional_count.into()),
        }
    }
}

/// Why an answer is as it is, for people (RFC 8914).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedError {
    /// The code of the registry.
    pub code: u16,
    /// More about it, short.
    pub text: &'static str,
}

/// Whether what answers are made from is as new as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Age {
    /// It is.
    #[default]
    Current,
    /// It is older.
    Stale,
}

/// Whether this server finds answers of other zones too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recursion {
    /// It has its own zones only.
    #[default]
    Unavailable,
    /// It forwards what others are asked for; all answers say so (RFC 1035 §4.1.1, RA).
    Available,
}

impl Answer {
    pub(super) fn new(parts: AnswerParts) -> Self {
        Self(Arc::new(parts))
    }

    pub(super) fn parts(&self) -> &AnswerParts {
        &self.0
    }

    /// The code of the response.
    pub fn rcode(&self) -> Rcode {
        self.0.rcode
    }

    /// How many records the answer section has.
    pub fn answer_count(&self) -> usize {
        self.0.answer_starts.len()
    }

    /// How long an HTTP cache may keep it, in seconds (RFC 8484 §5.1); none when it may not.
    pub fn freshness_seconds(&self) -> Option<u32> {
        self.0.freshness_seconds
    }

    /// What is told beside the code of the response.
    pub fn extended_error(&self) -> Option<ExtendedError> {
        self.0.extended_error
    }

    /// What is told beside the code of the response when the answer may be old: its own error, or how old it is.
    pub fn extended_error_at(&self, age: Age) -> Option<ExtendedError> {
        let stale = match (age, self.0.rcode) {
            // What says nothing of the cluster is never old.
            _ if !self.0.is_of_cluster => None,
            (Age::Stale, Rcode::NOERROR) => Some(ExtendedError::STALE),
            (Age::Stale, Rcode::NXDOMAIN) => Some(ExtendedError::STALE_NXDOMAIN),
            _ => None,
        };
        self.0.extended_error.or(stale)
    }

    /// About how much memory it takes, in octets.
    pub fn octets(&self) -> usize {
        let parts = &self.0;
        let (starts, names) = (&parts.answer_starts, &parts.additional);
        size_of::<AnswerParts>()
            + parts.records.len()
            + size_of_val(&**starts)
            + size_of_val(&**names)
    }
}

impl ExtendedError {
    /// The answer is older than it should be (RFC 8914 §4.4).
    pub const STALE: Self = Self {
        code: 3,
        text: "Nomad is unavailable",
    };
    /// So is the denial (RFC 8914 §4.20).
    pub const STALE_NXDOMAIN: Self = Self {
        code: 19,
        text: "Nomad is unavailable",
    };
    /// It is the last that is known, of what cannot be read now (RFC 8914 §4.4).
    pub const LAST_KNOWN: Self = Self {
        code: 3,
        text: "last known state, Nomad cannot be read now",
    };
    /// It is listed, and was not read yet (RFC 8914 §4.15).
    pub const NOT_READ_YET: Self = Self {
        code: 14,
        text: "not read from Nomad yet",
    };
    /// Nomad could not be asked about it (RFC 8914 §4.23).
    pub const UNREADABLE: Self = Self {
        code: 22,
        text: "could not be read from Nomad",
    };
    /// Nomad does not let it be read (RFC 8914 §4.19).
    pub const REFUSED_BY_NOMAD: Self = Self {
        code: 18,
        text: "the gateway's token may not read it",
    };
    /// No snapshot of the cluster exists yet (RFC 8914 §4.15).
    pub const NOT_READY: Self = Self {
        code: 14,
        text: "no answer from Nomad yet",
    };
    /// The client may not ask (RFC 8914 §4.19). Without a text: its address can be written by anybody, and
    /// the answer is to be no longer than it must.
    pub const PROHIBITED: Self = Self { code: 18, text: "" };
    /// The client asks too often (RFC 8914 §4.1).
    pub const OVER_RATE: Self = Self {
        code: 0,
        text: "too many queries from this client",
    };
    /// The name is in none of the zones (RFC 8914 §4.21).
    pub const NOT_AUTHORITATIVE: Self = Self {
        code: 20,
        text: "outside the zones served here",
    };
    /// The operation is not done here (RFC 8914 §4.22).
    pub const NOT_SUPPORTED: Self = Self {
        code: 21,
        text: "not supported here",
    };
    /// An upstream is not reached, and this is what it said before (RFC 8914 §4.4, RFC 8767).
    pub const UPSTREAM_STALE: Self = Self {
        code: 3,
        text: "no upstream has answered",
    };
    /// So is the denial (RFC 8914 §4.20).
    pub const UPSTREAM_STALE_NXDOMAIN: Self = Self {
        code: 19,
        text: "no upstream has answered",
    };
    /// No upstream has answered, or can be reached (RFC 8914 §4.23).
    pub const NO_UPSTREAM: Self = Self {
        code: 22,
        text: "no upstream has answered",
    };
    /// What is forwarded comes back (RFC 8914 §4.24).
    pub const FORWARDING_LOOP: Self = Self {
        code: 23,
        text: "an upstream forwards to this gateway",
    };
    /// Too many queries are forwarded (RFC 8914 §4.24).
    pub const TOO_MANY_FORWARDED: Self = Self {
        code: 23,
        text: "too many queries wait for upstreams",
    };
    /// The upstreams have no answer, and do not say why (RFC 8914 §4.1).
    pub const UPSTREAM_FAILED: Self = Self {
        code: 0,
        text: "the upstreams have no answer",
    };
    /// The answer of an upstream has an address that names of its zone may not have (RFC 8914 §4.16).
    pub const PRIVATE_ADDRESS: Self = Self {
        code: 15,
        text: "private address from an upstream, see private_addresses of [[forward]]",
    };
    /// It failed for a reason without a code of its own (RFC 8914 §4.1).
    pub const OTHER: Self = Self {
        code: 0,
        text: "internal error, see the log of the gateway",
    };
    /// Too much was to be done (RFC 8914 §4.1).
    pub const OVERLOADED: Self = Self {
        code: 0,
        text: "too many queries wait already",
    };
    /// It took too long (RFC 8914 §4.1).
    pub const TIMED_OUT: Self = Self {
        code: 0,
        text: "no answer in time",
    };
}
