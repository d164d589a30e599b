//! One query with its response, as it waits to be written: octets as they were received and sent, in a buffer that is used
//! again and again.
//!
//! Floor 2. It is filled where the answer is made, so nothing is decoded here; `record` does that in the writer's thread.

use std::net::IpAddr;

use tokio::time::Instant;

use super::{ObservedQuery, QueryLogFormat};
use crate::dns::Transport;
use crate::dns::wire::{HEADER_OCTETS, MESSAGE_OCTETS};

/// The room of an entry, in octets: a usual query with the largest usual answer over UDP.
pub(super) const ROOM_OCTETS: usize = 1536;

/// How much of a response an entry keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseKeeping {
    /// All of it.
    Whole,
    /// The header where the response is too long for the room of an entry; nothing else of it is written.
    WhatFits,
}

/// A query with its response.
#[derive(Debug)]
pub(super) struct QueryLogEntry {
    octets: Vec<u8>,
    query_octets: usize,
    /// The octets of the response, more than are kept if it was too long.
    pub(super) response_octets: usize,
    pub(super) client: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) transport: Transport,
    pub(super) begun: Instant,
    pub(super) answered: Instant,
}

impl QueryLogFormat {
    pub(super) fn keeps(self) -> ResponseKeeping {
        match self {
            Self::Dnstap => ResponseKeeping::Whole,
            Self::Coredns | Self::Json => ResponseKeeping::WhatFits,
        }
    }
}

impl QueryLogEntry {
    /// An empty one, with its room.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            octets: Vec::with_capacity(ROOM_OCTETS),
            query_octets: 0,
            response_octets: 0,
            client: None,
            port: 0,
            transport: Transport::Udp,
            begun: now,
            answered: now,
        }
    }

    /// How many octets of a response are kept.
    fn kept(observed: &ObservedQuery<'_>, keeps: ResponseKeeping) -> usize {
        let ObservedQuery {
            query, response, ..
        } = observed;
        match keeps {
            ResponseKeeping::WhatFits if query.len() + response.len() > ROOM_OCTETS => {
                response.len().min(HEADER_OCTETS)
            }
            // The JSON form of an answer may be made of more than a message can have.
            _ if response.len() > MESSAGE_OCTETS => HEADER_OCTETS,
            _ => response.len(),
        }
    }

    /// How many octets it takes beyond its room.
    pub(super) fn excess(observed: &ObservedQuery<'_>, keeps: ResponseKeeping) -> usize {
        let octets = observed.query.len() + Self::kept(observed, keeps);
        match octets > ROOM_OCTETS {
            true => octets,
            false => 0,
        }
    }

    /// Takes a query and its response; it allocates only where they are longer than its room.
    pub(super) fn fill(&mut self, observed: &ObservedQuery<'_>, keeps: ResponseKeeping) {
        let kept = Self::kept(observed, keeps);
        self.octets.clear();
        self.octets.extend_from_slice(observed.query);
        self.octets.extend_from_slice(&observed.response[..kept]);
        self.query_octets = observed.query.len();
        self.response_octets = observed.response.len();
        self.client = observed.client;
        self.port = observed.port;
        self.transport = observed.transport;
        self.begun = observed.begun;
        self.answered = Instant::now();
    }

    /// Gives back what it took beyond its room; tells how many octets that were.
    pub(super) fn shrink(&mut self) -> usize {
        let octets = self.octets.len();
        self.octets.clear();
        if octets <= ROOM_OCTETS {
            return 0;
        }
        self.octets = Vec::with_capacity(ROOM_OCTETS);
        octets
    }

    /// The query.
    pub(super) fn query(&self) -> &[u8] {
        &self.octets[..self.query_octets]
    }

    /// Whether all of the response is kept.
    pub(super) fn is_whole(&self) -> bool {
        self.response().len() == self.response_octets
    }

    /// What is kept of the response.
    pub(super) fn response(&self) -> &[u8] {
        &self.octets[self.query_octets..]
    }
}
