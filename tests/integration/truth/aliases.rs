//! CNAMEs followed here step by step, as a server that loads an export does, come to what one answer says.

use std::collections::HashMap;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use nomadns::catalog::Instance;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{ALIASES, Named, an_instance, content, entered, place};
use crate::support::answers::{Answers, instance_in, name_of};

/// What `limits.alias_chain` is by default.
const CHAIN: usize = 8;

/// Instances of a service: of any kind, or all at one name in the zones.
fn instances() -> impl Strategy<Value = Vec<Instance>> {
    let alias = select(&ALIASES[..]);
    prop_oneof![
        1 => vec(an_instance(), 1..3),
        2 => alias.prop_map(|host| vec![instance_in("dc1", host, 80, &["v2", "web"])]),
    ]
}

fn only_cname(message: &Message) -> Option<&Record> {
    match &message.answers[..] {
        [record] if record.record_type() == RecordType::CNAME => Some(record),
        _ => None,
    }
}

fn target(record: &Record) -> String {
    match &record.data {
        RData::CNAME(target) => target.to_string().to_ascii_lowercase(),
        other => panic!("{other:?}"),
    }
}

/// The one host that all instances at a name are at, whatever is made of it.
fn only_host(answers: &Answers, name: &str) -> Option<String> {
    let is_for_srv = name.split('.').take(2).all(|label| label.starts_with('_'));
    let owner = name_of(name);
    let has_addresses = [RecordType::A, RecordType::AAAA].iter().any(|record_type| {
        let message = answers.ask(name, *record_type);
        let of_itself = |record: &Record| record.name == owner;
        message
            .answers
            .iter()
            .any(|it| it.record_type() == *record_type && of_itself(it))
    });
    let message = answers.ask(name, RecordType::SRV);
    let targets = message.answers.iter().map(|record| match &record.data {
        RData::SRV(srv) => srv.target.to_string().to_ascii_lowercase(),
        other => panic!("{other:?}"),
    });
    let mut targets: Vec<String> = targets.collect();
    targets.sort_unstable();
    targets.dedup();
    let is_only = targets.len() == 1 && !has_addresses && !is_for_srv;
    targets.pop().filter(|_| is_only)
}

/// Follows the CNAMEs one by one; gives the records of all answers, the code and what denies at the end.
fn followed(
    answers: &Answers,
    zones: &[&str],
    name: &str,
    record_type: RecordType,
) -> (ResponseCode, Vec<String>, Vec<String>) {
    let (mut records, mut at) = (Vec::new(), name.to_owned());
    for count in 0..=CHAIN {
        let step = answers.ask(&at, RecordType::CNAME);
        let Some(cname) = only_cname(&step) else {
            break;
        };
        if count == CHAIN {
            return (ResponseCode::NoError, records, Vec::new());
        }
        records.push(cname.to_string().to_ascii_lowercase());
        at = target(cname);
        if record_type == RecordType::CNAME {
            return (ResponseCode::NoError, records, Vec::new());
        }
    }
    let is_inside = |zone: &&str| at.trim_end_matches('.').ends_with(*zone);
    if !zones.iter().any(is_inside) {
        return (ResponseCode::NoError, records, Vec::new());
    }
    let last = answers.ask(&at, record_type);
    let lines = |records: &[Record]| -> Vec<String> {
        let lines = records.iter().map(|it| it.to_string().to_ascii_lowercase());
        lines.collect()
    };
    records.extend(lines(&last.answers));
    records.sort_unstable();
    (
        last.metadata.response_code,
        records,
        lines(&last.authorities),
    )
}

/// Whether the hosts lead from a name back to it.
fn is_on_loop(answers: &Answers, name: &str, first: String) -> bool {
    let start = format!("{}.", name.to_ascii_lowercase().trim_end_matches('.'));
    let mut seen = HashMap::new();
    let mut next = Some(first);
    while let Some(at) = next {
        if at == start {
            return true;
        }
        let count = seen.len();
        if seen.insert(at.clone(), count).is_some() {
            return false;
        }
        next = only_host(answers, &at);
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn one_answer_says_what_following_its_cnames_comes_to_and_only_loops_are_left_out(
        (zones, named, questions) in place(),
        all in vec(instances(), 5),
    ) {
        entered(|| {
            let mut answers = Answers::of_zones(zones);
            let named: Vec<Named> = named;
            for ((namespace, service), instances) in named.iter().zip(all) {
                answers.writer.put(namespace, service, instances).unwrap();
            }
            answers.publish();
            let hosts = ALIASES.iter().map(|host| (*host).to_owned());
            let names = questions.into_iter().map(|(name, _)| name).chain(hosts);
            for name in names {
                for record_type in [RecordType::A, RecordType::CNAME, RecordType::MX] {
                    let (rcode, _, [mut records, mut denial, _]) =
                        content(&answers.ask(&name, record_type));
                    let both = records.iter_mut().chain(&mut denial);
                    both.for_each(|it| it.make_ascii_lowercase());
                    records.sort_unstable();
                    let mut expected = followed(&answers, zones, &name, record_type);
                    expected.1.sort_unstable();
                    prop_assert_eq!((rcode, records, denial), expected, "{} {}", name, record_type);
                }
                let has_cname = only_cname(&answers.ask(&name, RecordType::CNAME)).is_some();
                let host = only_host(&answers, &name);
                let is_left_out = host.map(|host| is_on_loop(&answers, &name, host));
                prop_assert!(has_cname == (is_left_out == Some(false)), "{name}: {is_left_out:?}");
            }
            Ok(())
        })?;
    }
}
