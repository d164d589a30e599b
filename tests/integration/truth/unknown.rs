//! What is not known is not denied: an answer that is neither SERVFAIL nor marked is what would be said if all was known.

use std::collections::HashSet;

use hickory_proto::op::ResponseCode;
use nomadns::catalog::{Instance, UnknownReason};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Named, an_instance, content, entered, place};
use crate::support::answers::Answers;

/// What is known of a service beside the truth.
#[derive(Clone, Copy, Debug)]
enum Knowledge {
    All,
    /// It is listed, no more.
    Listed(UnknownReason),
    /// Some of its instances, which were all once.
    Older(UnknownReason),
    /// Its namespace is, no more.
    Namespace(UnknownReason),
    /// Nothing, not even its namespace.
    Nothing(UnknownReason),
}

fn knowledge() -> impl Strategy<Value = Knowledge> {
    let reason = || select(&UnknownReason::ALL[..]);
    prop_oneof![
        3 => Just(Knowledge::All),
        2 => reason().prop_map(Knowledge::Listed),
        2 => reason().prop_map(Knowledge::Older),
        1 => reason().prop_map(Knowledge::Namespace),
        1 => reason().prop_map(Knowledge::Nothing),
    ]
}

fn know(
    answers: &mut Answers,
    (namespace, service): Named,
    mut instances: Vec<Instance>,
    knowledge: Knowledge,
) {
    let writer = &mut answers.writer;
    match knowledge {
        Knowledge::All => {
            writer.put(namespace, service, instances).unwrap();
        }
        Knowledge::Listed(reason) => {
            writer
                .mark_unknown(namespace, service, Some(reason))
                .unwrap();
        }
        Knowledge::Older(reason) => {
            instances.pop();
            writer
                .mark_unknown(namespace, service, Some(reason))
                .unwrap();
            writer.put(namespace, service, instances).unwrap();
        }
        Knowledge::Namespace(reason) => {
            writer
                .mark_namespace_unknown(namespace, Some(reason))
                .unwrap();
        }
        Knowledge::Nothing(reason) => {
            writer.mark_others_unknown(Some(reason));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_true_or_says_that_it_may_not_be(
        (zones, mut named, questions) in place(),
        all in vec((vec(an_instance(), 1..3), knowledge()), 5),
    ) {
        entered(|| {
            named.sort_unstable();
            named.dedup();
            let unlisted: HashSet<String> = named
                .iter()
                .zip(&all)
                .filter(|(_, (_, knowledge))| matches!(knowledge, Knowledge::Nothing(_)))
                .map(|((namespace, _), _)| namespace.to_ascii_lowercase())
                .collect();
            let (mut truth, mut known) = (Answers::unpublished(zones), Answers::unpublished(zones));
            for (named, (instances, knowledge)) in named.into_iter().zip(all) {
                truth.writer.put(named.0, named.1, instances.clone()).unwrap();
                // A namespace that nobody tells of has no service that is known.
                let is_unlisted = unlisted.contains(&named.0.to_ascii_lowercase());
                if !is_unlisted || matches!(knowledge, Knowledge::Nothing(_)) {
                    know(&mut known, named, instances, knowledge);
                }
            }
            truth.publish();
            known.publish();
            for (name, record_type) in &questions {
                let answered = content(&known.ask(name, *record_type));
                let is_marked = answered.1 == Some(3) || answered.0 == ResponseCode::ServFail;
                let truth = content(&truth.ask(name, *record_type));
                prop_assert!(is_marked || answered == truth, "{name} {record_type}: {answered:?}, not {truth:?}");
            }
            Ok(())
        })?;
    }
}
