//! The plugin `forward`: which zone, which upstreams, in which order.

use super::super::draft::{Draft, ExceptDraft, ForwardDraft, Origin};
use super::super::error::{CorefileError, shown, shown_word};
use super::super::keys;
use super::super::parse::Directive;
use super::super::write;
use super::upstreams::upstream;
use super::{Block, PluginLine, listed};
use crate::dns::Name;
use crate::forward::MOST_UPSTREAMS;

/// What nomadns finds out by itself.
const TUNING: [&str; 9] = [
    "health_check",
    "max_fails",
    "expire",
    "max_idle_conns",
    "max_age",
    "max_connect_attempts",
    "read_timeout",
    "failfast_all_unhealthy_upstreams",
    "doh_method",
];

/// What the lines of one `forward` say.
#[derive(Default)]
struct ForwardLines {
    server_name: Option<String>,
    policy: Option<&'static str>,
    uses_tcp: bool,
}

/// Takes one `forward`.
pub(super) fn translate(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let [from, to @ ..] = &directive.arguments[..] else {
        return Err(
            directive.wrong("forward: expected a zone and upstreams, such as `forward . 1.1.1.1`")
        );
    };
    let Some(from) = keys::zones(&from.text) else {
        let problem = format!(
            "forward: read {:?}, expected a zone such as `.`",
            shown(&from.text)
        );
        return Err(directive.wrong(problem));
    };
    let mut lines = ForwardLines::default();
    let mut to: Vec<String> = to.iter().map(|it| it.text.clone()).collect();
    for line in directive.each_line() {
        if line.name.text == "to" {
            to.extend(line.values.iter().map(|it| (*it).to_owned()));
        } else {
            translate_line(&line, &origin, &mut lines, draft)?;
        }
    }
    if to.is_empty() {
        return Err(directive.wrong("forward: expected an upstream, such as `forward . 1.1.1.1`"));
    }
    let mut upstreams = Vec::new();
    for text in &to {
        match upstream(text, lines.server_name.as_deref(), lines.uses_tcp) {
            Ok(upstream) => upstreams.push(upstream),
            Err(words) => {
                let what = format!("forward to {}", shown_word(text));
                draft.lose(&origin.position, &what, words);
            }
        }
    }
    if upstreams.len() > MOST_UPSTREAMS {
        let words =
            format!("a zone has at most {MOST_UPSTREAMS} upstreams; the others are left out");
        draft.lose(&origin.position, "forward", words);
        upstreams.truncate(MOST_UPSTREAMS);
    }
    if upstreams.is_empty() {
        return Ok(());
    }
    for zone in reached(block, &from, &origin, draft) {
        add(zone, &upstreams, lines.policy, &origin, draft);
    }
    Ok(())
}

/// The zones that queries of this block are forwarded for: `from`, as far as the block is for it.
fn reached(block: &Block<'_>, from: &[Name], origin: &Origin, draft: &mut Draft) -> Vec<Name> {
    let zones = block.zones();
    let mut reached = Vec::new();
    for from in from {
        for zone in &zones {
            let narrower = match (from.is_within(zone), zone.is_within(from)) {
                (true, _) => *from,
                (_, true) => *zone,
                _ => continue,
            };
            if !reached.contains(&narrower) {
                reached.push(narrower);
            }
        }
    }
    if reached.is_empty() {
        let words = format!(
            "no query for {} reaches this block, whose zones are {}; it is left out",
            listed(from),
            listed(&zones)
        );
        draft.note(&origin.position, &origin.text, words);
    }
    reached
}

fn add(
    zone: Name,
    upstreams: &[String],
    policy: Option<&'static str>,
    origin: &Origin,
    draft: &mut Draft,
) {
    if let Some(known) = draft.forwards.iter().find(|it| it.zone == zone) {
        if known.upstreams != upstreams || known.policy != policy {
            let words = format!(
                "{} is forwarded to others already ({}), and nomadns forwards a zone the same way on all listeners; choose one",
                write::name(&zone),
                known.origin.position
            );
            draft.lose(&origin.position, &origin.text, words);
        }
        return;
    }
    draft.forwards.push(ForwardDraft {
        zone,
        upstreams: upstreams.to_vec(),
        policy,
        origin: origin.clone(),
    });
}

fn translate_line(
    line: &PluginLine<'_>,
    origin: &Origin,
    lines: &mut ForwardLines,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    match &*line.name.text {
        "tls_servername" => lines.server_name = Some(line.value("one name")?.to_owned()),
        "policy" => {
            lines.policy = Some(match line.value("random, round_robin or sequential")? {
                "random" => "random",
                "sequential" => "sequential",
                "round_robin" => {
                    draft.needs_nothing(
                        &line.origin,
                        "`policy = \"random\"` spreads queries as evenly",
                    );
                    "random"
                }
                _ => return Err(line.wrong("random, round_robin or sequential")),
            });
        }
        "force_tcp" => lines.uses_tcp = true,
        "prefer_udp" => draft.needs_nothing(&line.origin, "UDP is used first"),
        "except" => except(line, origin, draft),
        "tls" => match &line.values[..] {
            [] => {}
            [ca] => draft.set("forwarding.ca_file", *ca, &line.origin),
            _ => line.lose(
                draft,
                "nomadns has no client certificates for upstreams; use an upstream that needs none",
            ),
        },
        "max_concurrent" => {
            let number = line.value("a number")?.parse::<i64>();
            let number = number.map_err(|_| line.wrong("a number"))?;
            draft.lowest("limits.forwarded_questions", number, &line.origin);
        }
        "next" | "failover" => next(line, draft),
        "next_on_nodata" | "dnssec" => {
            line.lose(draft, "nomadns takes an empty answer as an answer")
        }
        other if TUNING.contains(&other) => {
            let words = "nomadns finds out by itself which upstreams answer, and keeps connections as long as they are used";
            draft.needs_nothing(&line.origin, words);
        }
        _ => return Err(line.wrong("an option of forward, such as policy, force_tcp or except")),
    }
    Ok(())
}

/// Answers after which the next upstream is asked.
fn next(line: &PluginLine<'_>, draft: &mut Draft) {
    let is_asked_on = |it: &&str| {
        matches!(
            &*it.to_uppercase(),
            "SERVFAIL" | "REFUSED" | "NOTIMP" | "FORMERR"
        )
    };
    match line.values.iter().all(is_asked_on) {
        true => draft.needs_nothing(&line.origin, "the next upstream is asked by itself"),
        false => {
            let words = "nomadns takes NXDOMAIN and an empty answer as answers, and asks no other upstream then";
            line.lose(draft, words);
        }
    }
}

/// The zones that CoreDNS does not forward; which of them nomadns would, `forwarded` says when all blocks are read.
fn except(line: &PluginLine<'_>, forward: &Origin, draft: &mut Draft) {
    let zones: Option<Vec<Vec<Name>>> = line.values.iter().map(|it| keys::zones(it)).collect();
    match zones {
        Some(zones) => draft.excepts.push(ExceptDraft {
            zones: zones.concat(),
            forward: forward.clone(),
            origin: line.origin.clone(),
        }),
        None => line.lose(
            draft,
            "not all of its values are zones, such as corp.example",
        ),
    }
}
