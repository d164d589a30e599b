//! Who has a port on this host: the kernel's tables of sockets, and the files that processes have open (proc(5)).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a port is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Udp,
    Tcp,
}

/// The state of a TCP socket that listens, and of a UDP socket without a peer, in the kernel's tables.
const LISTENS: &str = "0A";
const UNCONNECTED: &str = "07";

/// Names the programs that have a port, with their process ids; sorted.
pub(super) fn holders(protocol: Protocol, port: u16) -> BTreeSet<String> {
    let (tables, state) = match protocol {
        Protocol::Udp => (["/proc/net/udp", "/proc/net/udp6"], UNCONNECTED),
        Protocol::Tcp => (["/proc/net/tcp", "/proc/net/tcp6"], LISTENS),
    };
    let tables = tables.iter().flat_map(fs::read_to_string);
    let inodes: BTreeSet<String> = tables.flat_map(|it| inodes(&it, state, port)).collect();
    if inodes.is_empty() {
        return BTreeSet::new();
    }
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = processes.filter_map(|process| holder(&process.path(), &inodes));
    let mut holders: BTreeSet<String> = found.collect();
    if holders.is_empty() {
        // The files of others' processes are not shown.
        holders.insert("a program of another user (root sees which)".into());
    }
    holders
}

/// The same in words.
pub(super) fn who(protocol: Protocol, port: u16) -> String {
    let holders: Vec<String> = holders(protocol, port).into_iter().collect();
    match holders.is_empty() {
        true => "another program".into(),
        false => holders.join(", "),
    }
}

/// The inodes of the sockets at a port, in a table of the kernel.
fn inodes(table: &str, state: &str, port: u16) -> Vec<String> {
    let port = format!(":{port:04X}");
    let rows = table.lines().skip(1).filter_map(|row| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let is_there = fields.get(1)?.ends_with(&port) && *fields.get(3)? == state;
        let inode = fields.get(9)?;
        is_there.then(|| (*inode).to_owned())
    });
    rows.collect()
}

/// The name of a process that has one of these sockets.
fn holder(process: &Path, inodes: &BTreeSet<String>) -> Option<String> {
    let id = process.file_name()?.to_str()?;
    id.parse::<u32>().ok()?;
    let has = fs::read_dir(process.join("fd"))
        .ok()?
        .flatten()
        .any(|file| {
            let target = fs::read_link(file.path()).unwrap_or_default();
            let target = target.to_string_lossy();
            let inode = target
                .strip_prefix("socket:[")
                .and_then(|it| it.strip_suffix(']'));
            inode.is_some_and(|inode| inodes.contains(inode))
        });
    let name = has
        .then(|| fs::read_to_string(process.join("comm")).ok())
        .flatten()?;
    Some(format!("{} (process {id})", name.trim_end().escape_debug()))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn who_has_a_port_is_named_with_the_process() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("[::1]:0").unwrap();
        for (protocol, address) in [
            (Protocol::Tcp, tcp.local_addr().unwrap()),
            (Protocol::Udp, udp.local_addr().unwrap()),
        ] {
            let found = who(protocol, address.port());
            let own = format!("(process {})", std::process::id());
            assert!(found.contains(&own), "{protocol:?} {address}: {found}");
        }
        let port = tcp.local_addr().unwrap().port();
        drop(tcp);
        assert!(!who(Protocol::Tcp, port).contains(&format!("(process {})", std::process::id())));
    }

    #[test]
    fn only_sockets_that_listen_have_a_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11\n\
            1: 0100007F:0035 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 12\n\
            2: 0100007F:1035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13\n\
            short\n";
        assert_eq!(inodes(table, LISTENS, 53), ["11"]);
    }
}
