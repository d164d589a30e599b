//! The plugin `cache`: answers of Nomad need none, and those of upstreams have one.

use super::super::draft::Draft;
use super::super::error::CorefileError;
use super::super::parse::Directive;
use super::{Block, PluginLine, duration, whole_seconds};

/// How long CoreDNS serves expired answers when nobody says so.
const USUAL_STALE_SECONDS: i64 = 3600;

/// Takes one `cache`.
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
    let ttl = directive.arguments.first().map(|it| it.text.parse::<i64>());
    match ttl {
        Some(Ok(ttl)) if ttl > 0 => {
            draft.lowest("forwarding.most_ttl_seconds", ttl, &origin);
            draft.lowest("forwarding.most_negative_ttl_seconds", ttl, &origin);
        }
        Some(Ok(_)) => return Err(directive.wrong("cache: the TTL cannot be zero or negative")),
        _ => draft.needs_nothing(&origin, "answers of upstreams are cached"),
    }
    for line in directive.each_line() {
        translate_line(&line, draft)?;
    }
    Ok(())
}

fn translate_line(line: &PluginLine<'_>, draft: &mut Draft) -> Result<(), CorefileError> {
    let sizes = "a capacity, and a TTL in seconds if need be";
    match &*line.name.text {
        "success" | "denial" => {
            let key = match &*line.name.text {
                "success" => "forwarding.most_ttl_seconds",
                _ => "forwarding.most_negative_ttl_seconds",
            };
            let numbers: Result<Vec<i64>, _> = line.values.iter().map(|it| it.parse()).collect();
            match numbers.map_err(|_| line.wrong(sizes))?[..] {
                [] => return Err(line.wrong(sizes)),
                [_] => draft.needs_nothing(&line.origin, "the cache is limited in octets: cache.forwarded_octets"),
                [_, ttl] => draft.lowest(key, ttl, &line.origin),
                [_, ttl, least, ..] => {
                    draft.lowest(key, ttl, &line.origin);
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
