//! The records of what exists: A, AAAA, SRV, HTTPS, TXT and CNAME of instances, and of single addresses.

use std::collections::HashSet;
use std::net::IpAddr;

use rand::seq::SliceRandom;

use super::chosen::host_name;
use super::descriptions::push_txt;
use super::infrastructure::{address_name, address_type, push_address};
use super::selection::Selection;
use super::zone::Descriptions;
use super::{Context, bindings};
use crate::answers::Effort;
use crate::catalog::{Instance, InstanceAddress, Service};
use crate::dns::{AnswerBuilder, Name, Owner, Rdata, RecordType, Section};

// All instances are alike: Nomad knows no weights.
const SRV_PRIORITY: u16 = 10;
const SRV_WEIGHT: u16 = 10;

/// Whether what is asked for is answered by the CNAME of a name that is an alias.
///
/// SRV and TXT stand beside it: the port of an instance is of use, whatever its address is.
pub(super) fn are_answered_by_alias(
    context: &Context<'_>,
    service: &Service,
    selection: &Selection<'_>,
) -> bool {
    match context.query.record_type {
        RecordType::SRV => false,
        RecordType::TXT => !is_described(context, service, selection),
        _ => true,
    }
}

/// Whether what is asked for is the CNAME and not what it leads to (RFC 1034 §4.3.2, step 3a).
pub(super) fn is_alias_itself(asked: RecordType) -> bool {
    matches!(asked, RecordType::CNAME | RecordType::ANY)
}

/// For whom records are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MadeFor {
    /// This question alone.
    Question,
    /// All questions that take the same instances, each of which ends elsewhere: no pointer may lead into one.
    Names,
}

/// Appends the records of each instance.
pub(super) fn push_each(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    selection: &Selection<'_>,
    mut instances: Vec<&Instance>,
    made_for: MadeFor,
) {
    // So that of neighbours none is always the other's heir when records are turned round.
    instances.shuffle(&mut rand::rng());
    match context.query.record_type {
        RecordType::HTTPS => {
            if !push_shared_https(context, builder, &instances) {
                let https = RecordType::HTTPS;
                push_ports(context, builder, selection, &instances, made_for, https);
            }
        }
        RecordType::SRV => {
            let srv = RecordType::SRV;
            push_ports(context, builder, selection, &instances, made_for, srv);
        }
        RecordType::TXT => push_txt(context, builder, &instances),
        RecordType::ANY => push_any(context, builder, selection, &instances, made_for),
        asked => push_addresses(context, builder, (Section::Answer, asked), &instances),
    }
}

/// Appends the one address of a name that stands for it.
pub(super) fn push_one_address(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    address: IpAddr,
) {
    let (asked, ttl) = (context.query.record_type, context.settings.ttl_seconds);
    if asked == address_type(address) || asked == RecordType::ANY {
        push_address(builder, Section::Answer, context.owner(), address, ttl);
    }
}

/// Appends each address of a type, or of ANY, once (RFC 2181 §5).
fn push_addresses(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    (section, asked): (Section, RecordType),
    instances: &[&Instance],
) {
    let mut pushed = HashSet::new();
    for address in instances.iter().filter_map(|it| it.address.ip()) {
        let is_asked_for = asked == address_type(address) || asked == RecordType::ANY;
        if is_asked_for && pushed.insert(address) {
            let ttl = context.settings.ttl_seconds;
            push_address(builder, section, context.owner(), address, ttl);
        }
    }
}

/// Whether it is looked for whom TXT records are not to meet, and may cost little only.
pub(super) fn wants_index(context: &Context<'_>) -> bool {
    context.query.record_type == RecordType::TXT
        && context.settings.descriptions == Descriptions::Shown
        && context.effort == Effort::Bounded
}

/// Whether TXT records describe the instances; they are not to meet drivers of MongoDB.
pub(super) fn is_described(
    context: &Context<'_>,
    service: &Service,
    selection: &Selection<'_>,
) -> bool {
    context.settings.descriptions == Descriptions::Shown && !selection.is_of_mongodb(service)
}

/// Appends the one HTTPS record that is true for all addresses of the name, if there is one, with these in ADDITIONAL.
fn push_shared_https(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    instances: &[&Instance],
) -> bool {
    let Some((port, protocols)) = bindings::shared(context.settings, instances) else {
        return false;
    };
    let (owner, ttl) = (context.owner(), context.settings.ttl_seconds);
    let (section, record_type) = (Section::Answer, RecordType::HTTPS);
    builder.push(section, owner, record_type, ttl, |rdata| {
        // §2.5.2: the root stands for the owner.
        bindings::write(rdata, protocols, port, (&Name::ROOT, None));
    });
    let all = (Section::Additional, RecordType::ANY);
    push_addresses(context, builder, all, instances);
    true
}

/// Appends SRV or HTTPS records, one for each port of a target, and the addresses of the targets in ADDITIONAL.
fn push_ports(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    selection: &Selection<'_>,
    instances: &[&Instance],
    made_for: MadeFor,
    record_type: RecordType,
) {
    let ttl = context.settings.ttl_seconds;
    let addresses_of_zone = &context.zone.addresses;
    let addresses_below = selection.addresses();
    let target_of = |address| {
        let below = addresses_below.as_ref();
        let target = below.and_then(|parent| address_name(parent, address));
        // Where the name asked for leaves no room.
        target.or_else(|| address_name(addresses_of_zone, address))
    };
    let (mut pushed, mut addresses) = (HashSet::new(), Vec::new());
    for instance in instances.iter().filter(|instance| instance.port != 0) {
        let protocols = match record_type {
            RecordType::HTTPS => bindings::protocols(context.settings, instance),
            _ => Some(""),
        };
        let target = match &instance.address {
            InstanceAddress::Host(host) => host_name(host),
            _ => instance.address.ip().and_then(target_of),
        };
        let (Some(protocols), Some(target)) = (protocols, target) else {
            continue;
        };
        // Before it is looked whether the record is there: another instance may have named the target as its host.
        addresses.extend(instance.address.ip().map(|address| (target, address)));
        if !pushed.insert((target, instance.port, protocols)) {
            continue;
        }
        let owner = context.owner();
        builder.push(Section::Answer, owner, record_type, ttl, |rdata| {
            if record_type == RecordType::HTTPS {
                let target = (&target, instance.address.ip());
                return bindings::write(rdata, protocols, instance.port, target);
            }
            push_srv(rdata, instance.port);
            rdata.plain_name(&target);
        });
    }
    let mut pushed = HashSet::new();
    for (target, address) in addresses {
        if pushed.insert(address) {
            let owner = match made_for {
                MadeFor::Question => Owner::Name(&target),
                MadeFor::Names => Owner::Whole(&target),
            };
            push_address(builder, Section::Additional, owner, address, ttl);
        }
    }
}

/// Writes what an SRV record has before its target (RFC 2782).
pub(super) fn push_srv(rdata: &mut Rdata<'_>, port: u16) {
    rdata.u16(SRV_PRIORITY);
    rdata.u16(SRV_WEIGHT);
    rdata.u16(port);
}

/// Appends the CNAME of a name.
pub(super) fn push_cname(context: &Context<'_>, builder: &mut AnswerBuilder, host: &Name) {
    let ttl = context.settings.ttl_seconds;
    builder.push(
        Section::Answer,
        context.owner(),
        RecordType::CNAME,
        ttl,
        |rdata| {
            rdata.name(host);
        },
    );
}

/// Appends one kind of what there is for ANY (RFC 8482 §4.1).
fn push_any(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    selection: &Selection<'_>,
    instances: &[&Instance],
    made_for: MadeFor,
) {
    let before = builder.answer_count();
    if selection.is_service_name() {
        let srv = RecordType::SRV;
        push_ports(context, builder, selection, instances, made_for, srv);
    }
    if builder.answer_count() == before {
        let any = (Section::Answer, RecordType::ANY);
        push_addresses(context, builder, any, instances);
    }
    if builder.answer_count() == before {
        push_nothing_more(context, builder);
    }
}

/// RFC 8482 §4.2: something small that says that ANY is not what it was.
fn push_nothing_more(context: &Context<'_>, builder: &mut AnswerBuilder) {
    let ttl = context.settings.ttl_seconds;
    builder.push(
        Section::Answer,
        context.owner(),
        RecordType::HINFO,
        ttl,
        |rdata| {
            rdata.text(b"RFC8482");
            rdata.text(b"");
        },
    );
}
