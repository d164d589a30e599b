//! Of services with many instances, names mean what they mean of a few: each answer is held against an oracle that
//! looks at every instance by all labels, and against a gateway that shares nothing between names.

use std::collections::BTreeSet;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, RecordType};
use nomadns::catalog::{Health, Instance};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{content, entered};
use crate::support::answers::{Answers, instance, instance_in, labelled};

const TAGS: [&str; 6] = ["a", "B", "blue", "v2", "_tcp", "mongodb"];
const DATACENTERS: [&str; 3] = ["dc1", "DC2", "dc 3"];
const PORT_LABELS: [&str; 3] = ["http", "mongodb", "B"];
const HEALTHS: [Health; 3] = [Health::Passing, Health::Failing, Health::Unread];
const SERVICE: &str = "many";

/// What of an instance names go by.
#[derive(Clone, Debug)]
struct Kind {
    tags: Vec<&'static str>,
    datacenter: &'static str,
    port_label: &'static str,
    health: Health,
}

/// A name, as its parts.
#[derive(Clone, Debug)]
struct Asked {
    form: Form,
    datacenter: Option<&'static str>,
    record_type: RecordType,
    is_upper_case: bool,
}

#[derive(Clone, Debug)]
enum Form {
    Tags(Vec<&'static str>),
    Protocol,
    ServiceTag(&'static str),
    Name(&'static str),
}

fn kind() -> impl Strategy<Value = Kind> {
    let tags = subsequence(&TAGS[..], 0..=TAGS.len());
    let place = (select(&DATACENTERS[..]), select(&PORT_LABELS[..]));
    (tags, place, select(&HEALTHS[..])).prop_map(|(tags, (datacenter, port_label), health)| Kind {
        tags,
        datacenter,
        port_label,
        health,
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    let tag = || prop_oneof![8 => select(&TAGS[..]), 1 => Just("nope")];
    let tags = prop_oneof![
        3 => subsequence(&TAGS[..], 0..=4).prop_shuffle(),
        2 => vec(tag(), 0..5),
    ];
    let form = prop_oneof![
        6 => tags.prop_map(Form::Tags),
        1 => Just(Form::Protocol),
        1 => tag().prop_map(Form::ServiceTag),
        2 => prop_oneof![tag(), Just("http"), Just(SERVICE)].prop_map(Form::Name),
    ];
    let types = [
        RecordType::A,
        RecordType::AAAA,
        RecordType::SRV,
        RecordType::TXT,
        RecordType::ANY,
        RecordType::MX,
    ];
    let datacenter = prop::option::weighted(0.3, select(&["DC1", "dc2", "dc9"][..]));
    let rest = (datacenter, select(types.to_vec()), any::<bool>());
    (form, rest).prop_map(|(form, (datacenter, record_type, is_upper_case))| Asked {
        form,
        datacenter,
        record_type,
        is_upper_case,
    })
}

impl Asked {
    fn name(&self) -> String {
        let before = match &self.form {
            Form::Tags(tags) => {
                let tags: String = tags.iter().map(|tag| format!("{tag}.")).collect();
                format!("{tags}{SERVICE}")
            }
            Form::Protocol => format!("_{SERVICE}._tcp"),
            Form::ServiceTag(tag) => format!("_{SERVICE}._{tag}"),
            Form::Name(name) => format!("_{name}._tcp.{SERVICE}"),
        };
        let after = self.datacenter.map(|label| format!("{label}.dc."));
        let name = format!("{before}.default.{}nomad", after.unwrap_or_default());
        if self.is_upper_case {
            name.to_uppercase()
        } else {
            name
        }
    }

    /// Whether a name means an instance, label by label.
    fn takes(&self, kind: &Kind) -> bool {
        let carries = |tag: &str| kind.tags.iter().any(|it| it.eq_ignore_ascii_case(tag));
        self.datacenter
            .is_none_or(|label| label.eq_ignore_ascii_case(kind.datacenter))
            && match &self.form {
                Form::Tags(tags) => {
                    let different: BTreeSet<_> =
                        tags.iter().map(|tag| tag.to_lowercase()).collect();
                    different.len() == tags.len() && tags.iter().all(|tag| carries(tag))
                }
                Form::Protocol => true,
                Form::ServiceTag(tag) => carries(tag),
                Form::Name(name) => {
                    *name == SERVICE || carries(name) || name.eq_ignore_ascii_case(kind.port_label)
                }
            }
    }
}

fn port(number: usize) -> u16 {
    1000 + u16::try_from(number).unwrap()
}

fn instance_of(number: usize, kind: &Kind) -> Instance {
    let address = format!("10.{}.0.{}", number / 200, number % 200);
    let instance = instance_in(kind.datacenter, &address, port(number), &kind.tags);
    Instance {
        health: kind.health,
        ..labelled(instance, SERVICE, kind.port_label)
    }
}

/// The numbers of the instances that a message has a record of; by the port, or the end of the address.
fn numbers(message: &Message) -> BTreeSet<usize> {
    let number = |data: &RData| match data {
        RData::A(address) => {
            let [_, hundreds, _, last] = address.octets();
            Some(usize::from(hundreds) * 200 + usize::from(last))
        }
        RData::SRV(srv) => Some(usize::from(srv.port) - 1000),
        RData::TXT(text) => {
            let text = text.to_string();
            let (_, after) = text.split_once(" port=")?;
            let (port, _) = after.split_once(' ')?;
            Some(port.parse::<usize>().unwrap() - 1000)
        }
        _ => None,
    };
    let records = message.answers.iter();
    records.filter_map(|record| number(&record.data)).collect()
}

/// What the oracle says: the numbers of the instances; none where there is no such name.
fn expected(kinds: &[Kind], asked: &Asked) -> Option<BTreeSet<usize>> {
    let all = kinds.iter().enumerate();
    let taken: Vec<_> = all.filter(|(_, kind)| asked.takes(kind)).collect();
    let is_bad = |kind: &Kind| kind.health == Health::Failing;
    let all_bad = taken.iter().all(|(_, kind)| is_bad(kind));
    let chosen = taken.iter().filter(|(_, kind)| all_bad || !is_bad(kind));
    (!taken.is_empty()).then(|| chosen.map(|(number, _)| *number).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn of_many_instances_a_name_means_those_that_all_of_its_labels_mean(
        kinds in vec(kind(), 1..6),
        count in prop_oneof![Just(16_usize), Just(17), Just(64), 65..180_usize],
        is_in_runs in any::<bool>(),
        questions in vec(asked(), 40),
    ) {
        entered(|| {
            let all: Vec<Kind> = (0..count)
                .map(|number| match is_in_runs {
                    true => kinds[number * kinds.len() / count].clone(),
                    false => kinds[number % kinds.len()].clone(),
                })
                .collect();
            let instances = || {
                let all = all.iter().enumerate();
                all.map(|(number, kind)| instance_of(number, kind)).collect::<Vec<_>>()
            };
            let mut answers = Answers::with(&["nomad"], |_| {});
            let mut unshared = Answers::with(&["nomad"], |settings| settings.shared_octets = 0);
            answers.set("default", SERVICE, instances());
            unshared.set("default", SERVICE, instances());
            for asked in questions {
                let name = asked.name();
                let message = answers.ask(&name, asked.record_type);
                prop_assert_eq!(content(&message), content(&unshared.ask(&name, asked.record_type)), "{}", name);
                let rcode = message.metadata.response_code;
                let Some(expected) = expected(&all, &asked) else {
                    // `_tcp.SERVICE` has names below it.
                    if !name.to_lowercase().starts_with("_tcp.many") {
                        prop_assert_eq!(rcode, ResponseCode::NXDomain, "{}", name);
                    }
                    prop_assert!(message.answers.is_empty());
                    continue;
                };
                prop_assert_eq!(rcode, ResponseCode::NoError, "{}", name);
                let has_records = match asked.record_type {
                    RecordType::AAAA | RecordType::MX => false,
                    // Beside a name of MongoDB's drivers there is no TXT.
                    RecordType::TXT if message.answers.is_empty() => false,
                    _ => true,
                };
                let expected = if has_records { expected } else { BTreeSet::new() };
                prop_assert_eq!(numbers(&message), expected, "{} {}", name, asked.record_type);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_name_with_the_same_tag_twice_does_not_exist() {
    let mut answers = Answers::usual();
    let many: Vec<_> = (0..100)
        .map(|last| instance(&format!("10.3.0.{last}"), 80, &["v7", "replica"]))
        .collect();
    answers.set("default", "many", many);
    for service in ["redis", "many"] {
        for (tags, rcode) in [
            ("v7.replica", ResponseCode::NoError),
            ("replica.V7", ResponseCode::NoError),
            ("v7.v7", ResponseCode::NXDomain),
            ("V7.v7", ResponseCode::NXDomain),
            ("v7.replica.v7", ResponseCode::NXDomain),
            ("v7.replica.nope", ResponseCode::NXDomain),
        ] {
            let name = format!("{tags}.{service}.default.nomad");
            let found = answers.ask(&name, RecordType::A).metadata.response_code;
            assert_eq!(found, rcode, "{name}");
        }
    }
}

#[tokio::test]
async fn names_that_are_written_in_another_way_share_one_set_of_records() {
    // Of many, health may leave so few that records of them would be made anew, were they all.
    for healthy in [500, 64, 40, 1] {
        names_share_the_records_of(healthy);
    }
}

fn names_share_the_records_of(healthy: usize) {
    let mut answers = Answers::of_zones(&["nomad"]);
    let tags = ["a", "bb", "ccc", "dddd"];
    let many: Vec<_> = (0..500_usize)
        .map(|number| {
            let address = format!("10.3.{}.{}", number / 200, number % 200);
            let health = match number < healthy {
                true => Health::Passing,
                false => Health::Failing,
            };
            Instance {
                health,
                ..instance(&address, 80, &tags)
            }
        })
        .collect();
    answers.set("default", "many", many);
    for (name, record_type) in [
        ("many", RecordType::SRV),
        ("a.many", RecordType::SRV),
        ("dddd.many", RecordType::SRV),
        ("bb.ccc.a.many", RecordType::SRV),
        ("ccc.bb.dddd.a.many", RecordType::SRV),
        ("_many._tcp", RecordType::ANY),
        ("_many._dddd", RecordType::ANY),
    ] {
        let message = answers.ask(&format!("{name}.default.nomad"), record_type);
        assert_eq!(message.answers.len(), healthy, "{name}");
        // What is additional is said of the targets, whatever the length of the question.
        let targets: BTreeSet<String> = message
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(srv.target.to_string()),
                _ => None,
            })
            .collect();
        let owners: BTreeSet<String> = message
            .additionals
            .iter()
            .map(|record| record.name.to_string())
            .collect();
        assert_eq!(owners, targets, "{name}");
    }
}
