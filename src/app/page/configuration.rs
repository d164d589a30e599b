//! What the page of the configuration shows: the values in force, as `nomadns config show` prints them.

use super::GatewayPage;
use crate::config::{ConfigValue, ValueOrigin};
use crate::listeners::admin::{ConfigReport, ConfigSetting};

impl GatewayPage {
    pub(super) fn config_report(&self) -> ConfigReport {
        let reloads = self.reloads.now();
        ConfigReport {
            settings: reloads.values.iter().map(setting).collect(),
            waiting: reloads.waiting,
            error: reloads.error.map(Into::into),
        }
    }
}

fn setting(value: &ConfigValue) -> ConfigSetting {
    ConfigSetting {
        key: value.key.clone(),
        text: value.text().into(),
        // What TOML has, JSON has too.
        value: serde_json::to_value(&value.value).unwrap_or_default(),
        is_secret: value.is_secret,
        origin: value.origin.to_string().into(),
        is_default: value.origin == ValueOrigin::Default,
    }
}
