//! The records of a zone whose names may hide each other: each name is queried, as a client would.
//!
//! Floor 2. It takes much longer than listing them, and is as true as the answers are.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::names::last_known_names;
use super::super::prepared::Prepared;
use super::super::{Context, Loops};
use super::{ListFlow, ZoneContents, ZoneRecord};
use crate::answers::Effort;
use crate::catalog::View;
use crate::dns::wire::{Additions, Message, RdataParts, encode_whole};
use crate::dns::{Name, Query, RecordType, Section};

/// The octets of records that one listing keeps for the names that share them.
const PREPARED_OCTETS: usize = 1 << 20;
/// What names have beside a CNAME; no TXT records, which would have all tags.
const TYPES: [RecordType; 5] = [
    RecordType::NS,
    RecordType::A,
    RecordType::AAAA,
    RecordType::SRV,
    RecordType::HTTPS,
];

impl ZoneContents {
    pub(super) fn list_queried(
        &self,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ListFlow {
        let (prepared, zone) = (Prepared::new(PREPARED_OCTETS), self.zone());
        // Each name is asked with a view of its own: a view notes all that was looked up.
        let all = View::new(Arc::clone(&self.snapshot));
        for name in last_known_names(&self.settings, zone, &all) {
            if self.list_type(&prepared, &name, RecordType::CNAME, each)? > 0 {
                continue;
            }
            for record_type in TYPES {
                self.list_type(&prepared, &name, record_type, each)?;
            }
        }
        let mut inner = self.settings.zones_cut_out(zone);
        inner.try_for_each(|inner| self.list_name_server(inner, each))
    }

    /// Lists the records of a name and a type; tells how many there are.
    fn list_type(
        &self,
        prepared: &Prepared,
        name: &Name,
        record_type: RecordType,
        each: &mut impl FnMut(ZoneRecord<'_>) -> ListFlow,
    ) -> ControlFlow<(), usize> {
        let (mut octets, mut count) = (Vec::new(), 0);
        self.query(prepared, name, record_type, &mut octets);
        let Ok(message) = Message::read(&octets) else {
            return ControlFlow::Continue(0);
        };
        let records = message.records(Section::Answer);
        for record in records.filter(|it| (it.owner, it.record_type) == (*name, record_type)) {
            let Ok(parts) = RdataParts::read(&octets, &record) else {
                continue;
            };
            let mut data = parts.head.to_vec();
            parts
                .names
                .iter()
                .for_each(|name| data.extend_from_slice(name.as_wire()));
            data.extend_from_slice(parts.tail);
            each(ZoneRecord {
                labels: &[],
                parent: name,
                record_type,
                ttl: record.ttl,
                data: &data,
            })?;
            count += 1;
        }
        ControlFlow::Continue(count)
    }

    /// Writes the answer to a query; nothing when there is none.
    fn query(&self, prepared: &Prepared, name: &Name, record_type: RecordType, out: &mut Vec<u8>) {
        let query = Query::own(*name, record_type);
        let view = View::new(Arc::clone(&self.snapshot));
        let context = Context {
            query: &query,
            name,
            zone: self.zone(),
            settings: &self.settings,
            view: &view,
            prepared,
            effort: Effort::Whole,
        };
        if let Ok(answer) = context.answer(&Loops::default()) {
            encode_whole(&answer, &query, &Additions::default(), 0, out);
        }
    }
}
