//! Transfers of zones, and the SOA of the catalog zone: whether a client may have one, and what it is told if not.
//!
//! Floor 4, a part of `exchange`. `transfer` makes the messages; over a stream the connection writes them one by one.

use super::server::Server;
use crate::dns::wire::{self, Bare};
use crate::dns::{AnswerBuilder, Query, Rcode, RecordType, Transport};
use crate::transfer::{BegunTransfer, Transfer, TransferRefusal};

/// What comes of a query for a transfer.
pub(super) enum Offer {
    /// Its messages, for a stream.
    Stream(Box<Transfer>),
    /// One message, which is written.
    Answered,
    /// None over this transport: it is for others to say so.
    NotHere,
}

impl Server {
    /// Whether a query may be one that `transfer` takes.
    #[inline]
    pub(super) fn may_transfer(&self, query: &Query) -> bool {
        let is_soa = query.record_type == RecordType::SOA;
        (is_soa || query.record_type.is_transfer()) && self.transfers.is_some()
    }

    /// Begins the transfer that a query asks for, or says why there is none.
    pub(super) fn transfer(&self, query: &Query, message: &[u8], out: &mut Vec<u8>) -> Offer {
        let Some(offered) = &self.transfers else {
            return Offer::NotHere;
        };
        let soa = match query.record_type.is_transfer() {
            true => None,
            false => match offered.transfers.catalog_zone_soa(query) {
                None => return Offer::NotHere,
                found => found,
            },
        };
        let is_whole = query.record_type == RecordType::AXFR;
        match query.transport {
            Transport::Tcp | Transport::Dot => {}
            // RFC 1995 §2: the SOA says whether to come by TCP, as it does by itself.
            Transport::Udp if !is_whole => {}
            Transport::Udp | Transport::Doh | Transport::Json => return Offer::NotHere,
        }
        // Where there are keys, the address alone is not enough.
        let is_signed = query.signature.key().is_some() || self.keys.now().is_empty();
        let additions = self.additions(query);
        let is_soa = soa.is_some();
        let allowed = offered.check(query, is_signed);
        let begun = allowed.and_then(|()| match soa {
            Some(soa) => Ok(BegunTransfer::Soa(soa)),
            None => {
                let opt = wire::opt_alone(query, &additions);
                offered.transfers.begin(query, message, opt)
            }
        });
        match begun {
            Ok(BegunTransfer::Soa(answer)) => {
                self.counters.count_refused(query.transport, Rcode::NOERROR);
                wire::encode(&answer, query, self.bounds, &additions, 0, out);
                Offer::Answered
            }
            Ok(BegunTransfer::Messages(transfer)) => {
                self.counters.count_refused(query.transport, Rcode::NOERROR);
                Offer::Stream(transfer)
            }
            Err(refusal) => {
                if !is_soa {
                    offered.transfers.count_refused();
                }
                self.refuse_transfer(query, refusal, out);
                Offer::Answered
            }
        }
    }

    fn refuse_transfer(&self, query: &Query, refusal: TransferRefusal, out: &mut Vec<u8>) {
        let TransferRefusal { rcode, error } = refusal;
        self.counters.count_refused(query.transport, rcode);
        if rcode == Rcode::FORMERR {
            return wire::encode_bare(&Bare::of_query(query, rcode), self.recursion, out);
        }
        let answer = AnswerBuilder::error(rcode, error);
        let additions = self.least_additions(query);
        wire::encode(&answer, query, self.bounds, &additions, 0, out);
    }
}
