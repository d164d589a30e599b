//! Plugins that need nothing here, and those that have no counterpart, each with the reason.

use super::super::draft::Draft;
use super::super::error::CorefileError;
use super::super::parse::Directive;
use super::{duration, whole_seconds};

/// What nomadns does by itself.
const NEEDLESS: [(&str, &str); 10] = [
    ("any", "ANY gets one small set of records (RFC 8482)"),
    ("cancel", "queries end after limits.query_timeout_ms"),
    ("loop", "nomadns looks for forwarding loops itself"),
    (
        "local",
        "localhost is answered here whenever names are forwarded",
    ),
    ("metadata", "there is nothing that would use it"),
    ("minimal", "answers have only the records that clients need"),
    (
        "multisocket",
        "nomadns has a UDP socket for each core: limits.udp_workers",
    ),
    (
        "shed",
        "what is too much is refused by itself: docs/limits.md",
    ),
    ("timeouts", "docs/limits.md has the timeouts"),
    ("quic", "it only sets limits of DNS over QUIC"),
];

const FILES: &str =
    "nomadns has no zone files; forward the zone to the server that has it, with a [[forward]]";
const CLOUD: &str =
    "nomadns reads no cloud provider; forward the zone to its resolver, with a [[forward]]";
const KUBERNETES: &str =
    "nomadns reads Nomad only; forward the zone to the cluster's DNS, with a [[forward]]";
const SIGNING: &str = "nomadns does not sign its answers";

/// What has no counterpart, and what to do instead.
const LOST: [(&str, &str); 33] = [
    ("auto", FILES),
    (
        "autopath",
        "nomadns does not search domains; let clients do it (`search` in resolv.conf)",
    ),
    ("azure", CLOUD),
    (
        "chaos",
        "nomadns does not tell its version over DNS; `nsid` can identify it",
    ),
    ("clouddns", CLOUD),
    (
        "dns64",
        "nomadns makes no IPv6 addresses; forward to a resolver that does (`dns64`)",
    ),
    ("dnssec", SIGNING),
    ("erratic", "it is for tests only"),
    (
        "etcd",
        "nomadns reads Nomad only; register the services there, or forward the zone to the server that has it",
    ),
    ("file", FILES),
    ("geoip", "nomadns knows nothing of where clients are"),
    (
        "grpc",
        "nomadns asks upstreams over UDP, TCP, TLS, HTTPS and QUIC; use [[forward]]",
    ),
    ("grpc_server", "nomadns does not listen for gRPC"),
    ("header", "nomadns sets the flags of answers itself"),
    ("https", "limits of HTTPS are in [limits]: docs/limits.md"),
    ("https3", "nomadns does not listen for HTTP/3"),
    ("k8s_external", KUBERNETES),
    ("kubernetes", KUBERNETES),
    ("on", "nomadns runs no commands"),
    ("pprof", "nomadns has no profiling page"),
    (
        "proxyproto",
        "list the proxies in clients.trusted_proxies, and \"tcp\" in clients.proxy_protocol",
    ),
    (
        "rewrite",
        "nomadns rewrites no names; add a second zone to `zones`, or an alias (docs/names.md)",
    ),
    ("route53", CLOUD),
    ("secondary", FILES),
    ("sign", SIGNING),
    ("trace", "nomadns sends no traces"),
    (
        "transfer",
        "say who may copy the zones in transfer.allow, and who is told of changes in [[transfer.notify]]: docs/transfer.md",
    ),
    (
        "tsig",
        "write its keys into [[transfer.keys]]: docs/tsig.md",
    ),
    ("unbound", "use [[forward]] with a resolver"),
    (
        "view",
        "nomadns answers all clients alike; run a second gateway for the others",
    ),
    ("whoami", "nomadns does not tell clients their address"),
    (
        "alternate",
        "nomadns asks other upstreams only when one fails",
    ),
    (
        "fanout",
        "nomadns asks a second upstream when the first is slow: [[forward]]",
    ),
];

/// Takes a plugin without a file of its own.
pub(super) fn translate(directive: &Directive, draft: &mut Draft) -> Result<(), CorefileError> {
    let name = &*directive.name.text;
    let words_in = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, words)| *words)
    };
    if name == "loadbalance" {
        load_balance(directive, draft);
    } else if let Some(words) = words_in(&NEEDLESS) {
        draft.needs_nothing(&directive.origin(), words);
    } else {
        let words = words_in(&LOST).unwrap_or("nomadns has nothing for this plugin");
        draft.lose(&directive.name.position, name, words);
    }
    Ok(())
}

fn load_balance(directive: &Directive, draft: &mut Draft) {
    match directive.texts().first() {
        None | Some(&"round_robin") => {
            draft.needs_nothing(
                &directive.origin(),
                "each answer begins with another record",
            );
        }
        Some(_) => {
            let words = "nomadns gives all instances alike, each answer beginning with another one";
            draft.lose(&directive.name.position, "loadbalance", words);
        }
    }
}

/// How often CoreDNS looks for a change of the Corefile when nobody says so.
const USUAL_RELOAD: &str = "30s";

/// Takes `reload [INTERVAL] [JITTER]`.
pub(super) fn reload(directive: &Directive, draft: &mut Draft) -> Result<(), CorefileError> {
    let text = directive.texts().first().copied().unwrap_or(USUAL_RELOAD);
    let every = duration(text)
        .ok_or_else(|| directive.wrong("reload: expected a duration, such as `reload 30s`"))?;
    let seconds = whole_seconds(every);
    draft.lowest("reload_check_seconds", seconds, &directive.origin());
    Ok(())
}

/// Takes a plugin that is one value: `bufsize` and `nsid`.
pub(super) fn with_value(directive: &Directive, draft: &mut Draft) -> Result<(), CorefileError> {
    let (origin, texts) = (directive.origin(), directive.texts());
    if directive.name.text == "nsid" {
        match texts.is_empty() {
            true => draft.lose(
                &origin.position,
                "nsid",
                "set `nsid` to the name of this host",
            ),
            false => draft.set("nsid", texts.join(" "), &origin),
        }
        return Ok(());
    }
    let size = texts.first().map_or(Ok(1232), |it| it.parse::<i64>());
    let size = size.ok().filter(|it| (512..=4096).contains(it));
    let size =
        size.ok_or_else(|| directive.wrong("bufsize: expected a number from 512 to 4096"))?;
    draft.lowest("limits.udp_answer_octets", size, &origin);
    Ok(())
}
