//! Questions and answers of every form, at random.

use nomadns::dns::wire::{Additions, AnsweredZone, Bounds};
use nomadns::dns::{
    Answer, AnswerBuilder, Class, Cookie, Edns, EdnsOptions, Name, Owner, Query, QueryFlags, Rcode,
    RecordType, Section, Signature, Transport,
};
use proptest::prelude::*;

use super::MESSAGE_OCTETS;

/// The form of an answer, with numbers of records.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A set of addresses behind a chain of aliases.
    Addresses { links: usize, records: usize },
    /// SRV records, whose targets are shared by several when there are fewer.
    Services { records: usize, targets: usize },
    /// Addresses of both kinds, which are no set.
    Both { records: usize },
    /// A denial at the end of a chain.
    Denial { links: usize, mailbox_labels: usize },
}

/// A question and all that decides what is given.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) form: Form,
    pub(super) labels: usize,
    pub(super) transport: Transport,
    pub(super) payload_octets: Option<u16>,
    pub(super) bounds: Bounds,
    /// Whether all options are asked for.
    pub(super) options: bool,
    pub(super) turn: u32,
}

impl Asked {
    /// A name of up to 255 octets.
    pub(super) fn name(&self) -> Name {
        let labels = vec![&b"label-of-20-octets--"[..]; self.labels];
        Name::from_labels(
            labels
                .into_iter()
                .chain([&b"svc"[..], b"default", b"nomad"]),
        )
        .unwrap()
    }

    pub(super) fn query(&self) -> Query {
        let options = EdnsOptions {
            wants_nsid: true,
            wants_zone_version: true,
            wants_keepalive: true,
            wants_padding: true,
            cookie: Some(Cookie {
                client: [1; 8],
                server: None,
            }),
            client_subnet: None,
        };
        Query {
            id: 4711,
            flags: QueryFlags::default(),
            name: self.name(),
            record_type: RecordType::SRV,
            class: Class::IN,
            edns: self.payload_octets.map(|payload_octets| Edns {
                payload_octets,
                options: if self.options {
                    options
                } else {
                    EdnsOptions::default()
                },
                ..Edns::default()
            }),
            transport: self.transport,
            client: None,
            signature: Signature::Absent,
        }
    }

    pub(super) fn additions(&self) -> Additions<'static> {
        Additions {
            nsid: &[b'n'; 128],
            zone: Some(AnsweredZone {
                labels: 1,
                serial: 7,
            }),
            keepalive_tenths: Some(100),
            cookie: Some([2; 16]),
            may_pad: self.transport == Transport::Dot,
            ..Additions::default()
        }
    }

    /// The most octets that the message may have.
    pub(super) fn limit(&self) -> usize {
        match (self.transport, self.payload_octets) {
            (Transport::Udp, Some(octets)) => octets.min(self.bounds.udp_octets).max(512).into(),
            (Transport::Udp, None) => 512,
            _ => MESSAGE_OCTETS,
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let mut builder = AnswerBuilder::new(&self.name());
        match self.form {
            Form::Addresses { links, records } => {
                let owner = push_chain(&mut builder, links);
                for number in 0..records {
                    push_address(&mut builder, Section::Answer, owner.as_ref(), number);
                }
            }
            Form::Services { records, targets } => push_services(&mut builder, records, targets),
            Form::Both { records } => {
                for number in 0..records {
                    push_address(&mut builder, Section::Answer, None, number);
                    let (section, owner) = (Section::Answer, Owner::Question);
                    builder.push(section, owner, RecordType::AAAA, 30, |rdata| {
                        rdata.octets(&[0; 12]);
                        rdata.octets(&octets(number));
                    });
                }
            }
            Form::Denial {
                links,
                mailbox_labels,
            } => {
                push_chain(&mut builder, links);
                push_soa(&mut builder, mailbox_labels);
            }
        }
        builder.finish()
    }

    /// The records of the set that are wanted, if there is room for them.
    pub(super) fn wanted(&self, set: usize) -> usize {
        set.min(self.bounds.set_records.map_or(usize::MAX, usize::from))
    }
}

/// Each link has a name of its own; gives the last.
fn push_chain(builder: &mut AnswerBuilder, links: usize) -> Option<Name> {
    let mut owner = None;
    for number in 0..links {
        let target: Name = format!("link-{number}.default.nomad").parse().unwrap();
        let of = owner.as_ref().map_or(Owner::Question, Owner::Name);
        builder.push(Section::Answer, of, RecordType::CNAME, 30, |rdata| {
            rdata.name(&target);
        });
        owner = Some(target);
    }
    owner
}

fn push_address(
    builder: &mut AnswerBuilder,
    section: Section,
    owner: Option<&Name>,
    number: usize,
) {
    let owner = owner.map_or(Owner::Question, Owner::Name);
    builder.push(section, owner, RecordType::A, 30, |rdata| {
        rdata.octets(&octets(number));
    });
}

fn push_services(builder: &mut AnswerBuilder, records: usize, targets: usize) {
    let targets = targets.min(records);
    let target = |number: usize| -> Name {
        let label = format!("{:08x}.addr.nomad", number % targets);
        label.parse().unwrap()
    };
    for number in 0..records {
        let (section, owner) = (Section::Answer, Owner::Question);
        builder.push(section, owner, RecordType::SRV, 30, |rdata| {
            rdata.octets(&octets(number));
            rdata.u16(80);
            rdata.plain_name(&target(number));
        });
    }
    for number in 0..targets {
        // Two addresses, which belong together.
        for _ in 0..=number % 2 {
            push_address(builder, Section::Additional, Some(&target(number)), number);
        }
    }
}

fn push_soa(builder: &mut AnswerBuilder, mailbox_labels: usize) {
    let apex: Name = "nomad".parse().unwrap();
    let mailbox = vec![&b"a-label-of-24-octets----"[..]; mailbox_labels];
    let mailbox = Name::from_labels(mailbox).unwrap();
    builder.set_rcode(Rcode::NXDOMAIN);
    let (section, owner) = (Section::Authority, Owner::Name(&apex));
    builder.push(section, owner, RecordType::SOA, 5, |rdata| {
        rdata.name(&apex);
        rdata.name(&mailbox);
        (0..5).for_each(|number| rdata.u32(number));
    });
}

fn octets(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_be_bytes()
}

fn forms() -> impl Strategy<Value = Form> {
    let records = || prop_oneof![8 => 0..300_usize, 1 => 300..4500_usize];
    prop_oneof![
        (prop_oneof![Just(0), 0..20_usize], records())
            .prop_map(|(links, records)| Form::Addresses { links, records }),
        (records(), prop_oneof![1..20_usize, 1..4500_usize])
            .prop_map(|(records, targets)| Form::Services { records, targets }),
        records().prop_map(|records| Form::Both { records }),
        (0..20_usize, 0..10_usize).prop_map(|(links, mailbox_labels)| Form::Denial {
            links,
            mailbox_labels
        }),
    ]
}

/// Questions of every kind.
pub(super) fn questions() -> impl Strategy<Value = Asked> {
    let transports = prop_oneof![
        Just(Transport::Udp),
        Just(Transport::Tcp),
        Just(Transport::Dot)
    ];
    let bounds = (
        512..=4096_u16,
        prop_oneof![Just(None), (1..400_u16).prop_map(Some)],
    );
    let bounds = bounds.prop_map(|(udp_octets, set_records)| Bounds {
        udp_octets,
        set_records,
    });
    let payloads = proptest::option::of(512..5000_u16);
    let client = (transports, payloads, any::<bool>(), any::<u32>());
    (forms(), 0..11_usize, bounds, client).prop_map(
        |(form, labels, bounds, (transport, payload_octets, options, turn))| Asked {
            form,
            labels,
            transport,
            payload_octets,
            bounds,
            options,
            turn,
        },
    )
}
