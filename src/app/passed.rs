//! The sockets that systemd passes: those of its `.socket` units (socket activation), and those that it kept for the gateway
//! over a restart (its file descriptor store).
//!
//! Floor 7. What waits in a socket while the gateway restarts is answered by the next one, since the socket is never closed.
//! `bind.rs` asks here first, and binds what is not here.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use listenfd::ListenFd;
use rustix::net::sockopt;

/// The keys of `[listen]`, which are the names that a `.socket` unit can give.
const KEYS: [&str; 5] = ["dns", "tls", "https", "http", "admin"];

/// Those that nobody has taken yet.
#[derive(Debug, Default)]
pub struct PassedSockets(Vec<PassedSocket>);

/// A socket that systemd passes and that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("systemd passes a socket with the name {name:?}, {problem}")]
pub struct PassedSocketError {
    name: String,
    problem: String,
}

#[derive(Debug)]
struct PassedSocket {
    name: String,
    key: &'static str,
    owner: SocketOwner,
    address: SocketAddr,
    socket: AnySocket,
}

/// Who opened a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SocketOwner {
    /// A `.socket` unit: it decides where the gateway listens.
    Unit,
    /// A gateway before this one.
    Gateway,
}

#[derive(Debug)]
enum AnySocket {
    Udp(UdpSocket),
    Tcp(TcpListener),
}

/// The sockets of the units for one key of `[listen]`.
#[derive(Debug, Default)]
pub(super) struct UnitSockets {
    pub(super) udp: Vec<UdpSocket>,
    pub(super) tcp: Vec<TcpListener>,
}

/// Makes the name under which systemd keeps a socket of the gateway; unlike that of a unit it has slashes.
pub(super) fn kept_name(key: &str, transport: &str, address: SocketAddr, number: usize) -> String {
    // A colon would end the name in `LISTEN_FDNAMES`.
    let address = address.to_string().replace(':', "_");
    format!("{key}/{transport}/{address}/{number:04}")
}

impl PassedSockets {
    /// Takes what systemd passes to this process, with the names that `LISTEN_FDNAMES` has (`sd_listen_fds(3)`). To be called
    /// before there are other threads: it changes the environment.
    ///
    /// # Errors
    /// What is not a socket to listen on, or whose name is not a key of `[listen]`.
    pub fn take(names: &str) -> Result<Self, PassedSocketError> {
        let mut names = names.split(':');
        let mut descriptors = ListenFd::from_env();
        let sockets = (0..descriptors.len()).map(|place| {
            let name = names.next().filter(|name| !name.is_empty());
            PassedSocket::take(&mut descriptors, place, name.unwrap_or("unknown"))
        });
        let mut sockets = sockets.collect::<Result<Vec<_>, _>>()?;
        // As they were numbered, so that each keeps its number.
        sockets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self(sockets))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those that `.socket` units have for a key; none if they have none, and then the configuration decides.
    pub(super) fn of_units(&mut self, key: &str) -> Option<UnitSockets> {
        let mut found = None::<UnitSockets>;
        for passed in self.extract(|it| it.owner == SocketOwner::Unit && it.key == key) {
            let found = found.get_or_insert_default();
            match passed.socket {
                AnySocket::Udp(socket) => found.udp.push(socket),
                AnySocket::Tcp(socket) => found.tcp.push(socket),
            }
        }
        found
    }

    /// Takes at most `most` UDP sockets that were kept for an address.
    pub(super) fn kept_udp(
        &mut self,
        key: &str,
        address: SocketAddr,
        most: usize,
    ) -> Vec<UdpSocket> {
        let mut room = most;
        let kept = self.extract(|it| {
            let is_wanted = it.was_kept(key, address) && matches!(it.socket, AnySocket::Udp(_));
            let is_taken = is_wanted && room > 0;
            room -= usize::from(is_taken);
            is_taken
        });
        let udp = kept.into_iter().filter_map(|it| match it.socket {
            AnySocket::Udp(socket) => Some(socket),
            AnySocket::Tcp(_) => None,
        });
        udp.collect()
    }

    /// Takes the TCP listener that was kept for an address.
    pub(super) fn kept_tcp(&mut self, key: &str, address: SocketAddr) -> Option<TcpListener> {
        let mut is_first = true;
        let kept = self.extract(|it| {
            let is_wanted = it.was_kept(key, address) && matches!(it.socket, AnySocket::Tcp(_));
            is_wanted && std::mem::take(&mut is_first)
        });
        kept.into_iter().find_map(|it| match it.socket {
            AnySocket::Tcp(socket) => Some(socket),
            AnySocket::Udp(_) => None,
        })
    }

    /// Closes those that nobody wanted; returns the names of those that were kept, which systemd is to close too.
    pub(super) fn close(self) -> Vec<String> {
        for PassedSocket { key, address, .. } in &self.0 {
            tracing::info!(
                key = format!("listen.{key}"),
                %address,
                "a socket that systemd passed is not used, since the configuration does not have it; closed"
            );
        }
        let kept = self
            .0
            .into_iter()
            .filter(|it| it.owner == SocketOwner::Gateway);
        kept.map(|it| it.name).collect()
    }

    fn extract(&mut self, is_wanted: impl FnMut(&mut PassedSocket) -> bool) -> Vec<PassedSocket> {
        self.0.extract_if(.., is_wanted).collect()
    }
}

impl PassedSocket {
    fn take(
        descriptors: &mut ListenFd,
        place: usize,
        name: &str,
    ) -> Result<Self, PassedSocketError> {
        let error = |problem: String| PassedSocketError {
            name: name.to_owned(),
            problem,
        };
        let (word, owner) = match name.split_once('/') {
            Some((word, _)) => (word, SocketOwner::Gateway),
            None => (name, SocketOwner::Unit),
        };
        let key = KEYS.into_iter().find(|key| *key == word).ok_or_else(|| {
            error("which says nothing to nomadns: set FileDescriptorName= of its .socket unit to dns, tls, https, http or admin".into())
        })?;
        let refused = |problem: std::io::Error| error(format!("which cannot be used: {problem}"));
        let socket = match descriptors.take_udp_socket(place) {
            Ok(Some(socket)) => AnySocket::Udp(socket),
            _ => {
                let listener = descriptors.take_tcp_listener(place).map_err(refused)?;
                let listener = listener.ok_or_else(|| error("which is not there".into()))?;
                AnySocket::Tcp(listener)
            }
        };
        let address = match &socket {
            AnySocket::Udp(_) if key != "dns" => {
                let right = format!("which is for UDP: listen.{key} takes ListenStream= only");
                return Err(error(right));
            }
            AnySocket::Tcp(listener)
                if !sockopt::socket_acceptconn(listener).map_err(|it| refused(it.into()))? =>
            {
                let right =
                    "which is a connection and not a listener: set Accept=no in its .socket unit";
                return Err(error(right.into()));
            }
            AnySocket::Udp(socket) => socket.local_addr(),
            AnySocket::Tcp(listener) => listener.local_addr(),
        };
        Ok(Self {
            name: name.to_owned(),
            key,
            owner,
            address: address.map_err(refused)?,
            socket,
        })
    }

    fn was_kept(&self, key: &str, address: SocketAddr) -> bool {
        self.owner == SocketOwner::Gateway && self.key == key && self.address == address
    }
}
