//! Whether the client of a DNS message may ask, and the answer if not.
//!
//! Floor 4. HTTP requests are checked by the router's first layer instead.

use super::clients::{Refusal, SourceAddress};
use super::counters::ListenerKind;
use super::server::Server;
use crate::dns::wire::{self, Bare};
use crate::dns::{Answer, AnswerBuilder, Class, Query, Rcode, Transport};

/// Whether the client of a message may ask; HTTP judges its requests before they come here.
pub(super) fn judge(server: &Server, query: &Query) -> Result<(), Refusal> {
    let (clients, client) = (&server.clients, query.client);
    match query.transport {
        Transport::Udp => {
            let is_proven = clients.are_limited() && server.knows_cookie(query);
            let address = if is_proven {
                SourceAddress::Proven
            } else {
                SourceAddress::Claimed
            };
            clients.judge(client, address, None)
        }
        Transport::Tcp => clients.judge(client, SourceAddress::Proven, Some(ListenerKind::Tcp)),
        Transport::Dot => clients.judge(client, SourceAddress::Proven, Some(ListenerKind::Dot)),
        Transport::Doh | Transport::Json => Ok(()),
    }
}

/// Appends the answer to a client that may not ask, or not now.
pub(super) fn refuse(server: &Server, query: &Query, refusal: Refusal, out: &mut Vec<u8>) {
    let additions = server.least_additions(query);
    let rcode = match refusal {
        // A true client comes again by TCP, whoever else writes its address.
        Refusal::Unproven => {
            wire::encode_truncated(query, &additions, out);
            Rcode::NOERROR
        }
        Refusal::NotAllowed | Refusal::OverRate => {
            let answer = server.clients.answer(refusal);
            wire::encode(answer, query, server.bounds, &additions, 0, out);
            answer.rcode()
        }
    };
    server.counters.count_refused(query.transport, rcode);
}

/// Appends the answer to a message that asks for nothing but a cookie (RFC 7873 §5.4).
pub(super) fn answer_without_question(server: &Server, query: &Query, out: &mut Vec<u8>) {
    let additions = match judge(server, query) {
        Ok(()) => server.additions(query),
        // With the cookie it can prove its address.
        Err(Refusal::Unproven) => server.least_additions(query),
        Err(Refusal::NotAllowed | Refusal::OverRate) => {
            let (counters, rcode) = (&server.counters, Rcode::REFUSED);
            counters.count_refused(query.transport, rcode);
            return wire::encode_bare(&Bare::of_query(query, rcode), server.recursion, out);
        }
    };
    wire::encode_without_question(query, &additions, out);
}

/// The answer of `refusal`, counted: the stack, which counts all others, does not see it.
pub(super) fn refused(server: &Server, query: &Query) -> Option<Answer> {
    let answer = refusal(query)?;
    let counters = &server.counters;
    counters.count_refused(query.transport, answer.rcode());
    Some(answer)
}

/// The answer to what is decoded well and yet no query for the stack.
pub(super) fn refusal(query: &Query) -> Option<Answer> {
    // RFC 6891 §6.1.3: a version that is not spoken here.
    if query.edns.is_some_and(|edns| edns.version != 0) {
        return Some(AnswerBuilder::error(Rcode::BADVERS, None));
    }
    // All that there is of class ANY is of class IN.
    let is_known = matches!(query.class, Class::IN | Class::ANY);
    (!is_known).then(|| AnswerBuilder::error(Rcode::REFUSED, None))
}
