//! The configuration in force: each key with its value and where the value comes from, without secrets.
//!
//! Floor 6. `config show` prints it, and the operator's pages show it.

use std::sync::OnceLock;

use ahash::RandomState;
use serde::Serialize;
use toml::{Table, Value};

use super::described::described;
use super::file::File;
use super::origin::ValueOrigin;
use super::secrecy;
use super::source::Source;

/// A key with the value that is in force.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigValue {
    /// The key, with its section.
    pub key: String,
    /// The value as it may be shown: `(secret)` in place of a secret.
    pub value: Value,
    /// Whether `value` leaves something out.
    #[serde(rename = "secret", skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
    /// Who said it.
    #[serde(flatten)]
    pub origin: ValueOrigin,
    /// A hash of the value itself, of use in this process only.
    #[serde(skip)]
    fingerprint: u64,
}

impl ConfigValue {
    /// The value as TOML.
    #[must_use]
    pub fn text(&self) -> String {
        self.value.to_string()
    }

    /// Whether the value itself is another, which may be a secret.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        self.fingerprint != other.fingerprint
    }
}

/// Tells the value of each key, in the order of the example.
pub(super) fn values(source: &Source, file: &File) -> Vec<ConfigValue> {
    // It was read from TOML, so it can be written.
    let table = Table::try_from(file).unwrap_or_default();
    let keys = described().into_iter().filter(|it| !it.is_section);
    let value = |key: String| {
        let value = match key.split_once('.') {
            None => table.get(&key)?,
            Some((section, name)) => table.get(section)?.get(name)?,
        };
        let (shown, is_secret) = secrecy::in_force(&key, value);
        Some(ConfigValue {
            origin: source.value_origin(&key),
            fingerprint: fingerprint(value),
            value: shown,
            is_secret,
            key,
        })
    };
    keys.filter_map(|it| value(it.key)).collect()
}

/// A hash that nobody outside this process can make, so that it tells nothing of a secret.
fn fingerprint(value: &Value) -> u64 {
    static HASH: OnceLock<RandomState> = OnceLock::new();
    HASH.get_or_init(RandomState::new)
        .hash_one(value.to_string())
}
