//! The configuration: reads and validates it.
//!
//! Floor 6. `source` merges flags, environment and file, `file` has the keys, `check` turns them into checked
//! settings. Only this module and `cli` read the environment and the files
//! that the operator writes.

mod cache;
mod check;
mod choice;
mod credential;
mod defaults;
mod described;
mod effective;
mod environment;
mod error;
mod file;
mod forward;
mod hosts;
mod lines;
mod listen;
mod lists;
mod live;
mod log;
mod metrics;
mod origin;
mod printed;
mod query_log;
mod range;
mod reading;
mod schema;
mod secrecy;
mod source;
mod tls;
mod transfer;
mod unknown;
mod words;

pub use cache::CacheSection;
pub use check::{
    ChainAndKey, CredentialsFile, Files, HostSettings, Settings, TsigKeys, Warning, name_servers,
};
pub use credential::apply as apply_credential;
pub use effective::ConfigValue;
pub use environment::{
    apply as apply_environment, note_unknown as note_unknown_variables, variable,
};
pub use error::ConfigError;
pub use file::{ClientsSection, File, HttpSection, LimitsSection, NomadSection};
pub use forward::{ForwardSection, ForwardingSection};
pub use hosts::{HostSection, ReadHosts};
pub use listen::ListenSection;
pub use live::is_live;
pub use log::{LogFormat, LogSection};
pub use metrics::MetricsSection;
pub use origin::ValueOrigin;
pub use printed::{to_json, to_toml};
pub use query_log::QueryLogSection;
pub use range::{RANGES, Range};
pub use reading::read_file;
pub use schema::schema;
pub use source::Source;
pub use tls::TlsSection;
pub use transfer::{NotifySection, TransferKeySection, TransferSection};
