//! Checks the settings about HTTP: paths, origins, and the files with credentials.

use std::path::Path;
use std::sync::Arc;

use super::{Checker, secret};
use crate::answers::ZoneSettings;
use crate::config::ConfigError;
use crate::config::file::HttpSection;
use crate::config::reading::{Files, read_again, read_file};
use crate::listeners::http::{Credentials, Hosts, HttpSettings, Origins, PathUse, Paths, Scheme};
use crate::secret::Secret;

/// Credentials in use, and the file that they come from.
#[derive(Clone, Debug)]
pub struct CredentialsFile {
    /// What requests are compared with.
    pub used: Arc<Credentials>,
    /// The word for it in the log.
    pub what: &'static str,
    /// The text of the file.
    pub files: Files<Secret>,
}

impl Checker<'_> {
    pub(super) fn http(
        &self,
        section: &HttpSection,
        zones: &ZoneSettings,
        credentials: &[CredentialsFile],
    ) -> Result<HttpSettings, ConfigError> {
        let mut paths = Paths::none();
        for (key, path_use, texts) in [
            ("http.dns_paths", PathUse::Dns, &section.dns_paths),
            ("http.json_paths", PathUse::Json, &section.json_paths),
        ] {
            for text in texts {
                let added = paths.add(path_use, text);
                added.map_err(|error| self.source.error(key, error.to_string()))?;
            }
        }
        let origins = Origins::parse(&section.allow_origins)
            .map_err(|error| self.source.error("http.allow_origins", error.to_string()))?;
        let apexes = zones.zones().iter().map(|zone| zone.apex).collect();
        let hosts = Hosts::parse(&section.hosts, apexes)
            .map_err(|error| self.source.error("http.hosts", error.to_string()))?;
        Ok(HttpSettings {
            paths,
            hosts,
            origins: Arc::new(origins),
            credentials: credentials.iter().map(|it| Arc::clone(&it.used)).collect(),
        })
    }

    pub(super) fn credentials(
        &self,
        section: &HttpSection,
    ) -> Result<Vec<CredentialsFile>, ConfigError> {
        let (tokens, users) = (&section.bearer_tokens_file, &section.basic_users_file);
        let files = [
            (
                "http.bearer_tokens_file",
                tokens,
                Scheme::Bearer,
                "token list",
            ),
            ("http.basic_users_file", users, Scheme::Basic, "user list"),
        ];
        let mut found = Vec::new();
        for (key, path, scheme, what) in files {
            if path.is_empty() {
                continue;
            }
            let wrong = |problem: String| self.source.error(key, problem);
            let path = path.clone();
            let content = read_file(Path::new(&path)).map_err(|error| {
                wrong(format!("cannot be read ({error}); name a readable file"))
            })?;
            let content = secret(&content);
            let again = move || Ok(secret(&read_again(&path)?));
            let used = Credentials::parse(scheme, &content);
            found.push(CredentialsFile {
                used: Arc::new(used.map_err(|error| wrong(error.to_string()))?),
                what,
                files: Files {
                    content,
                    again: Arc::new(again),
                },
            });
        }
        Ok(found)
    }
}
