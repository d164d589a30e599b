//! What operators watch: `prometheus`, `health`, `ready`, `errors`, `debug`.

use std::net::{IpAddr, SocketAddr};

use super::super::draft::{Draft, ListenerDraft};
use super::super::error::{CorefileError, shown};
use super::super::parse::Directive;
use super::duration;
use super::listen::EVERYWHERE;

/// Takes a plugin with a page of its own: all pages of nomadns are on all addresses of `listen.admin`.
pub(super) fn admin(directive: &Directive, draft: &mut Draft) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let plugin = &*directive.name.text;
    let usual = match plugin {
        "prometheus" => "localhost:9153",
        "health" => ":8080",
        _ => ":8181",
    };
    let text = match &directive.texts()[..] {
        [] => usual,
        [address] => address,
        _ => {
            return Err(directive.wrong(format!(
                "{plugin}: expected one address, such as `{plugin} {usual}`"
            )));
        }
    };
    let Some(addresses) = addresses(text) else {
        let problem = format!(
            "{plugin}: read {:?}, expected an address with a port, such as {usual}",
            shown(text)
        );
        return Err(directive.wrong(problem));
    };
    if addresses.iter().any(|it| it.ip().is_unspecified()) {
        let words = "every address of listen.admin has all pages: /metrics, /health, /ready, the status page and /cache; let only \
                     those reach it who may see them";
        draft.note(&origin.position, &origin.text, words);
    }
    for address in addresses {
        draft.listeners.push(ListenerDraft {
            key: "listen.admin",
            address,
            origins: vec![origin.clone()],
        });
    }
    if plugin == "prometheus" {
        draft.add("metrics.names", &["coredns".to_owned()], &origin);
    }
    for line in directive.each_line() {
        match (plugin, &*line.name.text) {
            ("health", "lameduck") => {
                let expected = "a duration such as 5s";
                let time = duration(line.value(expected)?).ok_or_else(|| line.wrong(expected))?;
                let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
                draft.set("limits.lameduck_ms", ms, &line.origin);
            }
            ("ready", "monitor") => {
                draft.needs_nothing(
                    &line.origin,
                    "/ready says at each request whether nomadns is ready",
                );
            }
            _ => line.lose(draft, "nomadns has no such option"),
        }
    }
    Ok(())
}

/// `HOST:PORT`, `:PORT`, or a host name of this machine.
fn addresses(text: &str) -> Option<Vec<SocketAddr>> {
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let ips: Vec<IpAddr> = match host {
        "" => EVERYWHERE.to_vec(),
        "localhost" => vec!["127.0.0.1".parse().ok()?],
        _ => vec![host.parse().ok()?],
    };
    Some(
        ips.into_iter()
            .map(|ip| SocketAddr::new(ip, port))
            .collect(),
    )
}

/// Takes a plugin that writes a log.
pub(super) fn logs(directive: &Directive, draft: &mut Draft) -> Result<(), CorefileError> {
    let origin = directive.origin();
    match &*directive.name.text {
        "errors" => {
            draft.needs_nothing(&origin, "errors are always logged, to standard error");
            for line in directive.each_line() {
                let words = "equal lines are limited by log.repeats_per_minute";
                draft.needs_nothing(&line.origin, words);
            }
        }
        _ => draft.set("log.level", "debug", &origin),
    }
    Ok(())
}
