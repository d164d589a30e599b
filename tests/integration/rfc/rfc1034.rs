//! RFC 1034: where an answer goes on at the target of a CNAME (§4.3.2, step 3a), and the class ANY (§3.7.1).

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, RData, RecordType};
use nomadns::catalog::Instance;
use nomadns::dns::Transport;

use crate::support::answers::{
    Answers, addresses, assert_denied, extended_error, instance, instance_in, query,
};

/// The owners and targets of an answer's CNAMEs, in their order.
fn chain(message: &Message) -> Vec<(String, String)> {
    let records = message
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::CNAME(target) => Some((record.name.to_string(), target.to_string())),
            _ => None,
        });
    records.collect()
}

/// The targets of its CNAMEs, which have to be a chain from the name asked for.
fn targets(message: &Message, name: &str) -> Vec<String> {
    let mut owner = format!("{name}.");
    let mut targets = Vec::new();
    for (from, to) in chain(message) {
        assert!(from.eq_ignore_ascii_case(&owner), "{message}");
        targets.push(to.clone());
        owner = to;
    }
    targets
}

fn at(host: &str) -> Vec<Instance> {
    vec![instance(host, 80, &["blue"])]
}

/// Two services at addresses, and aliases by their names and hosts.
fn aliases(aliases: &[(&str, &str)]) -> Answers {
    let mut answers = Answers::usual();
    for (name, host) in aliases {
        answers.set("default", name, at(host));
    }
    answers
}

#[tokio::test]
async fn an_answer_goes_on_at_the_target_while_it_is_in_one_of_the_zones() {
    let answers = aliases(&[
        ("alias", "redis.default.nomad"),
        ("second", "Alias.Default.NOMAD"),
        ("tagged", "primary.redis.default.nomad"),
        ("there", "redis.default.dc1.dc.nomad"),
        ("other", "six.default.service.nomad"),
        ("server", "ns.nomad"),
        ("address", "0a000001.addr.nomad"),
    ]);
    let redis = &["10.0.0.1", "10.0.0.2", "10.0.0.3"][..];
    for (name, count, expected) in [
        ("alias.default.nomad", 1, redis),
        ("ALIAS.default.service.nomad", 1, redis),
        ("blue.alias.default.nomad", 1, redis),
        ("alias.default.dc1.dc.nomad", 1, redis),
        ("second.default.nomad", 2, redis),
        ("tagged.default.nomad", 1, &["10.0.0.1"]),
        ("there.default.nomad", 1, redis),
        ("server.default.nomad", 1, &["127.0.0.1"]),
        ("address.default.nomad", 1, &["10.0.0.1"]),
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert!(message.metadata.authoritative && message.authorities.is_empty());
        let targets = targets(&message, name);
        assert_eq!(targets.len(), count, "{message}");
        assert_eq!(addresses(&message.answers), expected, "{name}");
        let last = message.answers.last().unwrap().name.to_string();
        assert!(last.eq_ignore_ascii_case(&targets[count - 1]), "{message}");
    }
    let message = answers.ask("other.default.nomad", RecordType::AAAA);
    assert_eq!(addresses(&message.answers), ["fd00::1"]);
}

#[tokio::test]
async fn it_goes_on_for_every_type_but_those_that_the_name_has_itself() {
    let answers = aliases(&[("alias", "redis.default.nomad"), ("apex", "nomad")]);
    for record_type in [RecordType::CNAME, RecordType::ANY] {
        let message = answers.ask("alias.default.nomad", record_type);
        assert_eq!(chain(&message).len(), 1, "{message}");
        assert_eq!((message.answers.len(), message.authorities.len()), (1, 0));
    }
    for (record_type, count) in [(RecordType::SRV, 1), (RecordType::TXT, 1)] {
        let message = answers.ask("alias.default.nomad", record_type);
        assert_eq!(message.answers.len(), count);
        assert_eq!(message.answers[0].record_type(), record_type);
    }
    for record_type in [RecordType::MX, RecordType::HTTPS, RecordType::NS] {
        let message = answers.ask("alias.default.nomad", record_type);
        assert_eq!((message.answers.len(), message.authorities.len()), (1, 1));
    }
    let message = answers.ask("apex.default.nomad", RecordType::SOA);
    assert_eq!(message.answers.len(), 2, "{message}");
    assert_eq!(message.answers[1].name.to_string(), "nomad.");
}

#[tokio::test]
async fn a_name_that_leads_back_to_itself_has_no_alias_and_what_leads_there_keeps_its_own() {
    let answers = aliases(&[
        ("myself", "MySelf.default.nomad"),
        ("a", "b.default.nomad"),
        ("b", "c.default.service.nomad"),
        ("c", "a.default.nomad"),
        ("to-myself", "myself.default.nomad"),
        ("to-a", "blue.to-b.default.nomad"),
        ("to-b", "b.default.nomad"),
    ]);
    // Nothing leads back to `b.default.service.nomad` or to `c.default.nomad`, but their targets are on the loop.
    let on_loops = [
        "myself.default.nomad",
        "a.default.nomad",
        "b.default.nomad",
        "c.default.service.nomad",
    ];
    for name in on_loops {
        for record_type in [RecordType::A, RecordType::CNAME, RecordType::MX] {
            let zone = if name.contains("service") {
                "service.nomad"
            } else {
                "nomad"
            };
            let message = answers.ask(name, record_type);
            assert_denied(&message, ResponseCode::NoError, zone);
        }
        let message = answers.ask(name, RecordType::SRV);
        assert_eq!(message.answers.len(), 1, "what is else there stays: {name}");
        let message = answers.ask(name, RecordType::ANY);
        assert_eq!(message.answers[0].record_type(), RecordType::HINFO);
    }
    for (name, count) in [
        ("to-myself.default.nomad", 1),
        ("to-b.default.nomad", 1),
        ("to-a.default.nomad", 2),
        ("blue.a.default.nomad", 1),
        ("b.default.service.nomad", 1),
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(targets(&message, name).len(), count, "{message}");
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!(
            (message.answers.len(), message.authorities.len()),
            (count, 1)
        );
        assert_eq!(answers.ask(name, RecordType::CNAME).answers.len(), 1);
    }
}

#[tokio::test]
async fn after_so_many_cnames_an_answer_ends_and_the_client_asks_on() {
    let mut answers = Answers::with(&["nomad"], |settings| settings.alias_chain = 3);
    for nth in 0..5_u8 {
        let host = format!("s{}.default.nomad", nth + 1);
        answers.set("default", &format!("s{nth}"), at(&host));
    }
    answers.set("default", "s5", at("10.0.0.9"));
    let asked = |nth: u8| {
        let message = answers.ask(&format!("s{nth}.default.nomad"), RecordType::A);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert!(message.authorities.is_empty());
        (chain(&message).len(), message.answers.len())
    };
    let all: Vec<_> = (0..6).map(asked).collect();
    assert_eq!(all, [(3, 3), (3, 3), (3, 4), (2, 3), (1, 2), (0, 1)]);
}

#[tokio::test]
async fn a_loop_of_up_to_32_names_is_left_out_however_few_an_answer_follows() {
    for (length, is_left_out) in [(2, true), (32, true), (33, false)] {
        let mut answers = Answers::with(&["nomad"], |settings| settings.alias_chain = 1);
        for nth in 0..length {
            let host = format!("s{}.default.nomad", (nth + 1) % length);
            answers.set("default", &format!("s{nth}"), at(&host));
        }
        for nth in [0, 1, length - 1] {
            let message = answers.ask(&format!("s{nth}.default.nomad"), RecordType::A);
            let count = usize::from(!is_left_out);
            assert_eq!(message.answers.len(), count, "{length} names: {message}");
        }
    }
}

#[tokio::test]
async fn the_cnames_stay_first_and_the_set_that_they_lead_to_turns() {
    let answers = aliases(&[
        ("alias", "redis.default.nomad"),
        ("second", "alias.default.nomad"),
    ]);
    let name = "second.default.nomad";
    let mut first = std::collections::HashSet::new();
    for _ in 0..100 {
        let message = answers.ask_udp(name, RecordType::A, Some(1232));
        assert_eq!(targets(&message, name).len(), 2);
        assert_eq!(message.answers.len(), 5);
        assert_eq!(message.answers[1].record_type(), RecordType::CNAME);
        first.insert(message.answers[2].data.to_string());
    }
    assert_eq!(first.len(), 3);
}

#[tokio::test]
async fn a_chain_ends_with_what_it_was_made_from() {
    let mut answers = aliases(&[
        ("alias", "target.default.nomad"),
        ("second", "alias.default.nomad"),
    ]);
    let name = "second.default.nomad";
    let found = |answers: &Answers| {
        let message = answers.ask(name, RecordType::A);
        (message.metadata.response_code, addresses(&message.answers))
    };
    let denied = (ResponseCode::NXDomain, Vec::new());
    assert_eq!(found(&answers), denied);
    answers.set("default", "target", vec![instance("10.3.0.1", 80, &[])]);
    assert_eq!(found(&answers).1, ["10.3.0.1"]);
    answers.set("default", "target", vec![instance("10.3.0.2", 80, &[])]);
    assert_eq!(found(&answers).1, ["10.3.0.2"]);
    answers.set("default", "alias", vec![instance("10.3.0.3", 80, &[])]);
    assert_eq!(found(&answers).1, ["10.3.0.3"]);
    answers.set("default", "alias", at("second.default.nomad"));
    assert_eq!(found(&answers), (ResponseCode::NoError, Vec::new()));
    assert_eq!(answers.ask(name, RecordType::A).answers.len(), 0);
}

#[tokio::test]
async fn an_alias_is_what_its_healthy_or_near_instances_say() {
    let mut answers = Answers::usual();
    let instances = [
        instance_in("dc1", "redis.default.nomad", 80, &[]),
        instance_in("dc2", "10.5.0.1", 80, &[]),
    ];
    answers.set("default", "mixed", instances.to_vec());
    for (name, count, address) in [
        ("mixed.default.nomad", 1, "10.5.0.1"),
        ("mixed.default.dc2.dc.nomad", 1, "10.5.0.1"),
        ("mixed.default.dc1.dc.nomad", 4, "10.0.0.1"),
    ] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(message.answers.len(), count, "{message}");
        assert_eq!(addresses(&message.answers)[0], address);
    }
}

#[tokio::test]
async fn a_name_below_a_namespace_alone_is_no_target_with_data() {
    let answers = aliases(&[("alias", "default.nomad"), ("dc", "dc1.dc.nomad")]);
    for name in ["alias.default.nomad", "dc.default.nomad"] {
        let message = answers.ask(name, RecordType::A);
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert_eq!((message.answers.len(), message.authorities.len()), (1, 1));
        assert_eq!(extended_error(&message), None);
    }
}

#[tokio::test]
async fn class_any_is_answered_as_in_and_without_authority() {
    let answers = aliases(&[("alias", "redis.default.nomad")]);
    for (name, record_type) in [
        ("redis.default.nomad", RecordType::A),
        ("alias.default.nomad", RecordType::ANY),
        ("nope.default.nomad", RecordType::A),
        ("example.com", RecordType::A),
    ] {
        let mut message = query(name, record_type);
        let as_in = answers.exchange(&message.to_vec().unwrap(), Transport::Tcp);
        message.queries[0].set_query_class(DNSClass::ANY);
        let message = answers.exchange(&message.to_vec().unwrap(), Transport::Tcp);
        assert_eq!(message.queries[0].query_class(), DNSClass::ANY);
        assert!(!message.metadata.authoritative);
        assert_eq!(message.metadata.response_code, as_in.metadata.response_code);
        assert_eq!(addresses(&message.answers), addresses(&as_in.answers));
        let classes = message.answers.iter().chain(&message.authorities);
        assert!(
            classes
                .into_iter()
                .all(|record| record.dns_class == DNSClass::IN)
        );
        assert_eq!(message.authorities.len(), as_in.authorities.len());
        assert_eq!(extended_error(&message), extended_error(&as_in));
    }
}
