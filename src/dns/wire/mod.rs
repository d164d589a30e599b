//! Messages in wire form (RFC 1035 §4): a query in, an answer out.

mod ask;
mod compression;
mod decode;
mod encode;
mod find;
mod find_tsig;
mod message;
mod notify;
mod opt;
mod options;
mod part;
mod rdata_names;
mod response;

pub use ask::encode_query;
pub use compression::{CompressedNameError, read_name};
pub use decode::{Bare, QUERY_OCTETS, Rejection, decode};
pub use encode::{
    Bounds, encode, encode_bare, encode_truncated, encode_whole, encode_without_question, opt_alone,
};
pub use find_tsig::{TsigPlace, find_tsig};
pub use message::{Flag, Header, Message, MessageError, Question, Record};
pub use notify::{Soa, encode_notify, encode_soa_query, soa_serial};
pub use opt::{Opt, ReadExtendedError};
pub use options::{Additions, AnsweredZone, NSID_OCTETS};
pub use rdata_names::RdataParts;
pub use response::{ResponseId, ResponseMatch, is_truncated, match_response};

/// The length of a message's header, in octets (RFC 1035 §4.1.1).
pub const HEADER_OCTETS: usize = 12;

/// The longest message, in octets: what the length before it on a stream can say (RFC 1035 §4.2.2).
pub const MESSAGE_OCTETS: usize = 65_535;
