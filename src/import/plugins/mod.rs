//! What each plugin becomes, a file for each subject.
//!
//! Floor 7. The order in a Corefile means nothing, except among lines of one plugin: what comes first of two plugins in one
//! block is in CoreDNS's plugin.cfg, where `forward` stands before `nomad`.

mod access;
mod cache;
mod forward;
mod forwarded;
mod hosts;
mod listen;
mod nomad;
mod others;
mod query_log;
mod template;
mod upstreams;
mod watching;

use std::time::Duration;

use super::draft::{Draft, Origin};
use super::error::{CorefileError, shown};
use super::keys::{self, ServerKey};
use super::parse::{Directive, ServerBlock};
use super::tokens::Word;
use super::write;
use crate::dns::Name;

/// A server block with its keys read.
struct Block<'a> {
    keys: Vec<ServerKey>,
    directives: &'a [Directive],
}

/// Makes a draft of all blocks.
///
/// # Errors
/// What CoreDNS refuses too: keys that are none, and arguments that a plugin does not take.
pub(super) fn translate(
    blocks: &[ServerBlock],
    dns_port: u16,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let mut read = Vec::new();
    for block in blocks {
        let keys = block.keys.iter().map(|it| ServerKey::read(it, dns_port));
        read.push(Block {
            keys: keys.collect::<Result<_, _>>()?,
            directives: &block.directives,
        });
    }
    for block in &read {
        listen::listeners(block, draft)?;
        for directive in block.directives {
            translate_one(block, directive, draft)?;
        }
    }
    access::clients(&read, draft)?;
    query_log::of_all(&read, draft)?;
    nomad::zones_of_all(&read, draft);
    listen::of_all(draft);
    forwarded::of_all(&read, draft);
    Ok(())
}

fn translate_one(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    match &*directive.name.text {
        "nomad" => nomad::translate(block, directive, draft),
        "forward" => forward::translate(block, directive, draft),
        "cache" => cache::translate(block, directive, draft),
        "hosts" => hosts::translate(block, directive, draft),
        "template" => template::translate(directive, draft),
        "tls" => listen::tls(block, directive, draft),
        "prometheus" | "health" | "ready" => watching::admin(directive, draft),
        "errors" | "debug" => watching::logs(directive, draft),
        "reload" => others::reload(directive, draft),
        "bufsize" | "nsid" => others::with_value(directive, draft),
        // All blocks together: `access` and `query_log`; and with the keys: `listen`.
        "acl" | "bind" | "root" | "log" | "dnstap" => Ok(()),
        _ => others::translate(directive, draft),
    }
}

impl Block<'_> {
    fn has(&self, plugin: &str) -> bool {
        self.find(plugin).is_some()
    }

    fn find(&self, plugin: &str) -> Option<&Directive> {
        self.directives.iter().find(|it| it.name.text == plugin)
    }

    /// The zones of all keys.
    fn zones(&self) -> Vec<Name> {
        let mut zones: Vec<Name> = Vec::new();
        for zone in self.keys.iter().flat_map(|it| &it.zones) {
            if !zones.contains(zone) {
                zones.push(*zone);
            }
        }
        zones
    }

    /// Whether a `forward` of the block takes all names of a zone.
    fn forwards(&self, zone: &Name) -> bool {
        let all = self.directives.iter();
        let froms = all
            .filter(|it| it.name.text == "forward")
            .filter_map(|it| keys::zones(&it.arguments.first()?.text));
        froms.flatten().any(|from| zone.is_within(&from))
    }

    /// A path, from the folder that the plugin `root` names.
    fn path(&self, path: &str) -> String {
        let root = self.find("root").and_then(|it| it.arguments.first());
        match root {
            Some(root) if !path.starts_with('/') => {
                format!("{}/{path}", root.text.trim_end_matches('/'))
            }
            _ => path.to_owned(),
        }
    }
}

impl Directive {
    /// The line that the plugin begins with.
    fn origin(&self) -> Origin {
        let words: Vec<&Word> = std::iter::once(&self.name).chain(&self.arguments).collect();
        line_origin(&words, &self.name)
    }

    fn wrong(&self, problem: impl Into<String>) -> CorefileError {
        CorefileError::new(&self.name.position, problem)
    }

    /// The texts of the arguments.
    fn texts(&self) -> Vec<&str> {
        self.arguments.iter().map(|it| &*it.text).collect()
    }
}

/// The origin of words, of which `first` is one.
fn line_origin(words: &[&Word], first: &Word) -> Origin {
    Origin::of(words).unwrap_or_else(|| Origin {
        position: first.position.clone(),
        text: shown(&first.text),
    })
}

/// A line in the block of a plugin.
struct PluginLine<'a> {
    plugin: &'a str,
    name: &'a Word,
    values: Vec<&'a str>,
    origin: Origin,
}

impl Directive {
    /// The lines of the block.
    fn each_line(&self) -> impl Iterator<Item = PluginLine<'_>> {
        self.lines.iter().filter_map(|words| {
            let name = words.first()?;
            let all: Vec<&Word> = words.iter().collect();
            Some(PluginLine {
                plugin: &self.name.text,
                name,
                values: words[1..].iter().map(|it| &*it.text).collect(),
                origin: line_origin(&all, name),
            })
        })
    }
}

impl PluginLine<'_> {
    fn wrong(&self, expected: &str) -> CorefileError {
        let read = match self.plugin {
            "nomad" => nomad::shown_line(self.name, &self.values),
            _ => format!("`{}`", self.origin.text),
        };
        let problem = format!("{}: read {read}, expected {expected}", self.plugin);
        CorefileError::new(&self.name.position, problem)
    }

    /// The only value.
    fn value(&self, expected: &str) -> Result<&str, CorefileError> {
        match &self.values[..] {
            [value] => Ok(value),
            _ => Err(self.wrong(expected)),
        }
    }

    /// What stands there without values, which may be secrets.
    fn shown_name(&self) -> String {
        format!("{} {}", self.plugin, self.name.text)
    }

    /// Says that it has no counterpart.
    fn lose(&self, draft: &mut Draft, words: &str) {
        draft.lose(&self.name.position, &self.shown_name(), words);
    }
}

/// A duration as Go writes it, such as `5s`, `1h30m` or `0`.
fn duration(text: &str) -> Option<Duration> {
    if text.trim_start_matches('0').is_empty() && !text.is_empty() {
        return Some(Duration::ZERO);
    }
    let is_plain = text.bytes().all(|it| it.is_ascii_alphanumeric());
    // humantime has months and years too, which Go has not.
    let is_long = text.contains(['d', 'w', 'y', 'M']);
    (is_plain && !is_long)
        .then(|| humantime::parse_duration(text).ok())
        .flatten()
}

/// Whole seconds of a duration, rounded up.
fn whole_seconds(duration: Duration) -> i64 {
    let more = u64::from(duration.subsec_nanos() > 0);
    i64::try_from(duration.as_secs() + more).unwrap_or(i64::MAX)
}

/// Zones, as they are told.
fn listed(zones: &[Name]) -> String {
    let names: Vec<String> = zones.iter().map(write::name).collect();
    names.join(", ")
}
