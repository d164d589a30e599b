//! An answer whose CNAMEs lead to a name of another server, joined with what that has said of the name.
//!
//! Floor 1. Each is written out and read again, since its records may point into its own question.

use super::received::copy_record;
use super::wire::{Additions, Message, MessageError, encode_whole, read_name};
use super::{Answer, AnswerBuilder, Name, Query, Rcode, RecordType, Section};

impl Answer {
    /// The name that the CNAMEs of an answer to `query` lead to, if it has nothing else.
    pub fn unfinished_alias(&self, query: &Query) -> Option<Name> {
        let parts = self.parts();
        let has_more = parts.chain_count < parts.answer_starts.len() || parts.authority_count > 0;
        // The alias itself is what these ask for.
        let wants_alias = matches!(query.record_type, RecordType::CNAME | RecordType::ANY);
        if parts.rcode != Rcode::NOERROR || parts.chain_count == 0 || has_more || wants_alias {
            return None;
        }
        let octets = self.whole_message(query);
        let last = Message::read(&octets)
            .ok()?
            .records(Section::Answer)
            .last()?;
        read_name(&octets, last.rdata.start)
            .ok()
            .map(|(name, _)| name)
    }

    /// The same with what `rest` says of the name that it leads to, for which `rest_query` has asked: that has the code
    /// of the response (RFC 6604 §3), and what denies it.
    ///
    /// # Errors
    /// One of them cannot be read again.
    pub fn joined(
        &self,
        query: &Query,
        rest: &Self,
        rest_query: &Query,
    ) -> Result<Self, MessageError> {
        let mut builder = AnswerBuilder::new(&query.name);
        builder.set_rcode(rest.rcode());
        if let Some(error) = rest.extended_error().or_else(|| self.extended_error()) {
            builder.set_extended_error(error);
        }
        let mut copy = |answer: &Self, asked: &Query, sections: &[Section]| {
            let octets = answer.whole_message(asked);
            let message = Message::read(&octets)?;
            sections.iter().try_for_each(|section| {
                message.records(*section).try_for_each(|record| {
                    copy_record(&mut builder, &query.name, &message, *section, &record)
                })
            })
        };
        copy(self, query, &[Section::Answer])?;
        copy(rest, rest_query, &[Section::Answer, Section::Authority])?;
        Ok(builder.finish())
    }

    /// The message that answers `query` with all records, however long: for readers in this process.
    pub fn whole_message(&self, query: &Query) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.octets());
        encode_whole(self, query, &Additions::default(), 0, &mut out);
        out
    }
}
