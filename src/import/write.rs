//! Prints a draft as TOML: each value below a comment with the lines that it comes from.
//!
//! Floor 7.

use std::fmt::Write as _;

use toml::Value;

use super::Imported;
use super::draft::{Draft, ForwardDraft, HostDraft, Origin, Remark};
use super::error::{is_unprintable, shown};

/// The sections, in the order of the example.
const SECTIONS: [&str; 13] = [
    "",
    "nomad",
    "listen",
    "tls",
    "http",
    "clients",
    "limits",
    "cache",
    "forwarding",
    "metrics",
    "log",
    "query_log",
    "transfer",
];
/// How many lines of one value are told; further ones are counted.
const MOST_ORIGINS: usize = 10;

/// The configuration, and what is to be said of it.
pub(super) fn imported(name: &str, draft: Draft) -> Imported {
    let mut out = String::new();
    line(
        &mut out,
        &format!("# Made by `nomadns import` from {}.", shown(name)),
    );
    line(
        &mut out,
        "# Above each value stands the line of the Corefile that it comes from.",
    );
    remarks(&mut out, "Lost, with the reason:", &draft.losses);
    remarks(&mut out, "To know:", &draft.notes);
    remarks(&mut out, "Nothing to set:", &draft.needless);
    for section in SECTIONS {
        let of_section = draft
            .settings
            .iter()
            .filter(|(key, _)| split(key).0 == section);
        for (place, (key, setting)) in of_section.enumerate() {
            line(&mut out, "");
            if place == 0 && !section.is_empty() {
                line(&mut out, &format!("[{section}]"));
            }
            origins(&mut out, &setting.origins);
            line(
                &mut out,
                &format!("{} = {}", split(key).1, value(&setting.value)),
            );
        }
    }
    draft.hosts.iter().for_each(|it| host(&mut out, it));
    draft.forwards.iter().for_each(|it| forward(&mut out, it));
    Imported {
        config: out,
        losses: draft.losses,
        notes: draft.notes,
    }
}

fn split(key: &'static str) -> (&'static str, &'static str) {
    key.split_once('.').unwrap_or(("", key))
}

fn line(out: &mut String, text: &str) {
    // A String takes everything.
    let _ = writeln!(out, "{text}");
}

fn remarks(out: &mut String, title: &str, remarks: &[Remark]) {
    if remarks.is_empty() {
        return;
    }
    line(out, "#");
    line(out, &format!("# {title}"));
    for remark in remarks {
        line(out, &format!("#   {remark}"));
    }
}

fn origins(out: &mut String, origins: &[Origin]) {
    for origin in origins.iter().take(MOST_ORIGINS) {
        line(out, &format!("# {}: {}", origin.position, origin.text));
    }
    if let Some(more) = origins.len().checked_sub(MOST_ORIGINS).filter(|it| *it > 0) {
        line(out, &format!("# and {more} more lines"));
    }
}

fn host(out: &mut String, host: &HostDraft) {
    line(out, "\n[[hosts]]");
    origins(out, &host.origins);
    line(out, &format!("name = {}", quoted(&name(&host.name))));
    line(out, &format!("addresses = {}", list(&host.addresses)));
}

fn forward(out: &mut String, forward: &ForwardDraft) {
    line(out, "\n[[forward]]");
    origins(out, std::slice::from_ref(&forward.origin));
    line(out, &format!("zone = {}", quoted(&name(&forward.zone))));
    line(out, &format!("upstreams = {}", list(&forward.upstreams)));
    if let Some(policy) = forward.policy {
        line(out, &format!("policy = {}", quoted(policy)));
    }
    if forward.zone.is_root() {
        line(
            out,
            "# CoreDNS passes private addresses on. Without this line nomadns does not: docs/forwarding.md.",
        );
        line(out, "private_addresses = true");
    }
}

/// A name as people write it.
pub(super) fn name(name: &crate::dns::Name) -> String {
    let text = name.to_string();
    match text.strip_suffix('.') {
        Some(short) if !short.is_empty() => short.to_owned(),
        _ => text,
    }
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|it| quoted(it)).collect();
    format!("[{}]", texts.join(", "))
}

/// A value on one line: what others wrote may have any characters, and must not look like lines of its own.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(self::value).collect();
            format!("[{}]", values.join(", "))
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            // All of these are below U+10000, so four digits are enough.
            _ if is_unprintable(letter) => quoted += &format!("\\u{:04X}", u32::from(letter)),
            _ => quoted.push(letter),
        }
    }
    quoted + "\""
}
