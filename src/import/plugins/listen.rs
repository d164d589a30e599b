//! Where the server blocks listen: their keys with `bind`, and the certificate of `tls`.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::super::draft::{Draft, ListenerDraft, Origin};
use super::super::error::CorefileError;
use super::super::keys::ServerScheme;
use super::super::parse::Directive;
use super::Block;

/// All addresses of both families.
pub(super) const EVERYWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// Adds the listeners of one block.
pub(super) fn listeners(block: &Block<'_>, draft: &mut Draft) -> Result<(), CorefileError> {
    let (bound, bind_origins) = bound(block, draft)?;
    for key in &block.keys {
        let origin = Origin {
            position: key.word.position.clone(),
            text: super::shown(&key.word.text),
        };
        let list = match key.scheme {
            ServerScheme::Dns => "listen.dns",
            ServerScheme::Tls => "listen.tls",
            ServerScheme::Https => "listen.https",
            ServerScheme::Other(scheme) => {
                let words = format!(
                    "nomadns does not listen for {scheme}; clients can use tls:// or https://, or a proxy in front of it"
                );
                draft.lose(&origin.position, &origin.text, words);
                continue;
            }
        };
        for ip in &bound {
            let origins = std::iter::once(&origin).chain(&bind_origins);
            draft.listeners.push(ListenerDraft {
                key: list,
                address: SocketAddr::new(*ip, key.port),
                origins: origins.cloned().collect(),
            });
        }
        let concrete = bound
            .iter()
            .filter(|it| !it.is_unspecified() && !it.is_loopback());
        let concrete: Vec<String> = concrete.map(IpAddr::to_string).collect();
        if !concrete.is_empty() && bound.iter().any(IpAddr::is_loopback) {
            draft.add("name_server_addresses", &concrete, &origin);
        }
    }
    Ok(())
}

/// Writes the listeners of all blocks: an address that one for all addresses includes could not be bound beside it.
pub(super) fn of_all(draft: &mut Draft) {
    let listeners = std::mem::take(&mut draft.listeners);
    let everywhere: HashSet<(&str, SocketAddr)> = listeners
        .iter()
        .filter(|it| it.address.ip().is_unspecified())
        .map(|it| (it.key, it.address))
        .collect();
    for listener in &listeners {
        let (key, address) = (listener.key, listener.address);
        let whole = SocketAddr::new(EVERYWHERE[usize::from(address.is_ipv6())], address.port());
        let is_included = whole != address && everywhere.contains(&(key, whole));
        let values = match is_included {
            true => Vec::new(),
            false => vec![address.to_string()],
        };
        for origin in &listener.origins {
            draft.add(key, &values, origin);
        }
        if let Some(origin) = listener.origins.last().filter(|_| is_included) {
            let words = format!(
                "{key} does not list {address}, since {whole} includes it; what was for {address} only is answered at all addresses"
            );
            draft.note(&origin.position, &origin.text, words);
        }
    }
}

/// The addresses of `bind`, and the lines that have them.
fn bound(
    block: &Block<'_>,
    draft: &mut Draft,
) -> Result<(Vec<IpAddr>, Vec<Origin>), CorefileError> {
    let (mut bound, mut origins) = (Vec::new(), Vec::new());
    for directive in block.directives.iter().filter(|it| it.name.text == "bind") {
        if directive.arguments.is_empty() {
            return Err(directive.wrong("bind: expected addresses, such as `bind 127.0.0.1`"));
        }
        for word in &directive.arguments {
            match word.text.parse() {
                Ok(ip) => bound.push(ip),
                Err(_) => {
                    let words = "nomadns listens on addresses, not on interfaces; write the addresses of the interface into [listen]";
                    draft.lose(&word.position, &format!("bind {}", word.text), words);
                }
            }
        }
        for line in directive.each_line() {
            line.lose(draft, "nomadns listens on addresses, not on interfaces; write those that you want into [listen]");
        }
        origins.push(directive.origin());
    }
    if bound.is_empty() {
        // An interface that cannot be named is not a reason to listen everywhere.
        match origins.is_empty() {
            true => bound.extend(EVERYWHERE),
            false => bound.push(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        }
    }
    Ok((bound, origins))
}

/// Takes one `tls CERT KEY [CA]`.
pub(super) fn tls(
    block: &Block<'_>,
    directive: &Directive,
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let texts = directive.texts();
    let client_auth = directive
        .each_line()
        .find(|it| it.name.text == "client_auth");
    let wants_clients = client_auth
        .as_ref()
        .and_then(|it| it.values.first().copied());
    match &texts[..] {
        ["acme", ..] | [] => {
            let words = "nomadns gets no certificates by itself; let an ACME client write them, and name the files in [tls]: they are \
                         read again when they change";
            draft.lose(&origin.position, "tls", words);
            return Ok(());
        }
        [certificate, key, rest @ ..] if rest.len() < 2 => {
            draft.set("tls.certificate", block.path(certificate), &origin);
            draft.set("tls.key", block.path(key), &origin);
            if let (Some(ca), Some("require_and_verify")) = (rest.first(), wants_clients) {
                draft.set("tls.client_ca_file", block.path(ca), &origin);
            }
        }
        _ => {
            return Err(directive.wrong(
                "tls: expected a certificate, a key and a CA, such as `tls cert.pem key.pem`",
            ));
        }
    }
    for line in directive.each_line() {
        match (&*line.name.text, &line.values[..]) {
            ("client_auth", ["nocert" | "require_and_verify"]) => {}
            ("client_auth", [_]) => {
                line.lose(draft, "nomadns asks all clients for a valid certificate (tls.client_ca_file), or none");
            }
            ("keylog", _) => line.lose(draft, "nomadns writes no TLS secrets"),
            ("client_auth", _) => return Err(line.wrong("one word, such as require_and_verify")),
            _ => return Err(line.wrong("client_auth")),
        }
    }
    let has_tls = block.keys.iter().any(|it| it.scheme != ServerScheme::Dns);
    if !has_tls {
        draft.note(
            &origin.position,
            &origin.text,
            "the block has no key with tls:// or https://",
        );
    }
    Ok(())
}
