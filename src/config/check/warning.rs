//! Warnings about settings that are allowed but likely a mistake: `check` prints them, and `serve` logs them at the
//! start.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use super::validity::{Judged, judge};
use super::{Checker, Settings};
use crate::config::File;
use crate::nomad::{NomadAddress, Verification};

/// What is no mistake but may surprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key to change, with its section.
    pub key: String,
    /// What may surprise, and what to do about it.
    pub words: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.words)
    }
}

impl Checker<'_> {
    /// Looks through settings that are good.
    pub(super) fn warnings(&self, file: &File, settings: &Settings) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |key: &str, words: &str| {
            let (key, words) = (key.to_owned(), words.to_owned());
            warnings.push(Warning { key, words });
        };
        for (key, words) in self.source.notes() {
            warn(key, words);
        }
        of_listeners(file, settings, &mut warn);
        of_nomad(file, settings, &mut warn);
        of_certificates(settings, &mut warn);
        super::forward::of_forwarding(file, settings, &mut warn);
        super::hosts::of_hosts(settings, &mut warn);
        super::query_log::of_query_log(settings, &mut warn);
        super::transfer::of_transfer(file, settings, &mut warn);
        super::transfer_keys::of_keys(file, settings, &mut warn);
        super::notify::of_notified(settings, &mut warn);
        warnings
    }
}

type Warn<'warn> = dyn FnMut(&str, &str) + 'warn;

fn of_listeners(file: &File, settings: &Settings, warn: &mut Warn<'_>) {
    let listen = &file.listen;
    let is_open = listen.dns.iter().any(|it| it.ip().is_unspecified());
    let addresses = &settings.zones.server_addresses;
    let is_elsewhere_only = is_open && addresses.iter().all(IpAddr::is_loopback);
    if addresses.is_empty() || file.name_server_addresses.is_empty() && is_elsewhere_only {
        let listens = match listen.dns.is_empty() {
            true => "listen.dns is empty",
            false => "listen.dns is a wildcard address",
        };
        let words = format!(
            "{listens}, so ns.ZONE has no address that others can reach, and resolvers that query it fail; list the addresses that \
             clients use for this gateway, such as [\"10.0.0.5\"]"
        );
        warn("name_server_addresses", &words);
    }
    let queries = [&listen.dns, &listen.tls, &listen.https, &listen.http];
    if queries.iter().all(|addresses| addresses.is_empty()) {
        warn(
            "listen",
            "no query is answered: only listen.admin is not empty",
        );
    }
    if settings.certificate.is_some() && listen.tls.is_empty() && listen.https.is_empty() {
        warn(
            "tls.certificate",
            "is not used: listen.tls and listen.https are empty",
        );
    }
    // RFC 6750 §5.3 and RFC 7617 §4 want TLS; a reverse proxy on the same machine may be it.
    let open = listen.http.iter().find(|it| !it.ip().is_loopback());
    if let (Some(address), false) = (open, settings.credentials.is_empty()) {
        let words = format!(
            "tokens and passwords are sent to {address} in clear text; use listen.https, or loopback behind a proxy with TLS"
        );
        warn("listen.http", &words);
    }
}

fn of_nomad(file: &File, settings: &Settings, warn: &mut Warn<'_>) {
    let (section, nomad) = (&file.nomad, &settings.nomad);
    if section.stale_after_seconds >= section.max_stale_seconds {
        let words =
            "is not below nomad.max_stale_seconds: answers end before they are marked as stale";
        warn("nomad.stale_after_seconds", words);
    }
    let folder = &section.state_dir;
    if !folder.is_empty() && !Path::new(folder).is_dir() {
        let words = "does not exist, so no snapshot is kept: create the folder, writable for the user of the gateway";
        warn("nomad.state_dir", words);
    }
    let is_https = nomad.addresses.iter().any(NomadAddress::is_https);
    if is_https && nomad.tls.verification == Verification::Skipped {
        let words = "Nomad's certificate is NOT checked: anyone in between can read the token and forge answers; name \
                     its CA in nomad.ca_file instead";
        warn("nomad.skip_verify", words);
    }
    let unused = [
        ("nomad.ca_file", &section.ca_file),
        ("nomad.ca_path", &section.ca_path),
        ("nomad.client_certificate", &section.client_certificate),
        ("nomad.tls_server_name", &section.tls_server_name),
    ];
    for (key, _) in unused
        .into_iter()
        .filter(|(_, value)| !is_https && !value.is_empty())
    {
        warn(
            key,
            "is not used: no address in nomad.addresses begins with https://",
        );
    }
}

fn of_certificates(settings: &Settings, warn: &mut Warn<'_>) {
    let now = SystemTime::now();
    let own = settings.certificate.as_ref().map(|it| &*it.content.0);
    let clients = settings.client_ca.as_ref().map(|it| &*it.content);
    let (ca, certificate) = (&settings.nomad.tls.ca, &settings.nomad.tls.certificate);
    for (key, pem, judged) in [
        ("tls.certificate", own, Judged::First),
        ("tls.client_ca_file", clients, Judged::Best),
        ("nomad.ca_file", ca.as_deref(), Judged::Best),
        (
            "nomad.client_certificate",
            certificate.as_deref(),
            Judged::First,
        ),
    ] {
        if let Some(words) = pem.and_then(|pem| judge(pem, judged, now)) {
            warn(key, &words);
        }
    }
}
