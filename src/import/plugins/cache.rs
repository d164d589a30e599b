//! The plugin `cache`: answers of Nomad need none, and those of upstreams have one.

use super::super::draft::{Draft, Origin};
use super::super::error::CorefileError;
use super::super::keys;
use super::super::parse::Directive;
use super::{Block, PluginLine, duration, listed, whole_seconds};
use crate::dns::Name;

/// How long CoreDNS serves expired answers when nobody says so.
const USUAL_STALE_SECONDS: i64 = 3600;

/// The longest TTLs, each with the line that says it: `success` and `denial` win over the TTL of the first line.
struct LongestTtls {
    positive: Option<(i64, Origin)>,
    negative: Option<(i64, Origin)>,
}

/// Takes one `cache [TTL] [ZONE...]`.
pub(super) fn translate(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    if !block.has("forward") {
        let words = "answers of Nomad come from memory and are as current as the catalogue";
        draft.needs_nothing(&origin, words);
        return Ok(());
    }
    let texts = directive.texts();
    let ttl = texts.first().map(|it| it.parse::<i64>());
    let (ttl, named) = match ttl {
        Some(Ok(ttl)) if ttl > 0 => (Some(ttl), &texts[1..]),
        Some(Ok(_)) => return Err(directive.wrong("cache: the TTL cannot be zero or negative")),
        _ => (None, &texts[..]),
    };
    restricted(block, named, directive, draft)?;
    let whole = ttl.map(|ttl| (ttl, origin.clone()));
    let mut longest = LongestTtls {
        positive: whole.clone(),
        negative: whole,
    };
    for line in directive.each_line() {
        translate_line(&line, &mut longest, draft)?;
    }
    let ends = [&longest.positive, &longest.negative];
    if !ends.into_iter().flatten().any(|(_, it)| *it == origin) {
        let words = match ttl {
            Some(_) => "`success` and `denial` replace its TTL",
            None => "answers of upstreams are cached",
        };
        draft.needs_nothing(&origin, words);
    }
    if let Some((ttl, origin)) = longest.positive {
        draft.lowest("forwarding.most_ttl_seconds", ttl, &origin);
    }
    if let Some((ttl, origin)) = longest.negative {
        draft.lowest("forwarding.most_negative_ttl_seconds", ttl, &origin);
    }
    Ok(())
}

/// Says that the zones of a `cache` have no counterpart.
fn restricted(
    block: &Block<'_>,
    named: &[&str],
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let zones: Option<Vec<Vec<Name>>> = named.iter().map(|it| keys::zones(it)).collect();
    let expected = "cache: expected a TTL and zones, such as `cache 30 example.org`";
    let zones = zones.ok_or_else(|| directive.wrong(expected))?.concat();
    let has = |name: &Name| zones.iter().any(|it| name.is_within(it));
    if !zones.is_empty() && !block.zones().iter().all(has) {
        let words = format!(
            "CoreDNS caches only the names in {}; nomadns caches all that it forwards, and uses these TTLs for all of it",
            listed(&zones)
        );
        let origin = directive.origin();
        draft.lose(&origin.position, &origin.text, words);
    }
    Ok(())
}

fn translate_line(
    line: &PluginLine<'_>,
    longest: &mut LongestTtls,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let sizes = "a capacity, and a TTL in seconds if need be";
    match &*line.name.text {
        "success" | "denial" => {
            let place = match &*line.name.text {
                "success" => &mut longest.positive,
                _ => &mut longest.negative,
            };
            let numbers: Result<Vec<i64>, _> = line.values.iter().map(|it| it.parse()).collect();
            match numbers.map_err(|_| line.wrong(sizes))?[..] {
                [] => return Err(line.wrong(sizes)),
                [_] => draft.needs_nothing(&line.origin, "the cache is limited in octets: cache.forwarded_octets"),
                [_, ttl] => *place = Some((ttl, line.origin.clone())),
                [_, ttl, least, ..] => {
                    *place = Some((ttl, line.origin.clone()));
                    if least > 0 {
                        line.lose(draft, "nomadns keeps no answer longer than its TTL, so there is no least TTL");
                    }
                }
            }
        }
        "prefetch" => draft.needs_nothing(&line.origin, "names that are often queried are fetched again before they expire"),
        "serve_stale" => {
            let seconds = match line.values.first() {
                None => USUAL_STALE_SECONDS,
                Some(text) => whole_seconds(duration(text).ok_or_else(|| line.wrong("a duration such as 1h"))?),
            };
            draft.lowest("forwarding.serve_stale_seconds", seconds, &line.origin);
            if line.values.contains(&"immediate") {
                let words = "nomadns asks the upstreams first, and gives an expired answer when none has answered after 1.8 seconds";
                draft.note(&line.origin.position, &line.origin.text, words);
            }
        }
        "servfail" => {
            let text = line.value("a duration of at most 5m")?;
            let seconds = whole_seconds(duration(text).ok_or_else(|| line.wrong("a duration of at most 5m"))?);
            match seconds {
                0 => line.lose(draft, "nomadns keeps a failure for at least one second"),
                _ => draft.lowest("forwarding.failure_seconds", seconds, &line.origin),
            }
        }
        "disable" => line.lose(draft, "the cache of upstreams' answers is for all zones; cache.forwarded_octets = 0 turns it off"),
        "keepttl" => line.lose(draft, "TTLs count down in nomadns, so that no resolver behind it keeps an answer too long"),
        "prefer_positive" => draft.needs_nothing(&line.origin, "a denial never replaces an answer that is still valid"),
        _ => return Err(line.wrong("an option of cache, such as success, denial, prefetch or serve_stale")),
    }
    Ok(())
}
