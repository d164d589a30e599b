//! The plugin `acl`: rules by network become one list of networks that may ask.
//!
//! The first rule that matches a client decides, and without one it may ask. So all addresses are cut into networks until
//! each is decided by the rules; the allowed ones are the list.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::draft::Draft;
use super::super::error::CorefileError;
use super::super::keys;
use super::super::parse::Directive;
use super::{Block, PluginLine};
use crate::dns::Name;

/// The most networks that rules may become.
const MOST_NETWORKS: usize = 4096;

/// The zones of one `acl`, if it is not for all of its block, and its rules word by word.
type WholeList<'a> = (Option<Vec<Name>>, Vec<Vec<&'a str>>);

/// A rule, of all types.
struct Rule {
    allows: bool,
    /// Everybody when empty.
    networks: Vec<IpNet>,
}

/// Takes the rules of all blocks.
pub(super) fn clients(blocks: &[Block<'_>], draft: &mut Draft) -> Result<(), CorefileError> {
    let Some((block, first)) = blocks
        .iter()
        .find_map(|block| Some((block, block.find("acl")?)))
    else {
        return Ok(());
    };
    let wanted = lists(block);
    for other in blocks.iter().filter(|it| lists(it) != wanted) {
        let key = other.keys.first().map(|it| it.word.clone());
        let (position, what) = match (other.find("acl"), key) {
            (Some(acl), _) => (acl.name.position.clone(), "acl".to_owned()),
            (None, Some(key)) => (key.position, format!("{} without acl", key.text)),
            (None, None) => continue,
        };
        let words = format!(
            "clients.allow is one list for all zones; that of {} is used, here too",
            first.name.position
        );
        draft.lose(&position, &what, words);
    }
    let mut rules = Vec::new();
    for acl in block.directives.iter().filter(|it| it.name.text == "acl") {
        if named_zones(block, acl).is_some() {
            draft.lose(
                &acl.name.position,
                "acl",
                "clients.allow is for all zones; the rules are used for all of them",
            );
        }
        for line in acl.each_line() {
            rules.extend(rule(&line, draft)?);
        }
    }
    allow(first, &rules, draft);
    Ok(())
}

/// All lists of a block as they are compared with those of another.
fn lists<'a>(block: &'a Block<'_>) -> Vec<WholeList<'a>> {
    let acls = block.directives.iter().filter(|it| it.name.text == "acl");
    acls.map(|acl| {
        let rules = acl.lines.iter();
        let rules = rules.map(|words| words.iter().map(|it| &*it.text).collect());
        (named_zones(block, acl), rules.collect())
    })
    .collect()
}

/// The zones of an `acl`; none when they are all of the block.
fn named_zones(block: &Block<'_>, acl: &Directive) -> Option<Vec<Name>> {
    let named = acl.arguments.iter().filter_map(|it| keys::zones(&it.text));
    let named: Vec<Name> = named.flatten().collect();
    let has = |name: &Name| named.iter().any(|it| name.is_within(it));
    (!acl.arguments.is_empty() && !block.zones().iter().all(has)).then_some(named)
}

fn rule(line: &PluginLine<'_>, draft: &mut Draft) -> Result<Option<Rule>, CorefileError> {
    let expected = "`allow`, `block`, `filter` or `drop`, with `type TYPE...` and `net NETWORK...`";
    let allows = match &*line.name.text.to_lowercase() {
        "allow" => true,
        "block" => false,
        "filter" | "drop" => {
            let words = "nomadns answers REFUSED to clients that may not ask";
            draft.note(&line.origin.position, &line.origin.text, words);
            false
        }
        _ => return Err(line.wrong(expected)),
    };
    let (mut section, mut networks, mut is_everybody) = ("", Vec::new(), true);
    let (mut has_type, mut is_all_types) = (false, false);
    for value in &line.values {
        match (section, &*value.to_lowercase()) {
            (_, "type") => section = "type",
            (_, "net") => (section, is_everybody) = ("net", false),
            // ANY is a type like others here (255).
            ("type", text) => (has_type, is_all_types) = (true, is_all_types || text == "*"),
            ("net", "*") => is_everybody = true,
            ("net", text) => {
                let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
                let network: Option<IpNet> = text.parse().ok().or_else(address);
                networks.push(network.ok_or_else(|| line.wrong(expected))?.trunc());
            }
            _ => return Err(line.wrong(expected)),
        }
    }
    if has_type && !is_all_types {
        let words = "nomadns allows or refuses clients, not types of records; the rule is left out";
        line.lose(draft, words);
        return Ok(None);
    }
    if is_everybody {
        networks.clear();
    }
    Ok(Some(Rule { allows, networks }))
}

/// Writes the networks that the rules allow.
fn allow(acl: &Directive, rules: &[Rule], draft: &mut Draft) {
    let origin = acl.origin();
    let mut allowed = Vec::new();
    let everything = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    let is_done = everything.iter().all(|it| decide(*it, rules, &mut allowed));
    if !is_done {
        let words = format!(
            "the rules are more than {MOST_NETWORKS} networks; list those that may ask in clients.allow"
        );
        return draft.lose(&origin.position, "acl", words);
    }
    if allowed == everything {
        return draft.needs_nothing(&origin, "everybody may ask");
    }
    if allowed.is_empty() {
        let words = "the rules allow nobody; list in clients.allow who may ask";
        return draft.lose(&origin.position, "acl", words);
    }
    let texts: Vec<String> = allowed.iter().map(IpNet::to_string).collect();
    draft.add("clients.allow", &texts, &origin);
    for line in acl.each_line() {
        draft.add("clients.allow", &[], &line.origin);
    }
}

/// Adds the parts of a network that may ask; tells whether there was room.
fn decide(network: IpNet, rules: &[Rule], allowed: &mut Vec<IpNet>) -> bool {
    for rule in rules {
        let is_whole =
            rule.networks.is_empty() || rule.networks.iter().any(|it| it.contains(&network));
        if is_whole {
            return !rule.allows || push(network, allowed);
        }
        if rule.networks.iter().any(|it| network.contains(it)) {
            let halves = network.subnets(network.prefix_len() + 1);
            return halves
                .into_iter()
                .flatten()
                .all(|half| decide(half, rules, allowed));
        }
    }
    push(network, allowed)
}

fn push(network: IpNet, allowed: &mut Vec<IpNet>) -> bool {
    allowed.push(network);
    // Two halves that are both allowed are one network.
    while let [.., first, second] = allowed[..]
        && first.prefix_len() == second.prefix_len()
        && let Some(whole) = first.supernet().filter(|it| Some(*it) == second.supernet())
        && first != second
    {
        allowed.truncate(allowed.len() - 2);
        allowed.push(whole);
    }
    allowed.len() <= MOST_NETWORKS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rules: &[(bool, &[&str])]) -> Vec<String> {
        let rules: Vec<Rule> = rules
            .iter()
            .map(|(allows, networks)| Rule {
                allows: *allows,
                networks: networks.iter().map(|it| it.parse().unwrap()).collect(),
            })
            .collect();
        let mut allowed = Vec::new();
        assert!(decide(IpNet::V4(Ipv4Net::default()), &rules, &mut allowed));
        allowed.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let inside = (true, &["10.0.0.0/8"][..]);
        assert_eq!(allowed(&[inside, (false, &[])]), ["10.0.0.0/8"]);
        assert_eq!(
            allowed(&[(false, &["10.0.0.0/9"]), inside, (false, &[])]),
            ["10.128.0.0/9"]
        );
        assert_eq!(allowed(&[inside, (false, &["10.0.0.0/9"])]), ["0.0.0.0/0"]);
    }

    #[test]
    fn without_a_rule_a_client_may_ask() {
        assert_eq!(allowed(&[(false, &["128.0.0.0/1"])]), ["0.0.0.0/1"]);
        assert_eq!(
            allowed(&[(false, &["0.0.0.0/2"])]),
            ["64.0.0.0/2", "128.0.0.0/1"]
        );
    }
}
