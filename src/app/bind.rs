//! Binds all sockets before anything starts: all of them or none. Also tells where the encrypted listeners are, for
//! clients that discover them (RFC 9462).

use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use super::binder::{BindError, Binder, FromSystemd, PortConflict};
use super::passed::{PassedSockets, kept_name};
use crate::answers::DesignatedResolver;
use crate::config::{ListenSection, Settings};

/// The sockets of all listeners.
#[derive(Debug)]
pub struct Bound {
    /// DNS over UDP: for each address the sockets of its workers.
    pub udp: Vec<Vec<UdpSocket>>,
    /// DNS over TCP.
    pub tcp: Vec<TcpListener>,
    /// DNS over TLS.
    pub tls: Vec<TcpListener>,
    /// HTTPS.
    pub https: Vec<TcpListener>,
    /// Plain HTTP.
    pub http: Vec<TcpListener>,
    /// The operator's pages.
    pub admin: Vec<TcpListener>,
    /// What systemd has to do with them.
    pub(super) passed: FromSystemd,
}

impl Bound {
    /// Binds all addresses, each with `udp_workers` sockets for UDP.
    ///
    /// # Errors
    /// The first address that cannot be bound; nothing stays bound then.
    pub fn bind(
        listen: &ListenSection,
        udp_workers: usize,
        taken: PortConflict,
    ) -> Result<Self, BindError> {
        Self::bind_or_take(listen, udp_workers, taken, PassedSockets::default())
    }

    /// Takes what systemd passes, and binds what is missing. Where a `.socket` unit has sockets for a key, they are used
    /// instead of its addresses.
    ///
    /// # Errors
    /// The first address that cannot be bound; nothing that was bound stays so then.
    pub fn bind_or_take(
        listen: &ListenSection,
        udp_workers: usize,
        taken: PortConflict,
        passed: PassedSockets,
    ) -> Result<Self, BindError> {
        let mut binder = Binder::new(passed, taken);
        let (udp, tcp) = binder.dns(&listen.dns, udp_workers)?;
        Ok(Self {
            udp,
            tcp,
            tls: binder.tcp("tls", &listen.tls)?,
            https: binder.tcp("https", &listen.https)?,
            http: binder.tcp("http", &listen.http)?,
            admin: binder.tcp("admin", &listen.admin)?,
            passed: binder.finish(),
        })
    }

    /// Those that systemd is to keep over a restart, with their names: all but those that a unit of it has.
    pub(super) fn to_keep(&self) -> Vec<(String, BorrowedFd<'_>)> {
        let mut all = Vec::new();
        for of_address in &self.udp {
            for (number, socket) in of_address.iter().enumerate() {
                let address = socket.local_addr();
                all.push(("dns", "udp", address, number, socket.as_fd()));
            }
        }
        for (key, listeners) in [
            ("dns", &self.tcp),
            ("tls", &self.tls),
            ("https", &self.https),
            ("http", &self.http),
            ("admin", &self.admin),
        ] {
            for socket in listeners {
                all.push((key, "tcp", socket.local_addr(), 0, socket.as_fd()));
            }
        }
        all.retain(|(key, ..)| !self.passed.unit_keys.contains(key));
        let named = all
            .into_iter()
            .filter_map(|(key, transport, address, number, socket)| {
                Some((kept_name(key, transport, address.ok()?, number), socket))
            });
        named.collect()
    }

    /// How many there are.
    pub(super) fn sockets(&self) -> usize {
        let listeners = [&self.tcp, &self.tls, &self.https, &self.http, &self.admin];
        let udp = self.udp.iter().map(Vec::len).sum::<usize>();
        listeners.map(Vec::len).iter().sum::<usize>() + udp
    }
}

/// The ports of the encrypted listeners that are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncryptedPorts {
    tls: Option<u16>,
    https: Option<u16>,
}

impl EncryptedPorts {
    pub(super) fn of(bound: &Bound) -> Self {
        Self {
            tls: port(&bound.tls),
            https: port(&bound.https),
        }
    }
}

/// What clients are told; none when no name is configured.
pub(super) fn designated_resolver(
    settings: &Settings,
    ports: EncryptedPorts,
) -> Option<DesignatedResolver> {
    let target = settings.designated_resolver?;
    let zones = &settings.zones;
    let template = settings.http.paths.message_template();
    Some(DesignatedResolver {
        target,
        tls_port: ports.tls,
        https: ports.https.zip(template),
        addresses: zones.server_addresses.clone(),
        ttl_seconds: zones.ttl_seconds,
        negative_ttl_seconds: zones.negative_ttl_seconds,
    })
}

/// The port of the first of them, which is the one that is told.
fn port(listeners: &[TcpListener]) -> Option<u16> {
    Some(listeners.first()?.local_addr().ok()?.port())
}
