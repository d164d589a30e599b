//! Says where the encrypted listeners are, for clients that look for them (RFC 9462).

use std::net::TcpListener;

use super::Bound;
use crate::answers::DesignatedResolver;
use crate::config::Settings;

/// What clients are told; none when no name is configured.
pub(super) fn resolver(settings: &Settings, bound: &Bound) -> Option<DesignatedResolver> {
    let target = settings.designated_resolver?;
    let zones = &settings.zones;
    let template = settings.http.paths.message_template();
    Some(DesignatedResolver {
        target,
        tls_port: port(&bound.tls),
        https: port(&bound.https).zip(template),
        addresses: zones.server_addresses.clone(),
        ttl_seconds: zones.ttl_seconds,
        negative_ttl_seconds: zones.negative_ttl_seconds,
    })
}

/// The port of the first of them, which is the one that is told.
fn port(listeners: &[TcpListener]) -> Option<u16> {
    Some(listeners.first()?.local_addr().ok()?.port())
}
