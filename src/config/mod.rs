//! The configuration: reads and validates it.
//!
//! Floor 6. `source` merges flags, environment and file, `file` has the keys, `check` turns them into checked
//! settings. Only this module and `cli` read the environment and the files
//! that the operator writes.

mod cache;
mod check;
mod defaults;
mod environment;
mod error;
mod file;
mod forward;
mod log;
mod range;
mod reading;
mod secrecy;
mod source;
mod words;

pub use cache::CacheSection;
pub use check::{ChainAndKey, CredentialsFile, Files, Settings, Warning};
pub use environment::apply as apply_environment;
pub use error::ConfigError;
pub use file::{
    ClientsSection, File, HttpSection, LimitsSection, ListenSection, NomadSection, TlsSection,
};
pub use forward::{ForwardSection, ForwardingSection};
pub use log::{LogFormat, LogSection};
pub use range::{RANGES, Range};
pub use reading::read_file;
pub use source::Source;
