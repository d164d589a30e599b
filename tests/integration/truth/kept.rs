//! A cached answer knows everything that it was made from: whatever changes, it says what one that was never kept says.

use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::catalog::{Instance, UnknownReason};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Named, an_instance, content, entered, place};
use crate::support::answers::{Answers, instance};

/// One change of the catalogue; a place stands for one of the services.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, Vec<Instance>),
    MarkUnknown(Index, Option<UnknownReason>),
    MarkNamespace(Index, Option<UnknownReason>),
    MarkOthers(Option<UnknownReason>),
    RetireAddresses,
    Withdraw,
}

fn change() -> impl Strategy<Value = Change> {
    let reason = || option::of(select(&UnknownReason::ALL[..]));
    prop_oneof![
        12 => (any::<Index>(), vec(an_instance(), 0..3)).prop_map(|(at, all)| Change::Put(at, all)),
        3 => (any::<Index>(), reason()).prop_map(|(at, reason)| Change::MarkUnknown(at, reason)),
        2 => (any::<Index>(), reason()).prop_map(|(at, reason)| Change::MarkNamespace(at, reason)),
        1 => reason().prop_map(Change::MarkOthers),
        1 => Just(Change::RetireAddresses),
        1 => Just(Change::Withdraw),
    ]
}

fn apply(answers: &mut Answers, named: &[Named], change: Change) {
    let writer = &mut answers.writer;
    match change {
        Change::Put(at, instances) => {
            let (namespace, service) = *at.get(named);
            writer.put(namespace, service, instances).unwrap();
        }
        Change::MarkUnknown(at, reason) => {
            let (namespace, service) = *at.get(named);
            writer.mark_unknown(namespace, service, reason).unwrap();
        }
        Change::MarkNamespace(at, reason) => {
            writer
                .mark_namespace_unknown(at.get(named).0, reason)
                .unwrap();
        }
        Change::MarkOthers(reason) => {
            writer.mark_others_unknown(reason);
        }
        Change::RetireAddresses => {
            writer.retire_addresses(Duration::ZERO);
        }
        // Nothing is published then until the next change.
        Change::Withdraw => return writer.withdraw(),
    }
    answers.publish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_changes_a_cached_answer_is_what_one_made_anew_is(
        (zones, named, questions) in place(),
        changes in vec(change(), 1..12),
    ) {
        entered(|| {
            let mut answers = Answers::of_zones(zones);
            for change in changes {
                apply(&mut answers, &named, change);
                for (name, record_type) in &questions {
                    let cached = answers.ask(name, *record_type);
                    let anew = answers.ask_anew(name, *record_type);
                    prop_assert_eq!(content(&cached), content(&anew), "{} {}", name, record_type);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn srv_answers_have_the_targets_address_whichever_instance_is_first() {
    let mut answers = Answers::of_zones(&["nomad"]);
    let addresses = ["10.0.0.1", "0a000001.addr.nomad"];
    let instances = addresses.map(|address| instance(address, 80, &[]));
    answers.set("default", "web", instances.into());
    for _ in 0..32 {
        let message = answers.ask_anew("web.default.nomad", RecordType::SRV);
        assert_eq!((message.answers.len(), message.additionals.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_denial_ends_with_the_tag_that_only_the_zone_around_can_have() {
    let mut answers = Answers::of_zones(&["nomad", "service.nomad"]);
    answers.set("service", "web", vec![instance("10.0.0.1", 80, &[])]);
    let asked = |answers: &Answers| answers.ask("v2.web.service.nomad", RecordType::A);
    let before = asked(&answers).metadata.response_code;
    assert_eq!(before, ResponseCode::NXDomain);
    answers.set("service", "web", vec![instance("10.0.0.1", 80, &["v2"])]);
    assert_eq!(asked(&answers).answers.len(), 1);
}

#[tokio::test]
async fn a_denial_ends_with_the_tag_of_a_service_in_a_namespace_called_as_a_part_of_the_grammar() {
    for (namespace, service) in [("dc", "dc1"), ("addr", "0a000009")] {
        let mut answers = Answers::of_zones(&["nomad"]);
        answers.set(namespace, service, vec![instance("10.0.0.1", 80, &[])]);
        let name = format!("v2.{service}.{namespace}.nomad");
        let asked = |answers: &Answers| answers.ask(&name, RecordType::A);
        assert_eq!(
            asked(&answers).metadata.response_code,
            ResponseCode::NXDomain
        );
        answers.set(namespace, service, vec![instance("10.0.0.1", 80, &["v2"])]);
        assert_eq!(asked(&answers).answers.len(), 1, "{name}");
    }
}
