//! The keys of the log in the configuration file.
//!
//! Floor 6. As with `file`, `check` validates them.

use serde::{Deserialize, Serialize};

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// Readable lines or JSON.
    pub format: LogFormat,
    /// From which level on: `error`, `warn`, `info`, `debug`, `trace`.
    pub level: String,
    /// How many lines of one kind are written in a minute; 0 for all of them.
    pub repeats_per_minute: u32,
    /// How many octets of lines may wait to be written.
    pub queue_octets: usize,
    /// The most octets of a line.
    pub line_octets: usize,
}

impl LogFormat {
    /// Both of them, as they are written.
    pub(super) const WORDS: [&'static str; 2] = ["text", "json"];
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}
