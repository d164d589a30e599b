//! An entry in the table of the cache, and the key that finds it.
//!
//! Floor 3. An entry knows whether it is valid and whether it was used; the table decides which entries to replace.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::answers::SourcedAnswer;
use crate::catalog::Sources;
use crate::dns::{Answer, Name, NameKey, Query, RecordType};

/// A question, as the table compares it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheKey<'query> {
    /// Borrowed: a name is 256 octets, and a hit copies none.
    name: &'query Name,
    record_type: RecordType,
    /// What else the answer depends on: for the gateway's own answers the generation of the layers that made it.
    bits: u16,
}

/// An answer that is kept.
#[derive(Debug)]
pub(super) struct CacheEntry {
    name: Box<[u8]>,
    record_type: RecordType,
    bits: u16,
    answer: Answer,
    sources: Sources,
    /// Whether it was given out since somebody last looked for room.
    is_used: AtomicBool,
}

impl<'query> CacheKey<'query> {
    /// The key of an answer of ours, made in this generation.
    pub(super) fn of(query: &'query Query, generation: u16) -> Self {
        Self {
            name: &query.name,
            record_type: query.record_type,
            bits: generation,
        }
    }

    /// The key of an upstream's answer, which also depends on DO and CD.
    pub(super) fn of_forwarded(query: &'query Query) -> Self {
        let dnssec_ok = query.edns.is_some_and(|edns| edns.dnssec_ok);
        let checking_disabled = query.flags.checking_disabled;
        Self {
            // High bits, which the types in use do not have.
            bits: u16::from(dnssec_ok) << 15 | u16::from(checking_disabled) << 14,
            ..Self::of(query, 0)
        }
    }

    pub(super) fn hash(&self, key: NameKey) -> u64 {
        self.name
            .keyed_hash(key.with(self.record_type.0 ^ self.bits))
    }
}

impl CacheEntry {
    pub(super) fn new(key: &CacheKey<'_>, reply: &SourcedAnswer) -> Self {
        Self {
            name: key.name.as_wire().into(),
            record_type: key.record_type,
            bits: key.bits,
            answer: reply.answer().clone(),
            sources: reply.sources().clone(),
            is_used: AtomicBool::new(false),
        }
    }

    pub(super) fn is_of(&self, key: &CacheKey<'_>) -> bool {
        self.record_type == key.record_type
            && self.bits == key.bits
            && self.name.eq_ignore_ascii_case(key.name.as_wire())
    }

    /// Whether it may still be given out.
    pub(super) fn holds(&self) -> bool {
        self.sources.are_current()
    }

    /// Gives it out.
    pub(super) fn answer(&self) -> Answer {
        self.sources.note_asked();
        // Written once in a while, so that no two workers write one cache line at each hit.
        if !self.is_used.load(Ordering::Relaxed) {
            self.is_used.store(true, Ordering::Relaxed);
        }
        self.answer.clone()
    }

    /// The answer, without giving it out.
    pub(super) fn shared(&self) -> &Answer {
        &self.answer
    }

    /// Whether it may make room: it no longer holds, or nobody was given it since this was asked last.
    pub(super) fn may_go(&self) -> bool {
        !self.holds() || !self.is_used.swap(false, Ordering::Relaxed)
    }

    /// About how much memory it takes; of what it shares with others, all.
    pub(super) fn octets(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.answer.octets()
    }
}
