//! What is kept, for an operator: as text in the form of a zone file, and taken away by name.
//!
//! Floor 2. Each goes over all that is kept, as no query does.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::Instant;

use super::{ForwardCache, Kept};
use crate::dns::text::present_rdata;
use crate::dns::wire::Message;
use crate::dns::{Answer, Class, Name, Query, QueryFlags, Section, Signature, Transport};
use crate::forward::question::ForwardQuestion;

/// A list that is longer, in octets, has no further question.
const LIST_OCTETS: usize = 8 << 20;

/// Which of the names that are kept are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedNames {
    /// The name.
    pub name: Name,
    /// Whether the names below it are meant too.
    pub below: bool,
}

impl CachedNames {
    fn have(&self, name: &Name) -> bool {
        match self.below {
            true => name.is_within(&self.name),
            false => *name == self.name,
        }
    }
}

impl ForwardCache {
    /// Forgets what is kept of names; says of how many questions.
    pub(in crate::forward) fn flush(&self, names: &CachedNames) -> usize {
        let flushed = AtomicUsize::new(0);
        self.kept.retain(|question, _| {
            let is_meant = names.have(&question.name);
            flushed.fetch_add(is_meant.into(), Ordering::Relaxed);
            !is_meant
        });
        flushed.into_inner()
    }

    /// What is kept of names, a comment and its records for each question; what is too much is counted in the last line.
    pub(in crate::forward) fn list(&self, names: &CachedNames, now: Instant) -> String {
        let kept = self.kept.iter().filter(|(it, _)| names.have(&it.name));
        let (mut text, mut count, mut left_out) = (String::new(), 0, 0);
        for (question, kept) in kept {
            count += 1;
            if text.len() > LIST_OCTETS {
                left_out += 1;
                continue;
            }
            // Writing to a string does not fail.
            let _ = put(&mut text, &question, &kept, now);
        }
        if left_out > 0 {
            let _ = writeln!(
                text,
                "; {left_out} of them are left out: ask for fewer names"
            );
        }
        let _ = writeln!(text, "; {count} questions");
        text
    }
}

fn put(text: &mut String, question: &ForwardQuestion, kept: &Kept, now: Instant) -> fmt::Result {
    write!(text, "; {} {}", question.name, question.record_type)?;
    for (is_set, flag) in [
        (question.dnssec_ok, " +dnssec"),
        (question.checking_disabled, " +cd"),
    ] {
        text.push_str(if is_set { flag } else { "" });
    }
    let stored = match kept {
        Kept::Failure(_, until) => {
            let left = until.saturating_duration_since(now).as_secs();
            return writeln!(text, ": no upstream has an answer, {left} s left");
        }
        Kept::Answer(stored) => stored,
    };
    write!(text, ": {}", stored.answer.rcode())?;
    let age = stored.age(now);
    match stored.seconds.checked_sub(age) {
        Some(left @ 1..) => writeln!(text, ", {left} s left")?,
        _ => writeln!(text, ", {} s too old", age - stored.seconds)?,
    }
    put_records(text, question, &stored.answer.aged(age))
}

fn put_records(text: &mut String, question: &ForwardQuestion, answer: &Answer) -> fmt::Result {
    let query = Query {
        id: 0,
        flags: QueryFlags::default(),
        name: question.name,
        record_type: question.record_type,
        class: Class::IN,
        edns: None,
        transport: Transport::Tcp,
        client: None,
        signature: Signature::Absent,
    };
    let octets = answer.whole_message(&query);
    let Ok(message) = Message::read(&octets) else {
        return Ok(());
    };
    for section in [Section::Answer, Section::Authority] {
        for record in message.records(section) {
            let (owner, ttl, class) = (record.owner, record.ttl, record.class);
            let record_type = record.record_type;
            let data = present_rdata(&octets, record.rdata, record_type, class);
            writeln!(text, "{owner} {ttl} {class} {record_type} {data}")?;
        }
    }
    Ok(())
}
