//! What the tests share: servers that play a part, and nothing that is proved.

pub mod answers;
pub mod clients;
pub mod decoded;
pub mod fault_proxy;
pub mod gateway;
pub mod question;
pub mod replay;
pub mod sockets;
