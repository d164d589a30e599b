//! Negative answers: no such name (NXDOMAIN) and no such data (NODATA), both with the zone's SOA (RFC 2308).

use super::Context;
use crate::dns::{AnswerBuilder, Owner, RecordType, Section};

// What secondaries would go by, if there were any (RFC 1912 §2.2).
const REFRESH_SECONDS: u32 = 14_400;
const RETRY_SECONDS: u32 = 3600;
const EXPIRE_SECONDS: u32 = 604_800;

/// Appends what denies the name in AUTHORITY.
pub(super) fn push_denial(context: &Context<'_>, builder: &mut AnswerBuilder) {
    // RFC 2308 §5: a denial lives by the SOA's TTL, which is not above its MINIMUM.
    let ttl = context
        .settings
        .ttl_seconds
        .min(context.settings.negative_ttl_seconds);
    push_soa(context, builder, Section::Authority, ttl);
}

/// Appends the zone's SOA (RFC 1035 §3.3.13).
pub(super) fn push_soa(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    section: Section,
    ttl: u32,
) {
    let zone = context.zone;
    let owner = Owner::Name(&zone.apex);
    builder.push(section, owner, RecordType::SOA, ttl, |rdata| {
        rdata.name(&zone.name_server);
        rdata.name(&zone.mailbox);
        rdata.u32(context.view.serial());
        rdata.u32(REFRESH_SECONDS);
        rdata.u32(RETRY_SECONDS);
        rdata.u32(EXPIRE_SECONDS);
        rdata.u32(context.settings.negative_ttl_seconds);
    });
}
