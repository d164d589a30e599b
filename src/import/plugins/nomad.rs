//! The plugin `nomad`: the zone, where Nomad is, the token, the TTL, the filter.
//!
//! A token and the user and the password of an address are secrets: no error, remark or comment has them.

use super::super::draft::{Draft, Origin, SecretRule};
use super::super::error::{CorefileError, shown};
use super::super::parse::Directive;
use super::super::tokens::Word;
use super::super::write;
use super::{Block, PluginLine, listed};
use crate::config::File;
use crate::dns::Name;
use crate::nomad::{NomadAddress, without_user};

/// The zone of a plugin that names none.
const USUAL_ZONE: &str = "service.nomad";
/// The words that a line begins with.
const OPTIONS: [&str; 6] = [
    "address",
    "token",
    "ttl",
    "filter",
    "namespace",
    "namespaces",
];

/// Takes the zone and the lines of one `nomad`.
pub(super) fn translate(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let zone = match &directive.texts()[..] {
        [] => USUAL_ZONE,
        [zone] => zone,
        _ => return Err(directive.wrong("nomad takes one zone")),
    };
    let Ok(zone) = zone.parse::<Name>() else {
        let problem = format!(
            "nomad: read {:?}, expected a zone such as service.nomad",
            shown(zone)
        );
        return Err(directive.wrong(problem));
    };
    for zone in served(block, zone, &origin, draft) {
        draft.add("zones", &[write::name(&zone)], &origin);
    }
    swallowed(block, zone, &origin, draft);
    for line in directive.each_line() {
        translate_line(&line, draft)?;
    }
    Ok(())
}

/// The zones that CoreDNS answers from Nomad: it cuts off as many labels as the zone of the plugin has, and does not compare
/// them. So a block of another zone with as many labels is answered too.
fn served(block: &Block<'_>, zone: Name, origin: &Origin, draft: &mut Draft) -> Vec<Name> {
    let zones = block.zones();
    if zones
        .iter()
        .any(|it| zone.is_within(it) || it.is_within(&zone))
    {
        return vec![zone];
    }
    let labels = label_count(&zone);
    let alike: Vec<Name> = zones
        .iter()
        .copied()
        .filter(|it| label_count(it) == labels)
        .collect();
    if alike.is_empty() {
        let words = format!(
            "no query for {} reaches this block, whose zones are {}; nomadns answers it all the same",
            write::name(&zone),
            listed(&zones)
        );
        draft.note(&origin.position, &origin.text, words);
        return vec![zone];
    }
    let words = format!(
        "the block is for {}, which CoreDNS answers as it would {}: so nomadns answers it",
        listed(&alike),
        write::name(&zone)
    );
    draft.note(&origin.position, &origin.text, words);
    alike
}

/// Whether `forward` in the same block has all queries, since it comes first in plugin.cfg.
fn swallowed(block: &Block<'_>, zone: Name, origin: &Origin, draft: &mut Draft) {
    let takes_all = |it: &&Directive| {
        let from = it
            .arguments
            .first()
            .and_then(|it| it.text.parse::<Name>().ok());
        let excepts = it.each_line().any(|line| {
            line.name.text == "except"
                && line
                    .values
                    .iter()
                    .any(|it| it.parse().is_ok_and(|it: Name| zone.is_within(&it)))
        });
        it.name.text == "forward" && from.is_some_and(|it| zone.is_within(&it)) && !excepts
    };
    if let Some(forward) = block.directives.iter().find(takes_all) {
        let words = format!(
            "`forward` in the same block ({}) comes before `nomad` in CoreDNS, whatever the order of the lines, so CoreDNS never \
             asks Nomad here; nomadns answers {} from Nomad and forwards the rest",
            forward.name.position,
            write::name(&zone)
        );
        draft.note(&origin.position, &origin.text, words);
    }
}

fn translate_line(line: &PluginLine<'_>, draft: &mut Draft) -> Result<(), CorefileError> {
    match &*line.name.text.to_lowercase() {
        "address" => {
            let expected = "one or more addresses of Nomad, such as http://127.0.0.1:4646";
            if line.values.is_empty() {
                return Err(line.wrong(expected));
            }
            for text in line.values.iter().filter(|it| !it.is_empty()) {
                address(&with_scheme(text), line, draft);
            }
        }
        "token" => token(line.value("one token")?, line, draft),
        "ttl" => {
            let number = line.value("a number of seconds, 0 to 3600")?.parse::<i64>();
            let Some(number) = number.ok().filter(|it| (0..=3600).contains(it)) else {
                return Err(line.wrong("ttl must be in range [0, 3600]"));
            };
            draft.set("ttl", number, &line.origin);
        }
        "filter" => draft.set(
            "nomad.filter",
            line.value("one filter in quotes")?,
            &line.origin,
        ),
        // Those of mr-karan/coredns-nomad, which CoreDNS's own does not have.
        "namespace" | "namespaces" if !line.values.is_empty() => {
            let namespaces: Vec<String> = line.values.iter().map(|it| (*it).to_owned()).collect();
            draft.add("nomad.namespaces", &namespaces, &line.origin);
        }
        _ => return Err(line.wrong("address, token, ttl or filter")),
    }
    Ok(())
}

/// What an error shows of a line: without values, since a token may be among them, also where its word is misspelt.
pub(super) fn shown_line(name: &Word, values: &[&str]) -> String {
    let text = &*name.text;
    let is_option = OPTIONS.contains(&&*text.to_lowercase());
    // A word that stands alone may be a token that slipped into the next line.
    let is_word = !values.is_empty() && text.bytes().all(|it| it.is_ascii_alphabetic());
    match (is_option || is_word, values.len()) {
        (false, _) => "a line that begins with another word".into(),
        (true, 0) => format!("`{}` without a value", shown(text)),
        (true, 1) => format!("`{}` with a value", shown(text)),
        (true, count) => format!("`{}` with {count} values", shown(text)),
    }
}

/// Adds an address of Nomad. It may have a user and a password, which are secrets as a token is.
fn address(address: &str, line: &PluginLine<'_>, draft: &mut Draft) {
    let origin = Origin {
        position: line.name.position.clone(),
        text: without_users(line),
    };
    if without_user(address) == address {
        return draft.add("nomad.addresses", &[address.to_owned()], &origin);
    }
    match draft.secrets {
        SecretRule::Written => {
            let words = "the user and the password of the address stand in this file now; better keep them away from others: \
                         nomad.http_auth in the environment (NOMAD_HTTP_AUTH)";
            draft.note(&origin.position, "nomad address", words);
            draft.add("nomad.addresses", &[address.to_owned()], &origin);
        }
        SecretRule::LeftOut => {
            let words = "the user and the password of the address are not written to a terminal; set nomad.http_auth, or use --output";
            draft.lose(&origin.position, "nomad address", words);
            // What cannot be read as an address cannot be parted from its password either.
            if let Ok(address) = address.parse::<NomadAddress>() {
                draft.add("nomad.addresses", &[address.to_string()], &origin);
            }
        }
    }
}

/// The line as it may be shown.
fn without_users(line: &PluginLine<'_>) -> String {
    let values = line.values.iter().map(|it| without_user(it));
    let words: Vec<String> = std::iter::once(line.name.text.clone())
        .chain(values)
        .collect();
    shown(&words.join(" "))
}

/// Nomad's own library takes an address without a scheme as one over HTTP.
fn with_scheme(address: &str) -> String {
    match address.contains("://") {
        true => address.to_owned(),
        false => format!("http://{address}"),
    }
}

fn token(token: &str, line: &PluginLine<'_>, draft: &mut Draft) {
    let origin = Origin {
        position: line.name.position.clone(),
        text: "token (its value is not repeated)".into(),
    };
    if token.is_empty() {
        let words = "the token is empty: set NOMAD_TOKEN, or nomad.token_file";
        return draft.note(&origin.position, "nomad token", words);
    }
    match draft.secrets {
        SecretRule::Written => {
            let words = "the token stands in this file now; better put it into a file that only nomadns can read, and name that: \
                         nomad.token_file";
            draft.note(&origin.position, "nomad token", words);
            if draft
                .settings
                .get("nomad.token")
                .is_none_or(|it| it.value.as_str() == Some(token))
            {
                draft.set("nomad.token", token, &origin);
            } else {
                // The usual words would show the first token.
                let words = "another token is used already, and nomadns has one; choose one";
                draft.lose(&origin.position, "nomad token", words);
            }
        }
        SecretRule::LeftOut => {
            let words = "the token is not written to a terminal; put it into a file that only nomadns can read, and name that in \
                         nomad.token_file, or use --output";
            draft.lose(&origin.position, "nomad token", words);
        }
    }
}

/// Says what is answered where no block has the plugin.
pub(super) fn zones_of_all(blocks: &[Block<'_>], draft: &mut Draft) {
    if draft.settings.contains_key("zones") {
        return;
    }
    if let Some(key) = blocks.iter().flat_map(|it| &it.keys).next() {
        let words = "no block has the plugin nomad; nomadns answers its default zones, nomad and service.nomad";
        draft.note(&key.word.position, &key.word.text, words);
    }
}

/// The zones that are answered from Nomad: the default ones where no plugin names one.
pub(super) fn answered_zones(draft: &Draft) -> Vec<Name> {
    let usual = File::default().zones;
    let texts = match draft.texts("zones") {
        none if none.is_empty() => usual.iter().map(|it| &**it).collect(),
        named => named,
    };
    texts.iter().filter_map(|it| it.parse().ok()).collect()
}

fn label_count(name: &Name) -> usize {
    name.labels_above(&Name::ROOT).unwrap_or_default()
}
