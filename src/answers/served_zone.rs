//! A zone that is served locally, in the form of RFC 6303 §3: its SOA, its NS and its denials.
//!
//! Floor 2. Such a zone has no name servers that could be found, so its SOA and its NS name the zone itself. What else
//! is in it, its users know.

use crate::dns::{AnswerBuilder, Name, Owner, RecordType, Section};

/// RFC 6303 §3: whose mailbox stands in the SOA.
const MAILBOX: [&[u8]; 2] = [b"nobody", b"invalid"];

// The SOA of RFC 6303 §3, for secondaries that there are not.
const SERIAL: u32 = 1;
const REFRESH_SECONDS: u32 = 604_800;
const RETRY_SECONDS: u32 = 86_400;
const EXPIRE_SECONDS: u32 = 2_419_200;

/// A zone that is served locally.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServedZone {
    pub(super) apex: Name,
    pub(super) ttl_seconds: u32,
    pub(super) negative_ttl_seconds: u32,
}

impl ServedZone {
    /// Appends what is at the apex, where there is nothing else: SOA and NS.
    pub(super) fn push_apex(&self, builder: &mut AnswerBuilder, asked: RecordType) {
        let ttl = self.ttl_seconds;
        match asked {
            RecordType::SOA | RecordType::ANY => self.push_soa(builder, Section::Answer, ttl),
            RecordType::NS => {
                let write = |rdata: &mut crate::dns::Rdata<'_>| rdata.name(&self.apex);
                builder.push(Section::Answer, Owner::Question, RecordType::NS, ttl, write);
            }
            _ => {}
        }
    }

    /// Appends what denies a name or a type in AUTHORITY.
    pub(super) fn push_denial(&self, builder: &mut AnswerBuilder) {
        // RFC 2308 §5: a denial lives by the SOA's TTL, which is not above its MINIMUM.
        let ttl = self.ttl_seconds.min(self.negative_ttl_seconds);
        self.push_soa(builder, Section::Authority, ttl);
    }

    fn push_soa(&self, builder: &mut AnswerBuilder, section: Section, ttl: u32) {
        let mailbox = Name::from_labels(MAILBOX).unwrap_or(Name::ROOT);
        let owner = Owner::Name(&self.apex);
        builder.push(section, owner, RecordType::SOA, ttl, |rdata| {
            rdata.name(&self.apex);
            rdata.name(&mailbox);
            rdata.u32(SERIAL);
            rdata.u32(REFRESH_SECONDS);
            rdata.u32(RETRY_SECONDS);
            rdata.u32(EXPIRE_SECONDS);
            rdata.u32(self.negative_ttl_seconds);
        });
    }
}
