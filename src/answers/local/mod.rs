//! Names beside the cluster's that are answered here, and never by an upstream.
//!
//! Floor 2. The cluster's zones come first. `special` has the names that RFCs keep from leaving the site. Nothing here
//! depends on Nomad, and no answer is kept: making it costs no more than finding it.

mod special;

use self::special::SpecialNames;
use super::SourcedAnswer;
use crate::dns::{Name, Query};

/// What the answers about local names go by.
#[derive(Clone, Debug, Default)]
pub struct LocalSettings {
    /// The zones that are forwarded; where there are none, no special-use name is answered.
    pub forwarded: Vec<Name>,
    /// The TTL of records, in seconds.
    pub ttl_seconds: u32,
    /// The TTL of denials, in seconds.
    pub negative_ttl_seconds: u32,
}

/// Names that are answered here, whatever Nomad says; by default none.
#[derive(Debug, Default)]
pub struct LocalNames {
    special: SpecialNames,
}

impl LocalNames {
    /// Makes them of what is configured.
    pub fn new(settings: &LocalSettings) -> Self {
        Self {
            special: SpecialNames::new(settings),
        }
    }

    /// Whether a query is for one of them.
    pub(super) fn has(&self, query: &Query) -> bool {
        self.special.zone_of(query).is_some()
    }

    /// Answers a query; none when it is for none of them.
    pub(super) fn answer(&self, query: &Query) -> Option<SourcedAnswer> {
        self.special.answer(query).map(SourcedAnswer::once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Age, Class, QueryFlags, RecordType, Transport};

    fn query(name: &str, record_type: RecordType) -> Query {
        Query {
            id: 1,
            flags: QueryFlags::default(),
            name: name.parse().unwrap(),
            record_type,
            class: Class::IN,
            edns: None,
            transport: Transport::Tcp,
            client: None,
        }
    }

    #[test]
    fn no_local_answer_is_old_while_nomad_is_away() {
        let names = LocalNames::new(&LocalSettings {
            forwarded: vec![Name::ROOT],
            ..LocalSettings::default()
        });
        for name in ["localhost", "www.local"] {
            let answer = names.answer(&query(name, RecordType::A)).unwrap();
            assert_eq!(answer.answer().extended_error_at(Age::Stale), None);
        }
    }
}
