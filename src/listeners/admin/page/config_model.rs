//! What the page of the configuration shows, and `/api/config` as JSON.

use serde::Serialize;

use super::model::Untrusted;

/// A key of the configuration with the value in force.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigSetting {
    /// The key, with its section.
    pub key: String,
    /// The value in JSON; `(secret)` in place of a secret.
    pub value: serde_json::Value,
    /// The same in TOML.
    #[serde(skip)]
    pub text: Untrusted,
    /// Whether something of the value is not shown.
    #[serde(rename = "secret")]
    pub is_secret: bool,
    /// Where it comes from: a line of a file, a variable, a flag, or `default`.
    pub origin: Untrusted,
    /// Whether nothing sets it.
    #[serde(rename = "default")]
    pub is_default: bool,
}

/// The configuration in force.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigReport {
    /// Every key, in the order of the documentation.
    pub settings: Vec<ConfigSetting>,
    /// Keys that have another value in the configuration, which needs a restart.
    pub waiting: Vec<String>,
    /// Why the configuration could not be read again the last time; none if it could.
    pub error: Option<Untrusted>,
}
