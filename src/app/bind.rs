//! Binds all sockets before anything starts: all of them or none. Also tells where the encrypted listeners are, for
//! clients that discover them (RFC 9462).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Socket, Type};

use crate::answers::DesignatedResolver;
use crate::config::{ListenSection, Settings};
use crate::listeners::udp;

/// How many connections the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;
/// How often a free port is looked for that both UDP and TCP can have.
const PORT_ATTEMPTS: usize = 32;

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
}

/// What is done about a port that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortConflict {
    /// It is an error.
    Fails,
    /// A free port is taken instead.
    Replaced,
}

/// An address that cannot be bound.
#[derive(Debug)]
pub struct BindError {
    key: &'static str,
    address: SocketAddr,
    error: io::Error,
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
        let dns = bind_dns(&listen.dns, udp_workers, taken)?;
        let (udp, tcp) = dns.into_iter().unzip();
        Ok(Self {
            udp,
            tcp,
            tls: bind_all("listen.tls", &listen.tls, taken)?,
            https: bind_all("listen.https", &listen.https, taken)?,
            http: bind_all("listen.http", &listen.http, taken)?,
            admin: bind_all("listen.admin", &listen.admin, taken)?,
        })
    }

    /// How many there are.
    pub(super) fn sockets(&self) -> usize {
        let listeners = [&self.tcp, &self.tls, &self.https, &self.http, &self.admin];
        let udp = self.udp.iter().map(Vec::len).sum::<usize>();
        listeners.map(Vec::len).iter().sum::<usize>() + udp
    }
}

impl std::error::Error for BindError {}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            address,
            error,
        } = self;
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "stop the program that listens there, or choose another address or port"
            }
            io::ErrorKind::AddrNotAvailable => {
                "it is not an address of this machine; use one that is, or 0.0.0.0 or [::] for all"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need CAP_NET_BIND_SERVICE; give the process that, or choose another port"
            }
            _ => "choose another address",
        };
        write!(f, "{key} = {address} cannot be bound: {error}; {advice}")
    }
}

type Dns = (Vec<UdpSocket>, TcpListener);

fn bind_dns(
    addresses: &[SocketAddr],
    workers: usize,
    taken: PortConflict,
) -> Result<Vec<Dns>, BindError> {
    let mut bound: Vec<Dns> = Vec::new();
    for &address in addresses {
        // The port that another address got already, so that all have the same where that can be.
        let chosen = bound.first().and_then(|(_, tcp)| tcp.local_addr().ok());
        let chosen = chosen.map_or(0, |chosen| chosen.port());
        let first = if address.port() == 0 {
            chosen
        } else {
            address.port()
        };
        let mut result = bind_pair((address.ip(), first).into(), workers);
        let may_differ = address.port() == 0 || taken == PortConflict::Replaced;
        for port in [chosen, 0] {
            if may_differ && is_taken(&result) {
                result = bind_pair((address.ip(), port).into(), workers);
            }
        }
        match result {
            Ok(pair) => bound.push(pair),
            Err(error) if lacks_ipv6(address, &error) && addresses.len() > 1 => {
                tracing::warn!(%address, "this machine has no IPv6; left out");
            }
            Err(error) => {
                return Err(BindError {
                    key: "listen.dns",
                    address,
                    error,
                });
            }
        }
    }
    Ok(bound)
}

/// Binds the same port for UDP and TCP.
fn bind_pair(address: SocketAddr, workers: usize) -> io::Result<Dns> {
    let mut attempts = if address.port() == 0 {
        PORT_ATTEMPTS
    } else {
        1
    };
    loop {
        attempts -= 1;
        let tcp = bind_tcp(address)?;
        match udp::bind(tcp.local_addr()?, workers) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempts > 0 => {}
            result => return result.map(|udp| (udp, tcp)),
        }
    }
}

fn bind_all(
    key: &'static str,
    addresses: &[SocketAddr],
    taken: PortConflict,
) -> Result<Vec<TcpListener>, BindError> {
    let bind = |&address: &SocketAddr| {
        let result = match bind_tcp(address) {
            result if taken == PortConflict::Replaced && is_taken(&result) => {
                bind_tcp((address.ip(), 0).into())
            }
            result => result,
        };
        result.map_err(|error| BindError {
            key,
            address,
            error,
        })
    };
    addresses.iter().map(bind).collect()
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of an earlier process that are still closing are no reason to fail.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn is_taken<T>(result: &io::Result<T>) -> bool {
    let error = result.as_ref().err().map(io::Error::kind);
    matches!(
        error,
        Some(io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
    )
}

/// Whether the address is everybody's own and missing all the same.
fn lacks_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    let own = [Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED].map(IpAddr::V6);
    let unsupported = error.raw_os_error() == Some(libc::EAFNOSUPPORT);
    own.contains(&address.ip()) && (unsupported || error.kind() == io::ErrorKind::AddrNotAvailable)
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
