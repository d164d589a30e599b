//! What is counted out for an export is what is there: a name is denied where none of those is at it or below.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use nomadns::answers::names;
use nomadns::dns::Name;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{an_instance, entered, place};
use crate::support::answers::Answers;

/// All names of all zones that have records.
fn counted_out(answers: &Answers) -> Vec<Name> {
    let view = answers.catalog.view().unwrap();
    let zones = answers.zones.zones().iter();
    let names = zones.flat_map(|zone| names(&answers.zones, zone, &view));
    names.collect()
}

/// Whether a name may be there though it is not counted out: with several tags, an address below a namespace that has it
/// not, or what addresses are below, be there any or not.
fn may_be_left_out(name: &Name) -> bool {
    let labels = name.labels();
    let at = |place| labels.at(place).unwrap_or_default();
    let is_underscored = at(0).starts_with(b"_");
    let is_addr = |place| at(place).eq_ignore_ascii_case(b"addr");
    is_addr(0) || is_addr(1) && at(0).len() == 8 || labels.len() > 4 && !is_underscored
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_there_is_what_is_counted_out(
        (zones, named, questions) in place(),
        all in vec(vec(an_instance(), 1..3), 5),
    ) {
        entered(|| {
            let mut answers = Answers::unpublished(zones);
            for ((namespace, service), instances) in named.iter().zip(all) {
                answers.writer.put(namespace, service, instances).unwrap();
            }
            // Addresses of instances that were replaced are known for a while.
            answers.writer.retire_addresses(std::time::Duration::ZERO);
            answers.publish();
            let counted = counted_out(&answers);
            let mut once = std::collections::HashSet::new();
            for name in &counted {
                prop_assert!(once.insert(*name), "{name} is counted out twice");
                let rcode = answers.ask_anew(&name.to_string(), RecordType::SRV);
                prop_assert_eq!(rcode.metadata.response_code, ResponseCode::NoError, "{}", name);
            }
            for (name, _) in &questions {
                let name: Name = name.parse().unwrap();
                let is_counted = counted.iter().any(|other| other.is_within(&name));
                let message = answers.ask_anew(&name.to_string(), RecordType::SRV);
                let is_there = message.metadata.response_code == ResponseCode::NoError;
                let is_right = is_there == is_counted || is_there && may_be_left_out(&name);
                prop_assert!(is_right, "{name} is there: {is_there}, counted out: {is_counted}");
            }
            Ok(())
        })?;
    }
}
