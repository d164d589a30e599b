//! The text of DNS: names, mnemonics and the data of records, as `dig` prints them and people write them.
//!
//! `Display` makes text, `FromStr` parses it. Used by the JSON form, the `/resolve` parameters, the configuration and
//! the command. It does not parse zone files. Its output is valid in one, for names if `strictly_escaped` made it.

mod class;
mod codes;
mod escape;
mod extended_errors;
mod names;
mod rdata;
mod types;

pub use class::ClassTextError;
pub(super) use escape::shown;
pub use escape::strictly_escaped;
pub use extended_errors::extended_error_purpose;
pub use names::NameTextError;
pub use rdata::{expand_rdata, present_rdata};
pub use types::TypeTextError;
