//! Limits the size of a UDP answer to an address that may be spoofed.
//!
//! Floor 4, between the encoded answer and the socket. The limits are in `clients`.

use super::clients::{AnswerKind, Sent};
use super::server::Server;
use crate::dns::{Answer, Query, Rcode, Transport, wire};

/// Looks at an answer that was appended to `out` from `start` on, and leaves it, or puts one with TC in its place, or
/// none. `asked` are the octets of the query.
#[inline]
pub(super) fn bound(
    server: &Server,
    query: &Query,
    answer: Option<&Answer>,
    asked: usize,
    start: usize,
    out: &mut Vec<u8>,
) {
    if query.transport == Transport::Udp
        && server
            .clients
            .bounds(query.client, asked, out.len() - start)
    {
        shorten(server, query, answer, start, out);
    }
}

#[inline(never)]
fn shorten(
    server: &Server,
    query: &Query,
    answer: Option<&Answer>,
    start: usize,
    out: &mut Vec<u8>,
) {
    if server.knows_cookie(query) {
        return;
    }
    let octets = out.len() - start;
    match server.clients.send(query.client, kind(answer), octets) {
        Sent::Whole => {}
        Sent::Truncated => {
            out.truncate(start);
            wire::encode_truncated(query, &server.least_additions(query), out);
        }
        Sent::Nothing => out.truncate(start),
    }
}

fn kind(answer: Option<&Answer>) -> AnswerKind {
    match answer.map(|it| (it.rcode(), it.answer_count())) {
        Some((Rcode::NOERROR, 1..)) => AnswerKind::Records,
        Some((Rcode::NOERROR | Rcode::NXDOMAIN, _)) => AnswerKind::Denial,
        _ => AnswerKind::Error,
    }
}
