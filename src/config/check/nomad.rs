//! Checks the settings about Nomad: addresses, token, certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{Checker, Files, secret};
use crate::config::reading::{FILE_OCTETS, read_file};
use crate::config::{ConfigError, File, NomadSection};
use crate::nomad::{
    AddressError, BasicAuth, Client, NomadAddress, NomadSettings, NomadUi, NomadUiError,
    SettingsError, TlsSettings, TokenSource, Verification,
};
use crate::secret::Secret;

impl Checker<'_> {
    pub(super) fn nomad(&self, file: &File) -> Result<NomadSettings, ConfigError> {
        let section = &file.nomad;
        let key = "nomad.addresses";
        let mut addresses: Vec<NomadAddress> = Vec::new();
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
        let mut settings = NomadSettings::new(addresses);
        settings.token = self.token(file)?;
        settings.last_contact = Duration::from_millis(section.last_contact_ms);
        settings.region = Some(section.region.clone()).filter(|region| !region.is_empty());
        if !section.http_auth.is_empty() {
            let auth = BasicAuth::parse(&section.http_auth);
            let wrong = || {
                self.source
                    .error("nomad.http_auth", "has no colon; must be USER:PASSWORD")
            };
            settings.basic_auth = Some(auth.ok_or_else(wrong)?);
        }
        settings.tls = self.nomad_tls(file)?;
        // What is in those files only who uses them can tell.
        Client::new(settings.clone()).map_err(|error| match error {
            SettingsError::Tls(_, error) => self.source.error(error.setting(), error.to_string()),
            other => self.source.error(key, other.to_string()),
        })?;
        Ok(settings)
    }

    pub(super) fn nomad_ui(&self, file: &File) -> Result<NomadUi, ConfigError> {
        let ui = file.nomad.ui_url.parse();
        ui.map_err(|error: NomadUiError| self.source.error("nomad.ui_url", error.to_string()))
    }

    fn token(&self, file: &File) -> Result<TokenSource, ConfigError> {
        let (token, path) = (&file.nomad.token, &file.nomad.token_file);
        match (&**token, &**path) {
            ("", "") => Ok(TokenSource::None),
            (token, "") => {
                let token = Secret::new(token);
                let wrong = |why| {
                    let problem = format!("is not a token: {why}; expected a secret ID or a JWT");
                    self.source.error("nomad.token", problem)
                };
                token.header().map_err(wrong)?;
                Ok(TokenSource::Fixed(token))
            }
            ("", path) => {
                let path = PathBuf::from(path);
                read_token(&path)
                    .map_err(|problem| self.source.error("nomad.token_file", problem))?;
                let ask = move || {
                    read_token(&path).map_err(|problem| format!("{}: {problem}", path.display()))
                };
                Ok(TokenSource::Ask(Arc::new(ask)))
            }
            _ => {
                let problem = "is set together with nomad.token; keep one of the two";
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
        read_tls(&file.nomad).map_err(|(key, problem)| self.source.error(key, problem))
    }

    /// What is read again for TLS towards Nomad; nothing where no file is named.
    pub(super) fn nomad_tls_files(
        &self,
        file: &File,
    ) -> Result<Option<Files<TlsSettings>>, ConfigError> {
        let section = &file.nomad;
        let named = [
            &section.ca_file,
            &section.ca_path,
            &section.client_certificate,
        ];
        if named.iter().all(|path| path.is_empty()) {
            return Ok(None);
        }
        let (content, section) = (self.nomad_tls(file)?, section.clone());
        let again =
            move || read_tls(&section).map_err(|(key, problem)| format!("{key}: {problem}"));
        Ok(Some(Files {
            content,
            again: Arc::new(again),
        }))
    }
}

/// Reads a token from its file; says what is wrong with it, and what would be right.
fn read_token(path: &Path) -> Result<Secret, String> {
    let text = read_file(path)
        .map_err(|error| format!("cannot be read ({error}); name a file with the token"))?;
    let text = str::from_utf8(&text)
        .map_err(|_| "is not UTF-8; write the token alone into the file".to_owned())?;
    let token = Secret::new(text);
    token
        .header()
        .map_err(|why| format!("has no token: {why}; write the token alone into the file"))?;
    Ok(token)
}

/// Reads the files for TLS towards Nomad; the error is a key, and what is wrong with its value.
fn read_tls(section: &NomadSection) -> Result<TlsSettings, (&'static str, String)> {
    let pem = |key, path: &String| {
        let wrong = |error| {
            let problem = format!("cannot be read ({error}); name a readable PEM file");
            (key, problem)
        };
        let named = !path.is_empty();
        named
            .then(|| read_file(Path::new(path)).map_err(wrong))
            .transpose()
    };
    let mut tls = TlsSettings {
        ca: pem("nomad.ca_file", &section.ca_file)?,
        certificate: pem("nomad.client_certificate", &section.client_certificate)?,
        key: pem("nomad.client_key", &section.client_key)?.map(|pem| secret(&pem)),
        server_name: Some(section.tls_server_name.clone()).filter(|name| !name.is_empty()),
        verification: Verification::Full,
    };
    if !section.ca_path.is_empty() {
        let folder = read_folder(Path::new(&section.ca_path)).map_err(|error| {
            let problem = format!("cannot be read ({error}); name a folder of PEM files");
            ("nomad.ca_path", problem)
        })?;
        if !CertificateDer::pem_slice_iter(&folder).any(|it| it.is_ok()) {
            let problem = "has no file with a CA certificate; expected PEM with BEGIN CERTIFICATE";
            return Err(("nomad.ca_path", problem.to_owned()));
        }
        tls.ca.get_or_insert_default().extend(folder);
    }
    if section.skip_verify {
        tls.verification = Verification::Skipped;
    }
    Ok(tls)
}

/// Reads all files of a folder, in the order of their names, so that the same files are the same octets.
fn read_folder(folder: &Path) -> std::io::Result<Vec<u8>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut pem = Vec::new();
    for path in paths {
        pem.extend(read_file(&path)?);
        if pem.len() as u64 > FILE_OCTETS {
            let problem = format!("its files have more than {FILE_OCTETS} octets together");
            return Err(std::io::Error::new(
                std::io::ErrorKind::FileTooLarge,
                problem,
            ));
        }
        pem.push(b'\n');
    }
    Ok(pem)
}
