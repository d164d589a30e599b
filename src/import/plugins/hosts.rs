//! The plugin `hosts`: a file, and names with addresses in the Corefile itself.
//!
//! CoreDNS answers names of some zones from it: those behind the file's name, or those of the block. nomadns answers all names
//! that have an address, and forwards or denies the others.

use std::net::IpAddr;

use super::super::draft::{Draft, Origin};
use super::super::error::CorefileError;
use super::super::keys;
use super::super::parse::Directive;
use super::super::write;
use super::{Block, PluginLine, duration, listed, whole_seconds};
use crate::dns::Name;

/// Where hosts are when nobody says so.
const USUAL_FILE: &str = "/etc/hosts";

/// Takes one `hosts [FILE [ZONE...]]`.
pub(super) fn translate(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let texts = directive.texts();
    let (file, named) = match &texts[..] {
        [] => (USUAL_FILE, &[][..]),
        [file, named @ ..] => (*file, named),
    };
    draft.set("hosts_file", block.path(file), &origin);
    let zones = zones(block, named, directive)?;
    restricted(block, &zones, !named.is_empty(), &origin, draft);
    let mut passed: Vec<Name> = Vec::new();
    for line in directive.each_line() {
        match &*line.name.text {
            "fallthrough" => {
                passed.extend(fall_through(&line));
                let words =
                    "names that are not among the hosts are forwarded, or answered from Nomad";
                draft.needs_nothing(&line.origin, words);
            }
            "no_reverse" => line.lose(
                draft,
                "PTR of a host's address is always answered with its name",
            ),
            "ttl" => {
                let words = "hosts have the TTL `ttl`, as records of Nomad have; set it if this is important";
                line.lose(draft, words);
            }
            "reload" => {
                let text = line.value("a duration such as 5s")?;
                let every = duration(text).ok_or_else(|| line.wrong("a duration such as 5s"))?;
                draft.set("hosts_check_seconds", whole_seconds(every), &line.origin);
            }
            _ => inline(&line, &zones, draft)?,
        }
    }
    denied(block, (&zones, &passed), !named.is_empty(), &origin, draft);
    Ok(())
}

/// The zones that CoreDNS has hosts in: those that are named, or those of the block.
fn zones(
    block: &Block<'_>,
    named: &[&str],
    directive: &Directive,
) -> Result<Vec<Name>, CorefileError> {
    if named.is_empty() {
        return Ok(block.zones());
    }
    let zones: Option<Vec<Vec<Name>>> = named.iter().map(|it| keys::zones(it)).collect();
    let expected = "hosts: expected a file and zones, such as `hosts /etc/hosts corp.example`";
    Ok(zones.ok_or_else(|| directive.wrong(expected))?.concat())
}

/// Says that the hosts of a file have no zones here.
fn restricted(
    block: &Block<'_>,
    zones: &[Name],
    is_named: bool,
    origin: &Origin,
    draft: &mut Draft,
) {
    let has = |name: &Name| zones.iter().any(|it| name.is_within(it));
    let words = format!(
        "CoreDNS answers only names in {} from this file; nomadns answers all names of the file, and the PTR of their addresses; \
         take out of the file what is not to be answered",
        listed(zones)
    );
    match is_named && !block.zones().iter().all(has) {
        true => draft.lose(&origin.position, &origin.text, words),
        false if !has(&Name::ROOT) => draft.note(&origin.position, &origin.text, words),
        false => {}
    }
}

/// The zones of a `fallthrough`: all without one.
fn fall_through(line: &PluginLine<'_>) -> Vec<Name> {
    match line.values.is_empty() {
        true => vec![Name::ROOT],
        false => {
            let zones = line.values.iter().filter_map(|it| keys::zones(it));
            zones.flatten().collect()
        }
    }
}

/// Says which names CoreDNS denies since they are not among the hosts.
fn denied(
    block: &Block<'_>,
    (zones, passed): (&[Name], &[Name]),
    is_named: bool,
    origin: &Origin,
    draft: &mut Draft,
) {
    let others = ["forward", "nomad", "file", "template"];
    let is_denied = |zone: &&Name| !passed.iter().any(|it| zone.is_within(it));
    let denied: Vec<Name> = zones.iter().filter(is_denied).copied().collect();
    if denied.is_empty() || !others.iter().any(|it| block.has(it)) {
        return;
    }
    let words = format!(
        "without `fallthrough` CoreDNS answers SERVFAIL for all names in {} that are not among the hosts; nomadns answers them from \
         Nomad, or forwards them",
        listed(&denied)
    );
    // Where the zones are named, the other plugins have the rest, and somebody wants these names to stay here.
    match is_named && denied.iter().any(|it| block.forwards(it)) {
        true => draft.lose(&origin.position, &origin.text, words),
        false => draft.note(&origin.position, &origin.text, words),
    }
}

/// A line as in `/etc/hosts`.
fn inline(line: &PluginLine<'_>, zones: &[Name], draft: &mut Draft) -> Result<(), CorefileError> {
    let expected = "an address and names, such as `10.0.0.5 db.example.org`";
    let address: IpAddr = line.name.text.parse().map_err(|_| line.wrong(expected))?;
    if line.values.is_empty() {
        return Err(line.wrong(expected));
    }
    for name in &line.values {
        let name: Name = name.parse().map_err(|_| line.wrong(expected))?;
        if zones.iter().any(|it| name.is_within(it)) {
            draft.add_host(name, &[address.to_string()], &line.origin);
        } else {
            let words = format!(
                "{} is left out, since CoreDNS does not answer it from here: it is not in {}",
                write::name(&name),
                listed(zones)
            );
            draft.note(&line.origin.position, &line.origin.text, words);
        }
    }
    Ok(())
}
