//! DNS itself: names, queries, answers, their wire form and their text.
//!
//! Floor 1, pure: no I/O, no clock, no tokio. `listeners` decode and encode with it, `answers` build answers with it.
//! It knows the format of DNS, not its content.

mod aging;
mod answer;
mod builder;
mod cookie;
mod edns;
mod joined;
pub mod json;
mod kinds;
mod labels;
mod name;
mod name_key;
mod query;
mod rdata;
mod received;
mod shared;
mod signature;
pub mod text;
pub mod tsig;
pub mod wire;

pub use answer::{Age, Answer, ExtendedError, Recursion};
pub use builder::{AnswerBuilder, Owner, Section};
pub use cookie::CookieSecrets;
pub use edns::{ClientSubnet, Cookie, Edns, EdnsOptions};
pub use kinds::{Class, Opcode, Rcode, RecordType};
pub use labels::Labels;
pub use name::{Name, NameError};
pub use name_key::NameKey;
pub use query::{Query, QueryFlags, Transport};
pub use rdata::Rdata;
pub use received::{ReceivedAnswer, UnusableResponse};
pub use signature::Signature;
