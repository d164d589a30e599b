//! The zone about itself: the apex and its name server.

use std::net::IpAddr;

use super::{Context, negative};
use crate::dns::{Answer, AnswerBuilder, Name, Owner, Rcode, RecordType, Section};

/// Answers for the apex: SOA and NS.
pub(super) fn apex(context: &Context<'_>) -> Answer {
    let mut builder = context.builder(None);
    let ttl = context.settings.ttl_seconds;
    match context.query.record_type {
        RecordType::SOA | RecordType::ANY => {
            negative::push_soa(context, &mut builder, Section::Answer, ttl);
        }
        RecordType::NS => {
            let server = &context.zone.name_server;
            builder.push(
                Section::Answer,
                Owner::Question,
                RecordType::NS,
                ttl,
                |rdata| {
                    rdata.name(server);
                },
            );
            for address in &context.settings.server_addresses {
                push_address(
                    &mut builder,
                    Section::Additional,
                    Owner::Name(server),
                    *address,
                    ttl,
                );
            }
        }
        _ => return negative::deny(context, Rcode::NOERROR, None),
    }
    builder.finish()
}

/// Answers for the name server's own name: its addresses.
///
/// A namespace of this name has its services below it all the same.
pub(super) fn name_server(context: &Context<'_>) -> Answer {
    let mut builder = context.builder(None);
    let ttl = context.settings.ttl_seconds;
    for address in &context.settings.server_addresses {
        if matches!(context.query.record_type, RecordType::ANY)
            || context.query.record_type == address_type(*address)
        {
            push_address(
                &mut builder,
                Section::Answer,
                Owner::Question,
                *address,
                ttl,
            );
        }
    }
    if builder.answer_count() == 0 {
        return negative::deny(context, Rcode::NOERROR, None);
    }
    builder.finish()
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

/// The name that stands for an address, the target of SRV records; none when the zone leaves no room.
pub(super) fn address_name(context: &Context<'_>, address: IpAddr) -> Option<Name> {
    let label = super::address_labels::hex_label(address);
    let labels = context.zone.addresses.labels();
    Name::from_labels(std::iter::once(label.as_bytes()).chain(labels.iter())).ok()
}
