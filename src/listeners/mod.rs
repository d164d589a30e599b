//! The listeners: bytes in, bytes out.
//!
//! Floor 4. Each transport frames messages its own way; what a message is and what comes of it is the
//! same for all of them and stands in `exchange`.

pub mod exchange;
pub mod udp;
