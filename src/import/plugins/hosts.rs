//! The plugin `hosts`: a file, and names with addresses in the Corefile itself.

use std::net::IpAddr;

use super::super::draft::Draft;
use super::super::error::CorefileError;
use super::super::parse::Directive;
use super::{Block, PluginLine, duration, whole_seconds};
use crate::dns::Name;

/// Where hosts are when nobody says so.
const USUAL_FILE: &str = "/etc/hosts";

/// Takes one `hosts`.
pub(super) fn translate(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let file = directive.texts().first().copied().unwrap_or(USUAL_FILE);
    draft.set("hosts_file", block.path(file), &origin);
    let mut falls_through = false;
    for line in directive.each_line() {
        match &*line.name.text {
            "fallthrough" | "fallthrough_unsupported" => {
                falls_through = true;
                draft.needs_nothing(
                    &line.origin,
                    "names that are not among the hosts are forwarded, or answered from Nomad",
                );
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
            _ => inline(&line, draft)?,
        }
    }
    let others = ["forward", "nomad", "file", "template"];
    if !falls_through && others.iter().any(|it| block.has(it)) {
        let words = "without `fallthrough` CoreDNS denies all other names of the block; nomadns answers or forwards them";
        draft.note(&origin.position, &origin.text, words);
    }
    Ok(())
}

/// A line as in `/etc/hosts`.
fn inline(line: &PluginLine<'_>, draft: &mut Draft) -> Result<(), CorefileError> {
    let expected = "an address and names, such as `10.0.0.5 db.example.org`";
    let address: IpAddr = line.name.text.parse().map_err(|_| line.wrong(expected))?;
    if line.values.is_empty() {
        return Err(line.wrong(expected));
    }
    for name in &line.values {
        let name: Name = name.parse().map_err(|_| line.wrong(expected))?;
        draft.add_host(name, &[address.to_string()], &line.origin);
    }
    Ok(())
}
