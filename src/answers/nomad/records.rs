//! The records of what exists: A, AAAA, SRV, TXT and CNAME of instances, and of single addresses.

use std::collections::HashSet;
use std::net::IpAddr;

use rand::seq::SliceRandom;

use super::grammar::Selection;
use super::infrastructure::{address_name, address_type, push_address};
use super::zone::Descriptions;
use super::{Context, negative};
use crate::catalog::{Address, Doubt, Instance, Service};
use crate::dns::{Answer, AnswerBuilder, Name, Owner, Rcode, RecordType, Section};

// All instances are alike: Nomad knows no weights.
const SRV_PRIORITY: u16 = 10;
const SRV_WEIGHT: u16 = 10;

/// Answers for instances of a service; while they are in doubt, with what is known of them.
///
/// # Errors
/// The doubt, when none of what is known is to be answered.
pub(super) fn of_instances(
    context: &Context<'_>,
    service: &Service,
    selection: &Selection<'_>,
    doubt: Option<Doubt>,
) -> Result<Answer, Doubt> {
    let mut instances: Vec<&Instance> = service
        .instances()
        .filter(|instance| selection.takes(instance))
        .collect();
    context.settings.health.choose(&mut instances);
    if let (Some(doubt), []) = (doubt, &instances[..]) {
        // There may be others, which would be chosen.
        return Err(doubt);
    }
    // So that of neighbours none is always the other's heir when records are turned round.
    instances.shuffle(&mut rand::rng());
    let mut builder = context.builder(doubt);
    match context.query.record_type {
        RecordType::SRV => push_srv(context, &mut builder, &instances),
        RecordType::TXT if context.settings.descriptions == Descriptions::Shown => {
            push_txt(context, &mut builder, &instances);
        }
        record_type => match host_of(selection, &instances) {
            Some(host) => push_cname(context, &mut builder, &host),
            None if record_type == RecordType::ANY => push_any(context, &mut builder),
            None => push_addresses(context, &mut builder, &instances),
        },
    }
    Ok(finish(context, builder, doubt))
}

/// Answers for the name of one address.
pub(super) fn of_address(context: &Context<'_>, address: IpAddr, doubt: Option<Doubt>) -> Answer {
    let mut builder = context.builder(doubt);
    let (asked, ttl) = (context.query.record_type, context.settings.ttl_seconds);
    if asked == address_type(address) || asked == RecordType::ANY {
        push_address(&mut builder, Section::Answer, Owner::Question, address, ttl);
    }
    finish(context, builder, doubt)
}

fn finish(context: &Context<'_>, builder: AnswerBuilder, doubt: Option<Doubt>) -> Answer {
    if builder.answer_count() == 0 {
        return negative::deny(context, Rcode::NOERROR, doubt);
    }
    builder.finish()
}

fn push_addresses(context: &Context<'_>, builder: &mut AnswerBuilder, instances: &[&Instance]) {
    let mut said = HashSet::new();
    for address in instances.iter().filter_map(|instance| ip_address(instance)) {
        // RFC 2181 §5: a set has no record twice.
        if address_type(address) == context.query.record_type && said.insert(address) {
            let ttl = context.settings.ttl_seconds;
            push_address(builder, Section::Answer, Owner::Question, address, ttl);
        }
    }
}

fn push_srv(context: &Context<'_>, builder: &mut AnswerBuilder, instances: &[&Instance]) {
    let ttl = context.settings.ttl_seconds;
    let (mut said, mut addresses) = (HashSet::new(), Vec::new());
    for instance in instances.iter().filter(|instance| instance.port != 0) {
        let target = match &instance.address {
            Address::Host(host) => host_name(host),
            _ => ip_address(instance).and_then(|address| address_name(context, address)),
        };
        let Some(target) = target else { continue };
        if !said.insert((target, instance.port)) {
            continue;
        }
        builder.push(
            Section::Answer,
            Owner::Question,
            RecordType::SRV,
            ttl,
            |rdata| {
                rdata.u16(SRV_PRIORITY);
                rdata.u16(SRV_WEIGHT);
                rdata.u16(instance.port);
                rdata.plain_name(&target);
            },
        );
        addresses.extend(ip_address(instance).map(|address| (target, address)));
    }
    let mut said = HashSet::new();
    for (target, address) in addresses {
        if said.insert(address) {
            push_address(
                builder,
                Section::Additional,
                Owner::Name(&target),
                address,
                ttl,
            );
        }
    }
}

fn push_txt(context: &Context<'_>, builder: &mut AnswerBuilder, instances: &[&Instance]) {
    for instance in instances {
        let group = &instance.group;
        let texts = [
            format!("id={}", instance.id()),
            format!("job={}", group.job),
            format!("alloc={}", instance.allocation()),
            format!("node={}", instance.node),
            format!("dc={}", group.datacenter),
            format!("port={}", instance.port),
            format!("tags={}", group.tags.join(",")),
        ];
        let ttl = context.settings.ttl_seconds;
        builder.push(
            Section::Answer,
            Owner::Question,
            RecordType::TXT,
            ttl,
            |rdata| {
                texts.iter().for_each(|text| rdata.text(text.as_bytes()));
            },
        );
    }
}

fn push_cname(context: &Context<'_>, builder: &mut AnswerBuilder, host: &Name) {
    let ttl = context.settings.ttl_seconds;
    builder.push(
        Section::Answer,
        Owner::Question,
        RecordType::CNAME,
        ttl,
        |rdata| {
            rdata.name(host);
        },
    );
}

/// RFC 8482 §4.2: something small that says that ANY is not what it was.
fn push_any(context: &Context<'_>, builder: &mut AnswerBuilder) {
    let ttl = context.settings.ttl_seconds;
    builder.push(
        Section::Answer,
        Owner::Question,
        RecordType::HINFO,
        ttl,
        |rdata| {
            rdata.text(b"RFC8482");
            rdata.text(b"");
        },
    );
}

/// The name that the name asked for is an alias of.
///
/// A name of RFC 2782 is none: nothing could stand beside its CNAME, and it is there for SRV (RFC 2181 §10.1).
fn host_of(selection: &Selection<'_>, instances: &[&Instance]) -> Option<Name> {
    if selection.is_service_name() {
        return None;
    }
    only_host(instances)
}

/// The host's name, when all usable addresses are that one name.
fn only_host(instances: &[&Instance]) -> Option<Name> {
    let mut only = None;
    for instance in instances {
        match &instance.address {
            Address::Unusable => {}
            Address::V4(_) | Address::V6(_) => return None,
            Address::Host(host) => {
                let host = host_name(host)?;
                if *only.get_or_insert(host) != host {
                    return None;
                }
            }
        }
    }
    only
}

fn host_name(host: &str) -> Option<Name> {
    Name::from_labels(host.split('.').map(str::as_bytes)).ok()
}

fn ip_address(instance: &Instance) -> Option<IpAddr> {
    match instance.address {
        Address::V4(address) => Some(address.into()),
        Address::V6(address) => Some(address.into()),
        Address::Host(_) | Address::Unusable => None,
    }
}
