//! What is configured about Nomad: addresses, token, certificates.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Check, secret};
use crate::config::{ConfigError, File};
use crate::nomad::{
    Address, AddressError, BasicAuth, Secret, Settings, TlsSettings, TokenSource, Verification,
};

impl Check<'_> {
    pub(super) fn nomad(&self, file: &File) -> Result<Settings, ConfigError> {
        let section = &file.nomad;
        let key = "nomad.addresses";
        let mut addresses: Vec<Address> = Vec::new();
        for text in &section.addresses {
            addresses.push(
                text.parse()
                    .map_err(|error: AddressError| self.source.error(key, error.to_string()))?,
            );
        }
        if addresses.is_empty() {
            let problem = "must name at least one address, such as \"http://127.0.0.1:4646\"";
            return Err(self.source.error(key, problem));
        }
        let mut settings = Settings::new(addresses);
        settings.token = self.token(file)?;
        settings.region = Some(section.region.clone()).filter(|region| !region.is_empty());
        if !section.http_auth.is_empty() {
            let auth = BasicAuth::parse(&section.http_auth);
            let wrong = || {
                self.source
                    .error("nomad.http_auth", "must be USER:PASSWORD")
            };
            settings.basic_auth = Some(auth.ok_or_else(wrong)?);
        }
        settings.tls = self.nomad_tls(file)?;
        Ok(settings)
    }

    fn token(&self, file: &File) -> Result<TokenSource, ConfigError> {
        let (token, path) = (&file.nomad.token, &file.nomad.token_file);
        match (&**token, &**path) {
            ("", "") => Ok(TokenSource::None),
            (token, "") => Ok(TokenSource::Fixed(Secret::new(token))),
            ("", path) => {
                let path = PathBuf::from(path);
                let read = move || {
                    std::fs::read_to_string(&path)
                        .map(|text| Secret::new(&text))
                        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
                };
                read().map_err(|problem| self.source.error("nomad.token_file", problem))?;
                Ok(TokenSource::Ask(Arc::new(read)))
            }
            _ => {
                let problem = "stands beside nomad.token; keep one of the two";
                Err(self.source.error("nomad.token_file", problem))
            }
        }
    }

    pub(super) fn token_origin(&self, file: &File) -> String {
        match (&*file.nomad.token, &*file.nomad.token_file) {
            ("", "") => "none".into(),
            (_, "") => format!("from {}", self.source.origin("nomad.token")),
            (_, path) => format!("from the file {path}"),
        }
    }

    fn nomad_tls(&self, file: &File) -> Result<TlsSettings, ConfigError> {
        let section = &file.nomad;
        let mut tls = TlsSettings {
            ca: self.optional_file("nomad.ca_file", &section.ca_file)?,
            certificate: self
                .optional_file("nomad.client_certificate", &section.client_certificate)?,
            key: self
                .optional_file("nomad.client_key", &section.client_key)?
                .map(|pem| secret(&pem)),
            server_name: Some(section.tls_server_name.clone()).filter(|name| !name.is_empty()),
            verification: Verification::Full,
        };
        if !section.ca_path.is_empty() {
            let folder = self.ca_folder(&section.ca_path)?;
            tls.ca.get_or_insert_default().extend(folder);
        }
        if section.skip_verify {
            tls.verification = Verification::Skipped;
        }
        if tls.certificate.is_some() != tls.key.is_some() {
            let (has, lacks) = match tls.key {
                None => ("nomad.client_certificate", "nomad.client_key"),
                Some(_) => ("nomad.client_key", "nomad.client_certificate"),
            };
            return Err(self.source.error(has, format!("needs {lacks} beside it")));
        }
        Ok(tls)
    }

    fn ca_folder(&self, path: &str) -> Result<Vec<u8>, ConfigError> {
        let wrong = |error: std::io::Error| {
            self.source
                .error("nomad.ca_path", format!("cannot be read: {error}"))
        };
        let mut pem = Vec::new();
        for entry in std::fs::read_dir(path).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_file() {
                pem.extend(std::fs::read(path).map_err(wrong)?);
                pem.push(b'\n');
            }
        }
        Ok(pem)
    }
}
