//! The configuration: any text through the checks of `serve`.
//!
//! A mistake is one short line that shows no secret; what is good is good again.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use nomadns::config::{Settings, Source};

/// Stands where a corpus has a secret.
const SECRET: &str = "hunter2hunter2";

fuzz_target!(|octets: &[u8]| {
    let path = Path::new("nomadns.toml");
    let checked =
        Source::from_octets(path, octets.to_vec()).and_then(|source| Settings::check(&source));
    match checked {
        Ok(settings) => {
            let shown = format!("{settings:?}");
            assert!(!has_secret(octets) || !shown.contains(SECRET), "{shown}");
        }
        Err(error) => {
            let line = error.to_string();
            assert!(
                line.starts_with("nomadns.toml") || line.starts_with("defaults"),
                "{line}"
            );
            assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line:?}");
            assert!(line.len() < 8192, "{} octets", line.len());
            assert!(!has_secret(octets) || !line.contains(SECRET), "{line}");
        }
    }
});

/// Whether the secret stands where one belongs and nowhere else.
fn has_secret(octets: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(octets) else {
        return false;
    };
    let mut lines = text.lines().filter(|line| line.contains(SECRET));
    let keys = ["token = ", "http_auth = ", "cookie_secrets = "];
    lines.clone().next().is_some() && lines.all(|line| keys.iter().any(|key| line.starts_with(key)))
}
