//! The token as a credential of systemd (`LoadCredential=`): it is used where no other token is set.

use std::path::Path;

use nomadns::config::{Settings, Source, apply_credential};
use nomadns::nomad::TokenSource;
use nomadns::secret::Secret;

use super::*;

/// The token that is used with a file `nomad_token` in the folder of the credentials.
fn token(source: &mut Source, text: Option<&str>) -> Result<Option<Secret>, String> {
    let folder = TempDir::new().unwrap();
    if let Some(text) = text {
        std::fs::write(folder.path().join("nomad_token"), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    apply_credential(source, |name| {
        (name == "CREDENTIALS_DIRECTORY").then(|| path.to_owned())
    });
    let settings = Settings::check(source).map_err(|error| error.to_string())?;
    match settings.nomad.token {
        TokenSource::None => Ok(None),
        TokenSource::Fixed(token) => Ok(Some(token)),
        TokenSource::Ask(ask) => ask().map(Some),
    }
}

#[test]
fn the_credential_is_the_token_where_none_is_set() {
    let used = token(&mut Source::default(), Some("of-systemd\n")).unwrap();
    assert_eq!(used, Some(Secret::new("of-systemd")));
}

#[test]
fn a_token_that_is_set_stands_above_the_credential() {
    let mut source = Source::default();
    source.set("nomad.token", "of-the-file", "a test");
    let used = token(&mut source, Some("of-systemd")).unwrap();
    assert_eq!(used, Some(Secret::new("of-the-file")));

    let config = Config::new("[nomad]\ntoken_file = \"token\"");
    let mut source = Source::from_file(Path::new(&config.path())).unwrap();
    let error = token(&mut source, Some("of-systemd")).unwrap_err();
    assert!(error.contains("nomad.token_file"), "{error}");
}

#[test]
fn an_empty_credential_is_no_token() {
    for text in [None, Some(""), Some("\n")] {
        assert_eq!(
            token(&mut Source::default(), text).unwrap(),
            None,
            "{text:?}"
        );
    }
}

#[test]
fn a_credential_that_is_no_token_is_an_error_that_names_its_file() {
    let error = token(&mut Source::default(), Some("two\nlines")).unwrap_err();
    assert!(
        error.contains("nomad_token") && error.contains("CREDENTIALS_DIRECTORY"),
        "{error}"
    );
    assert!(!error.contains("lines"), "{error}");
}

#[test]
fn check_reads_the_credential_of_its_environment() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("nomad_token"), "two\nlines").unwrap();
    let mut command = nomadns(&["check"]);
    command.env("CREDENTIALS_DIRECTORY", folder.path());
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{done:?}");
}
