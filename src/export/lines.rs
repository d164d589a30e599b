//! Queries the router for the records of one name and type, and prints them as lines of a zone file.

use std::io::{self, Write};

use tower::Service;

use crate::answers::Router;
use crate::dns::text::{present_rdata, strictly_escaped};
use crate::dns::wire::{Additions, Message, encode_whole};
use crate::dns::{Name, Query, RecordType, Section};

/// Records as lines, in an order that stays the same.
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// Asks for the records of a type; those that a CNAME leads to are another name's.
    pub(super) async fn ask(router: &mut Router, name: &Name, record_type: RecordType) -> Self {
        let query = Query::own(*name, record_type);
        let mut octets = Vec::new();
        // There is a snapshot, so it fails only for a name whose state is unknown, which has no known records.
        if let Ok(reply) = router.call(query.clone()).await {
            encode_whole(
                reply.answer(),
                &query,
                &Additions::default(),
                0,
                &mut octets,
            );
        }
        let mut lines = Message::read(&octets).map_or_else(
            |_| Vec::new(),
            |message| {
                let records = message.records(Section::Answer);
                let records = records
                    .filter(|record| (record.owner, record.record_type) == (*name, record_type));
                records
                    .map(|record| {
                        let (owner, ttl, class) = (record.owner, record.ttl, record.class);
                        let owner = strictly_escaped(&owner.to_string());
                        let data = present_rdata(&octets, record.rdata, record_type, class);
                        let data = match record_type {
                            RecordType::A | RecordType::AAAA | RecordType::TXT => data,
                            _ => strictly_escaped(&data),
                        };
                        format!("{owner}\t{ttl}\t{class}\t{record_type}\t{data}")
                    })
                    .collect()
            },
        );
        // The router shuffles them.
        lines.sort_unstable();
        Self(lines)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes each line behind a prefix.
    pub(super) fn write(&self, prefix: &str, out: &mut impl Write) -> io::Result<()> {
        self.0
            .iter()
            .try_for_each(|line| writeln!(out, "{prefix}{line}"))
    }
}
