//! The zone about itself: the apex and its name server.

use std::net::IpAddr;

use super::zone::InnerNameServers;
use super::{Context, negative};
use crate::dns::{AnswerBuilder, Name, Owner, RecordType, Section};

/// Appends what is at the apex: SOA or NS.
pub(super) fn push_apex(context: &Context<'_>, builder: &mut AnswerBuilder) {
    let ttl = context.settings.ttl_seconds;
    match context.query.record_type {
        RecordType::SOA | RecordType::ANY => {
            negative::push_soa(context, builder, Section::Answer, ttl);
        }
        RecordType::NS if has_name_servers(context) => push_name_servers(context, builder),
        _ => {}
    }
}

/// Whether the name server of a zone is told.
///
/// A resolver that forwards the zone around and learns of a name server for the inner one turns to that, at port 53.
fn has_name_servers(context: &Context<'_>) -> bool {
    let settings = context.settings;
    let is_inner = settings.zones_around(context.zone).next().is_some();
    !is_inner || settings.inner_name_servers == InnerNameServers::Shown
}

fn push_name_servers(context: &Context<'_>, builder: &mut AnswerBuilder) {
    let ttl = context.settings.ttl_seconds;
    let server = &context.zone.name_server;
    builder.push(
        Section::Answer,
        context.owner(),
        RecordType::NS,
        ttl,
        |rdata| {
            rdata.name(server);
        },
    );
    for address in &context.settings.server_addresses {
        let owner = Owner::Name(server);
        push_address(builder, Section::Additional, owner, *address, ttl);
    }
}

/// Appends what is at the name server's own name: its addresses.
///
/// A namespace of this name has its services below it all the same.
pub(super) fn push_name_server(context: &Context<'_>, builder: &mut AnswerBuilder) {
    let (asked, ttl) = (context.query.record_type, context.settings.ttl_seconds);
    for address in &context.settings.server_addresses {
        if asked == RecordType::ANY || asked == address_type(*address) {
            push_address(builder, Section::Answer, context.owner(), *address, ttl);
        }
    }
}

/// Appends the record of an address.
pub(in crate::answers) fn push_address(
    builder: &mut AnswerBuilder,
    section: Section,
    owner: Owner<'_>,
    address: IpAddr,
    ttl: u32,
) {
    builder.push(
        section,
        owner,
        address_type(address),
        ttl,
        |rdata| match address {
            IpAddr::V4(address) => rdata.octets(&address.octets()),
            IpAddr::V6(address) => rdata.octets(&address.octets()),
        },
    );
}

/// The type of an address's record.
pub(super) fn address_type(address: IpAddr) -> RecordType {
    match address {
        IpAddr::V4(_) => RecordType::A,
        IpAddr::V6(_) => RecordType::AAAA,
    }
}

/// The name that stands for an address below `addresses`, the target of SRV records; none when there is no room.
pub(super) fn address_name(addresses: &Name, address: IpAddr) -> Option<Name> {
    let label = super::address_labels::hex_label(address);
    let labels = addresses.labels();
    Name::from_labels(std::iter::once(label.as_bytes()).chain(labels.iter())).ok()
}
