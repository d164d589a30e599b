//! Writes what the UDP workers count beside the stack.
//!
//! Floor 7.

use std::fmt;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::DescriptorEncoder;

use super::gauge::total;
use crate::listeners::udp::UdpCounters;

/// Writes the counters of all workers.
pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, udp: &UdpCounters) -> fmt::Result {
    for (name, help, count) in [
        (
            "nomadns_udp_ignored",
            "UDP messages that were no queries",
            &udp.ignored,
        ),
        (
            "nomadns_udp_dropped",
            "UDP queries dropped, too many waited",
            &udp.dropped,
        ),
        (
            "nomadns_udp_unsent",
            "UDP answers that the kernel did not take",
            &udp.unsent,
        ),
        (
            "nomadns_udp_errors",
            "Errors of UDP sockets that nothing could be received from",
            &udp.errors,
        ),
        (
            "nomadns_udp_panics",
            "Panics of UDP workers, caught",
            &udp.panics,
        ),
    ] {
        total(encoder, name, help, count.load(Ordering::Relaxed))?;
    }
    let help =
        "UDP messages that the kernel dropped, most of them since the receive buffer was full";
    let name = "nomadns_udp_receive_dropped";
    total(encoder, name, help, udp.kernel_drops())
}
