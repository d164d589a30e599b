//! The plugin `template`, where it is a name with addresses, or denies the name by which Firefox asks.
//!
//! A template of a pattern has no counterpart: nomadns knows its names.

use super::super::draft::Draft;
use super::super::error::CorefileError;
use super::super::parse::Directive;
use super::super::write;
use crate::dns::Name;

const CANARY: &str = "use-application-dns.net";

/// Takes one `template CLASS TYPE [ZONE...]`.
pub(super) fn translate(directive: &Directive, draft: &mut Draft) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let texts = directive.texts();
    let [_class, kind, zones @ ..] = &texts[..] else {
        return Err(directive
            .wrong("template: expected a class and a type, such as `template IN A example.org`"));
    };
    let (mut names, mut answers, mut rcode, mut is_plain) = (Vec::new(), Vec::new(), None, true);
    for line in directive.each_line() {
        match &*line.name.text {
            "match" => names.extend(line.values.iter().map(|it| literal(it))),
            "answer" => answers.extend(line.values.iter().map(|it| (*it).to_owned())),
            "rcode" => rcode = line.values.first().map(|it| it.to_uppercase()),
            "fallthrough" => {}
            _ => is_plain = false,
        }
    }
    let canary = |it: &&str| it.trim_end_matches('.') == CANARY;
    if rcode.as_deref() == Some("NXDOMAIN")
        && names.is_empty()
        && !zones.is_empty()
        && zones.iter().all(canary)
    {
        draft.set("forwarding.application_dns", "nxdomain", &origin);
        return Ok(());
    }
    let names: Option<Vec<Name>> = names.into_iter().collect();
    let addresses: Option<Vec<String>> = answers.iter().map(|it| address(it)).collect();
    let is_address = matches!(&*kind.to_uppercase(), "A" | "AAAA");
    match (names, addresses) {
        (Some(names), Some(addresses))
            if is_plain
                && is_address
                && rcode.is_none()
                && !names.is_empty()
                && !addresses.is_empty() =>
        {
            for name in &names {
                draft.add_host(*name, &addresses, &origin);
            }
            let words = format!(
                "nomadns answers {} with the TTL `ttl`, and PTR of its addresses too",
                all(&names)
            );
            draft.note(&origin.position, "template", words);
        }
        _ => {
            let words = "nomadns answers no patterns: list the names in [[hosts]] or hosts_file, or forward the zone to a server \
                         that has them";
            draft.lose(&origin.position, "template", words);
        }
    }
    Ok(())
}

fn all(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(write::name).collect();
    names.join(", ")
}

/// The name that a regular expression matches, if it is one: `^db\.example\.org\.$`.
fn literal(expression: &str) -> Option<Name> {
    let inner = expression.strip_prefix('^')?.strip_suffix('$')?;
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(next) = characters.next() {
        match next {
            '\\' if characters.next()? == '.' => text.push('.'),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => text.push(next),
            _ => return None,
        }
    }
    text.parse().ok()
}

/// The address of an answer such as `{{ .Name }} 60 IN A 10.0.0.5`.
fn address(answer: &str) -> Option<String> {
    let rest = answer.trim().strip_prefix("{{")?;
    let (name, rest) = rest.split_once("}}")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [.., kind, address] = &words[..] else {
        return None;
    };
    let is_good = match &*kind.to_uppercase() {
        "A" => address.parse::<std::net::Ipv4Addr>().is_ok(),
        "AAAA" => address.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => false,
    };
    (name.trim() == ".Name" && is_good).then(|| (*address).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_expression_for_one_name_is_a_name() {
        assert_eq!(
            literal("^db\\.example\\.org\\.$"),
            "db.example.org".parse().ok()
        );
        for other in [
            "db\\.example\\.org",
            "^db.example\\.org$",
            "^(a|b)\\.org$",
            "^a\\d\\.org$",
        ] {
            assert_eq!(literal(other), None, "{other}");
        }
    }

    #[test]
    fn only_an_answer_with_an_address_has_one() {
        assert_eq!(
            address("{{ .Name }} 60 IN A 10.0.0.5").as_deref(),
            Some("10.0.0.5")
        );
        for other in [
            "{{ .Name }} 60 IN A 10.0.0.{{ .Group.a }}",
            "{{ .Zone }} 60 IN A 10.0.0.5",
            "a. 60 IN A 10.0.0.5",
        ] {
            assert_eq!(address(other), None, "{other}");
        }
    }
}
