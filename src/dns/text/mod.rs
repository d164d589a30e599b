//! The text of DNS: names, mnemonics and the data of records, as `dig` prints them and people write them.
//!
//! `Display` makes text, `FromStr` reads it. Used by the JSON form, the `/resolve` parameters, the config
//! and the command. It reads no master files; what it prints can stand in one, of names what
//! `strictly_escaped` makes of it.

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
