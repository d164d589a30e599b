//! What stands for systemd: what a service tells it, and the sockets that it keeps.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use rustix::cmsg_space;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tempfile::TempDir;

use super::super::{AT_MOST, Gateway};

/// The first descriptor that systemd passes (`sd_listen_fds(3)`).
const FIRST: i32 = 3;
/// What a service says to systemd, and what it keeps for it.
pub(super) struct Systemd {
    socket: UnixDatagram,
    folder: TempDir,
    /// The messages that came, and whose wait is over.
    said: Vec<String>,
    pub(super) kept: Vec<(String, OwnedFd)>,
}

impl Systemd {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(AT_MOST)).unwrap();
        Self {
            socket,
            folder,
            said: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Starts the gateway as a service, with what was kept for it.
    pub(super) fn start(&mut self, config: &str, variables: &[(&str, &str)]) -> Gateway {
        let kept = std::mem::take(&mut self.kept);
        let passed = kept
            .iter()
            .map(|(name, socket)| (name.as_str(), socket.try_clone().unwrap()));
        let passed: Vec<_> = passed.collect();
        let notify = self.folder.path().join("notify");
        let gateway = Gateway::start_as(
            |command| {
                command
                    .env("NOTIFY_SOCKET", notify)
                    .envs(variables.iter().copied());
                pass(command, passed);
            },
            config,
        );
        self.kept = kept;
        gateway
    }

    /// Waits for a message with this line.
    pub(super) fn wait_for(&mut self, wanted: &str) -> String {
        loop {
            let message = self.receive();
            if message.lines().any(|line| line.starts_with(wanted)) {
                return message;
            }
        }
    }

    /// Takes the messages that have come already.
    pub(super) fn clear(&mut self) -> Vec<String> {
        self.socket.set_nonblocking(true).unwrap();
        let mut text = [0; 4096];
        let mut messages = Vec::new();
        while let Ok(octets) = self.socket.recv(&mut text) {
            messages.push(String::from_utf8(text[..octets].to_vec()).unwrap());
        }
        self.socket.set_nonblocking(false).unwrap();
        messages
    }

    fn receive(&mut self) -> String {
        let mut text = [0; 4096];
        let mut room = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut room);
        let mut parts = [IoSliceMut::new(&mut text)];
        let received = recvmsg(
            &self.socket,
            &mut parts,
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        );
        let octets = received
            .unwrap_or_else(|error| panic!("{error} after {:?}", self.said))
            .bytes;
        let message = String::from_utf8(text[..octets].to_vec()).unwrap();
        let name = message.lines().find_map(|it| it.strip_prefix("FDNAME="));
        for part in control.drain() {
            let RecvAncillaryMessage::ScmRights(sockets) = part else {
                continue;
            };
            assert!(message.contains("FDSTORE=1\n"), "{message}");
            // What systemd takes for a socket that is broken it keeps no longer.
            assert!(message.contains("FDPOLL=0\n"), "{message}");
            for socket in sockets {
                self.keep(name.unwrap(), socket);
            }
        }
        if message.contains("FDSTOREREMOVE=1") {
            self.kept.retain(|(kept, _)| Some(kept.as_str()) != name);
        }
        self.said.push(message.clone());
        message
    }

    /// Keeps a socket that is not kept already (`sd_pid_notify_with_fds(3)`).
    fn keep(&mut self, name: &str, socket: OwnedFd) {
        let cookie = |socket: &OwnedFd| rustix::net::sockopt::socket_cookie(socket).unwrap();
        let is_new = |(_, kept): &(String, OwnedFd)| cookie(kept) != cookie(&socket);
        if self.kept.iter().all(is_new) {
            // A colon separates names.
            assert!(!name.contains(':') && name.len() < 256, "{name}");
            self.kept.push((name.to_owned(), socket));
        }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.kept.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Has a command get sockets as systemd passes them.
pub(super) fn pass(command: &mut Command, sockets: Vec<(&str, OwnedFd)>) {
    let names: Vec<_> = sockets.iter().map(|(name, _)| *name).collect();
    command
        .env("LISTEN_FDS", sockets.len().to_string())
        .env("LISTEN_FDNAMES", names.join(":"));
    let mappings = (FIRST..)
        .zip(sockets)
        .map(|(child_fd, (_, parent_fd))| FdMapping {
            parent_fd,
            child_fd,
        });
    command.fd_mappings(mappings.collect()).unwrap();
}
