//! An error in the configuration: one line that names the place, the key, the value and what would be right.

use std::fmt;

/// A mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, flag or variable that it is in.
    pub origin: String,
    /// The key, with its section; empty when the file as a whole is meant.
    pub key: String,
    /// The value as it was written; none for a secret or a key that is not there.
    pub value: Option<String>,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        match (&*self.key, &self.value) {
            ("", _) => {}
            (key, None) => write!(f, ": {key}")?,
            (key, Some(value)) => write!(f, ": {key} = {value}")?,
        }
        // One line, whatever stood in the file.
        write!(f, ": {}", self.problem.trim().replace('\n', " "))
    }
}
