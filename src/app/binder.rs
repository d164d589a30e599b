//! Opens the sockets of the listeners: takes those that systemd passes, and binds the others.
//!
//! Floor 7. Used by `bind.rs`, once, at the start.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Socket, Type};

use super::passed::{PassedSockets, UnitSockets};
use crate::listeners::udp;

/// How many connections the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;
/// How often a free port is looked for that both UDP and TCP can have.
const PORT_ATTEMPTS: usize = 32;

/// For each address its UDP sockets, and its TCP listener.
type DnsSockets = (Vec<Vec<UdpSocket>>, Vec<TcpListener>);
type Dns = (Vec<UdpSocket>, TcpListener);

/// What systemd has to do with the sockets of the listeners.
#[derive(Debug, Default)]
pub(super) struct FromSystemd {
    /// Whether it passed any of them.
    pub(super) is_any: bool,
    /// The keys of `[listen]` whose sockets are those of its units.
    pub(super) unit_keys: Vec<&'static str>,
    /// The names of sockets that it is to keep no more.
    pub(super) unwanted: Vec<String>,
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
    /// Of `[listen]`.
    key: &'static str,
    address: SocketAddr,
    error: io::Error,
}

/// What opens them.
#[derive(Debug)]
pub(super) struct Binder {
    passed: PassedSockets,
    from_systemd: FromSystemd,
    taken: PortConflict,
}

impl Binder {
    pub(super) fn new(passed: PassedSockets, taken: PortConflict) -> Self {
        let from_systemd = FromSystemd {
            is_any: !passed.is_empty(),
            ..FromSystemd::default()
        };
        Self {
            passed,
            from_systemd,
            taken,
        }
    }

    /// Those of `listen.dns`, with so many for UDP at each address.
    pub(super) fn dns(
        &mut self,
        addresses: &[SocketAddr],
        workers: usize,
    ) -> Result<DnsSockets, BindError> {
        if let Some(sockets) = self.of_units("dns", addresses) {
            return share(sockets, workers);
        }
        let mut bound: Vec<Dns> = Vec::new();
        for &address in addresses {
            // The port that another address got already, so that all have the same where that can be.
            let chosen = bound.first().and_then(|(_, tcp)| tcp.local_addr().ok());
            let chosen = chosen.map_or(0, |chosen| chosen.port());
            match self.dns_at(address, chosen, workers) {
                Ok(pair) => bound.push(pair),
                Err(error) if lacks_ipv6(address, &error) && addresses.len() > 1 => {
                    tracing::warn!(%address, "this machine has no IPv6; left out");
                }
                Err(error) => return Err(BindError::new("dns", address, error)),
            }
        }
        Ok(bound.into_iter().unzip())
    }

    fn dns_at(&mut self, address: SocketAddr, chosen: u16, workers: usize) -> io::Result<Dns> {
        let kept = self.passed.kept_udp("dns", address, workers.max(1));
        let tcp = self.passed.kept_tcp("dns", address);
        if kept.is_empty() && tcp.is_none() {
            return self.bind_dns(address, chosen, workers);
        }
        let tcp = tcp.map_or_else(|| bind_tcp(address), Ok)?;
        let udp = match kept.is_empty() {
            true => udp::bind(address, workers)?,
            false => udp::bind_beside(kept, address, workers)?,
        };
        Ok((udp, tcp))
    }

    fn bind_dns(&self, address: SocketAddr, chosen: u16, workers: usize) -> io::Result<Dns> {
        let first = match address.port() {
            0 => chosen,
            port => port,
        };
        let mut result = bind_pair((address.ip(), first).into(), workers);
        let may_differ = address.port() == 0 || self.taken == PortConflict::Replaced;
        for port in [chosen, 0] {
            if may_differ && is_taken(&result) {
                result = bind_pair((address.ip(), port).into(), workers);
            }
        }
        result
    }

    /// The listeners of another key of `[listen]`.
    pub(super) fn tcp(
        &mut self,
        key: &'static str,
        addresses: &[SocketAddr],
    ) -> Result<Vec<TcpListener>, BindError> {
        if let Some(sockets) = self.of_units(key, addresses) {
            return Ok(sockets.tcp);
        }
        let bind = |&address: &SocketAddr| {
            let result = match self.passed.kept_tcp(key, address) {
                Some(kept) => Ok(kept),
                None => bind_tcp(address),
            };
            let result = match result {
                result if self.taken == PortConflict::Replaced && is_taken(&result) => {
                    bind_tcp((address.ip(), 0).into())
                }
                result => result,
            };
            result.map_err(|error| BindError::new(key, address, error))
        };
        addresses.iter().map(bind).collect()
    }

    /// Closes what nobody wanted; says what systemd has to do with the rest.
    pub(super) fn finish(self) -> FromSystemd {
        FromSystemd {
            unwanted: self.passed.close(),
            ..self.from_systemd
        }
    }

    /// Those of `.socket` units, which stand for the addresses of a key that has any.
    fn of_units(&mut self, key: &'static str, addresses: &[SocketAddr]) -> Option<UnitSockets> {
        if addresses.is_empty() {
            return None;
        }
        let sockets = self.passed.of_units(key)?;
        self.from_systemd.unit_keys.push(key);
        tracing::info!(
            key = format!("listen.{key}"),
            "the sockets of a systemd unit are used instead of the configured addresses"
        );
        Some(sockets)
    }
}

impl BindError {
    pub(super) fn new(key: &'static str, address: SocketAddr, error: io::Error) -> Self {
        Self {
            key,
            address,
            error,
        }
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
        write!(
            f,
            "listen.{key} = {address} cannot be bound: {error}; {advice}"
        )
    }
}

/// Has so many workers share each UDP socket of a unit.
fn share(sockets: UnitSockets, workers: usize) -> Result<DnsSockets, BindError> {
    let share = |socket: UdpSocket| {
        let more = (1..workers).map(|_| socket.try_clone());
        let more = more.collect::<io::Result<Vec<_>>>();
        let error = |error| match socket.local_addr() {
            Ok(address) => BindError::new("dns", address, error),
            Err(_) => BindError::new("dns", (IpAddr::from([0; 4]), 0).into(), error),
        };
        let mut all = more.map_err(error)?;
        all.push(socket);
        Ok(all)
    };
    let udp = sockets.udp.into_iter().map(share);
    Ok((udp.collect::<Result<_, _>>()?, sockets.tcp))
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
pub fn lacks_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    let own = [Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED].map(IpAddr::V6);
    let unsupported = error.raw_os_error() == Some(libc::EAFNOSUPPORT);
    own.contains(&address.ip()) && (unsupported || error.kind() == io::ErrorKind::AddrNotAvailable)
}
