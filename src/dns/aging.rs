//! An answer of somebody else's as it is some time later: its TTLs are less, or what an old answer has (RFC 8767).
//!
//! Floor 1. It knows no clock. Each is a copy, so that an answer that is given out is never written to.

use super::answer::AnswerParts;
use super::{Answer, ExtendedError};

/// From the type of a record to its TTL, and from there to the length of its data.
const TO_TTL: usize = 4;
const TO_LENGTH: usize = 4;

impl Answer {
    /// The same so many seconds later: no TTL falls below 0.
    #[must_use]
    pub fn aged(&self, seconds: u32) -> Self {
        match seconds {
            0 => self.clone(),
            _ => self.with_ttls(|ttl| ttl.saturating_sub(seconds)),
        }
    }

    /// The same after its time: all TTLs are `ttl_seconds`, and it says why.
    #[must_use]
    pub fn expired(&self, ttl_seconds: u32, reason: ExtendedError) -> Self {
        let mut parts = self.with_ttls(|_| ttl_seconds).parts().clone();
        parts.extended_error.get_or_insert(reason);
        Self::new(parts)
    }

    /// The same with no TTL above `most_seconds`.
    #[must_use]
    pub(super) fn capped(&self, most_seconds: u32) -> Self {
        let mut ttls = ttls(&self.parts().records);
        match ttls.any(|(_, ttl)| ttl > most_seconds) {
            true => self.with_ttls(|ttl| ttl.min(most_seconds)),
            false => self.clone(),
        }
    }

    fn with_ttls(&self, change: impl Fn(u32) -> u32) -> Self {
        let parts = self.parts();
        let mut records = parts.records.to_vec();
        for (place, ttl) in ttls(&parts.records) {
            records[place..place + 4].copy_from_slice(&change(ttl).to_be_bytes());
        }
        Self::new(AnswerParts {
            records: records.into(),
            freshness_seconds: parts.freshness_seconds.map(change),
            ..parts.clone()
        })
    }
}

/// The TTLs of all records, and where each stands.
fn ttls(records: &[u8]) -> impl Iterator<Item = (usize, u32)> + use<'_> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let place = ttl_place(records, at)?;
        let (ttl, behind) = records.get(place..)?.split_first_chunk::<TO_LENGTH>()?;
        let (length, _) = behind.split_first_chunk::<2>()?;
        at = place + TO_LENGTH + 2 + usize::from(u16::from_be_bytes(*length));
        Some((place, u32::from_be_bytes(*ttl)))
    })
}

/// Where the TTL of the record at `at` stands; none behind the last.
fn ttl_place(records: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let length = *records.get(at)?;
        match length {
            0 => return Some(at + 1 + TO_TTL),
            // A pointer ends a name.
            0xc0.. => return Some(at + 2 + TO_TTL),
            _ => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Bounds, Message};
    use super::super::{
        AnswerBuilder, Class, Name, Owner, Query, QueryFlags, RecordType, Section, Signature,
        Transport,
    };
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn ttls(answer: &Answer) -> Vec<u32> {
        let query = Query {
            id: 1,
            flags: QueryFlags::default(),
            name: name("www.example.com"),
            record_type: RecordType::A,
            class: Class::IN,
            edns: None,
            transport: Transport::Tcp,
            client: None,
            signature: Signature::Absent,
        };
        let mut out = Vec::new();
        let additions = super::super::wire::Additions::default();
        super::super::wire::encode(answer, &query, Bounds::default(), &additions, 0, &mut out);
        let message = Message::read(&out).unwrap();
        let sections = [Section::Answer, Section::Authority];
        let records = sections.into_iter().flat_map(|it| message.records(it));
        records.map(|it| it.ttl).collect()
    }

    #[test]
    fn all_ttls_are_counted_down_and_none_below_zero() {
        let mut builder = AnswerBuilder::new(&name("www.example.com"));
        let target = name("host.elsewhere.test");
        for (owner, record_type, ttl) in [
            (Owner::Question, RecordType::CNAME, 300),
            (Owner::Name(&target), RecordType::A, 20),
            (Owner::Name(&target), RecordType::A, 5),
        ] {
            builder.push(Section::Answer, owner, record_type, ttl, |data| {
                data.octets(&[192, 0, 2, 1]);
            });
        }
        builder.push(
            Section::Authority,
            Owner::Whole(&target),
            RecordType::SOA,
            7,
            |data| data.octets(&[0; 22]),
        );
        let answer = builder.finish();
        assert_eq!(ttls(&answer), [300, 20, 5, 7]);
        let later = answer.aged(6);
        assert_eq!(ttls(&later), [294, 14, 0, 1]);
        assert_eq!(later.freshness_seconds(), Some(0));
        let stale = answer.expired(30, ExtendedError::STALE);
        assert_eq!(ttls(&stale), [30, 30, 30, 30]);
        assert_eq!(stale.extended_error().map(|it| it.code), Some(3));
        assert_eq!(ttls(&answer.capped(10)), [10, 10, 5, 7]);
        assert_eq!(ttls(&answer), [300, 20, 5, 7]);
    }
}
