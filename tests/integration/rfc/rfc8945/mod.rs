//! RFC 8945: messages that are signed with a secret (TSIG).

mod fitting;
mod octets;
mod sockets;
