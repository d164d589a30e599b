//! Negative answers: no such name (NXDOMAIN) and no such data (NODATA), both with the zone's SOA (RFC 2308).

use super::Context;
use super::zone::{Zone, ZoneSettings};
use crate::dns::{AnswerBuilder, Owner, Rdata, RecordType, Section};

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
        soa(
            rdata,
            context.settings,
            zone,
            context.view.serial(&zone.serial),
        );
    });
}

/// Writes the data of a zone's SOA.
pub(super) fn soa(rdata: &mut Rdata<'_>, settings: &ZoneSettings, zone: &Zone, serial: u32) {
    let timers = &settings.soa_timers;
    rdata.name(&zone.name_server);
    rdata.name(&zone.mailbox);
    rdata.u32(serial);
    rdata.u32(timers.refresh_seconds);
    rdata.u32(timers.retry_seconds);
    rdata.u32(timers.expire_seconds);
    rdata.u32(settings.negative_ttl_seconds);
}
